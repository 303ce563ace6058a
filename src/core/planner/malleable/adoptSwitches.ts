import type { Plan } from '../../wire/messages.js';
import type { IBound } from '../bounds/areaBound.js';
import { PROVEN } from '../common/optimalityTolerance.js';
import type { IProblem } from '../problem/problem.js';
import { toSegments } from '../schedule/schedule.js';
import type { ISwitchingAnswer } from './planSwitches.js';
import { choicesOf, wholeSeconds } from './switchingRelaxation.js';

/** Sums of floating-point numbers carry rounding errors; far more than they can be. */
const ROUNDING = 1e-12;

/**
 * A bound at once, for plans that may switch too: every job by the strategy that takes least of the devices, all
 * devices busy until the end; or the longest job.
 */
export function preemptiveArea(problem: IProblem): IBound {
  let longest = 0;
  let area = 0;
  for (const { config } of problem.running) {
    longest = Math.max(longest, config.seconds);
    area += config.devices * config.seconds;
  }
  for (const job of problem.jobs) {
    const seconds = choicesOf(job).map(config => wholeSeconds(job, config));
    longest = Math.max(longest, Math.min(...seconds));
    area += Math.min(...choicesOf(job).map(({ devices }, index) => devices * seconds[index]!));
  }
  const even = problem.deviceCount > 0 ? area / problem.deviceCount : 0;
  return {
    seconds: Math.max(longest, even) * (1 - ROUNDING),
    binding: even > longest ? 'area' : longest > 0 ? 'longest-task' : 'none'
  };
}

/**
 * A plan as an answer to a question that allows switches: the bound is lower, for more plans are allowed, those of
 * rules that interrupt tasks among them.
 */
export function amongSwitching(plan: Plan, { seconds, binding }: IBound): Plan {
  let best = plan;
  for (const { makespan, segments } of plan.baselines) {
    if (segments !== undefined && makespan < best.makespan) {
      best = { ...plan, segments, makespan, method: 'baseline' };
    }
  }
  const { makespan } = best;
  const optimal = makespan <= seconds * (1 + PROVEN);
  const lowerBound = optimal ? makespan : seconds;
  return { ...best, lowerBound, gap: lowerBound > 0 ? makespan / lowerBound - 1 : 0, binding, optimal };
}

/** The plan with switches in place of one that is no shorter without. */
export function adoptSwitches(problem: IProblem, plan: Plan, answer: ISwitchingAnswer): Plan {
  const { schedule, bound } = answer;
  const area = preemptiveArea(problem);
  const proven: IBound = bound > area.seconds * (1 + PROVEN) ? { seconds: bound, binding: 'packing' } : area;
  const { makespan } = schedule;
  if (makespan >= plan.makespan) {
    return amongSwitching(plan, proven);
  }
  const segments = toSegments(problem, schedule);
  const log = [...(plan.log ?? []), { makespan, lowerBound: proven.seconds, method: 'switching' }];
  return amongSwitching({ ...plan, segments, makespan, method: 'switching', log }, proven);
}

/** What switching would give, for the plan without. */
export function savingOf({ schedule, bound, switches }: ISwitchingAnswer): NonNullable<Plan['switching']> {
  const { makespan } = schedule;
  return { makespan, lowerBound: Math.min(bound, makespan), switches };
}
