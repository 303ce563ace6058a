import type { Baseline, Plan } from '../../wire/generated/types.js';
import type { Problem } from '../problem.js';
import { mulberry32 } from '../random.js';
import { type Schedule, toSegments } from '../schedule/schedule.js';
import type { SearchLimit } from '../search/annealing.js';
import { conflictsOf } from './conflicts.js';
import { ConstrainedSearch } from './constrained.js';
import { type Bound, makespanBound } from './makespanBound.js';
import { Relaxation } from './relaxation.js';
import { runsOf } from './runTable.js';
import { weightedBound } from './weightedBound.js';

/** A plan within this share of its bound is as good as the bound, which rounding keeps it from reaching. */
const PROVEN = 1e-8;

/** Plans are reported while searching when they are better by at least this share. */
const NOTICEABLE = 0.002;

export interface ConstrainedOptions {
  seed: number;
  /** Share of the budget used so far, as of a {@link SearchLimit}. */
  progress: SearchLimit['progress'];
  /** A plan to begin with, if there is one. */
  start?: Schedule;
  onProgress?: (plan: Plan) => void;
  /** Seconds since the request, for the log; without it the log tells no times. */
  elapsed?: () => number;
}

/**
 * Plan where wishes couple jobs: pins, releases, deadlines, limits, fused and spanning runs, weighted ends. Wishes
 * come first, then the objective; what cannot be met is named with its reason.
 */
export function planConstrained(problem: Problem, options: ConstrainedOptions): Plan {
  const runs = runsOf(problem);
  const relaxation = new Relaxation(problem, runs);
  const loose = makespanBound(relaxation, false);
  const strict = makespanBound(relaxation, true);
  const weighted = problem.weighted ? weightedBound(relaxation) : undefined;
  const search = new ConstrainedSearch(problem, runs, loose.seconds, mulberry32(options.seed), options.start);
  const log: NonNullable<Plan['log']> = [];
  const toPlan = (method: Plan['method']): Plan => {
    const made = search.plan();
    const conflicts = conflictsOf(relaxation, made.schedule, made, strict.seconds === Infinity);
    const bound = boundedBy(made.violation > 0 ? loose : strict, made.schedule.makespan);
    const seconds = endsOf(problem, made.schedule);
    const least = boundedBy({ seconds: weighted ?? 0, binding: 'none' }, seconds);
    const proven = problem.weighted ? least.seconds >= seconds : bound.seconds >= made.schedule.makespan;
    return {
      segments: toSegments(problem, made.schedule),
      unplanned: problem.unplanned,
      makespan: made.schedule.makespan,
      lowerBound: bound.seconds,
      gap: gapOf(made.schedule.makespan, bound.seconds),
      binding: bound.binding,
      optimal: proven && made.violation === 0,
      method,
      baselines: search.simple.map(
        ({ name, schedule }): Baseline => ({
          name,
          makespan: schedule.makespan,
          segments: toSegments(problem, schedule)
        })
      ),
      ...(problem.weighted && {
        weightedCompletion: { seconds, lowerBound: least.seconds, gap: gapOf(seconds, least.seconds) }
      }),
      ...(conflicts.length > 0 && { conflicts }),
      log: [...log]
    };
  };
  const note = (method: string, makespan: number) => {
    const seconds = options.elapsed?.();
    const { seconds: bound } = boundedBy(loose, makespan);
    log.push({ ...(seconds !== undefined && { seconds }), makespan, lowerBound: bound, method });
  };
  let reported = search.plan();
  note('construction', reported.schedule.makespan);
  let method: Plan['method'] = 'construction';
  options.onProgress?.(toPlan(method));
  const target = (weighted ?? strict.seconds) * (1 + PROVEN);
  const goal = target < Infinity ? target : (weighted ?? loose.seconds);
  search.run({ target: goal, progress: options.progress }, () => {
    method = 'local-search';
    const made = search.plan();
    note(method, made.schedule.makespan);
    const noticeable =
      made.violation < reported.violation * (1 - NOTICEABLE) ||
      made.objective < reported.objective * (1 - NOTICEABLE);
    if (options.onProgress !== undefined && noticeable) {
      reported = made;
      options.onProgress(toPlan(method));
    }
  });
  return toPlan(method);
}

/** A bound as the plan states it: what it reaches but for rounding, it reaches. */
function boundedBy({ seconds, binding }: Bound, made: number): Bound {
  return { seconds: seconds * (1 + PROVEN) >= made ? made : seconds, binding };
}

function gapOf(made: number, bound: number): number {
  return bound > 0 ? made / bound - 1 : 0;
}

/** The sum over all tasks of weight times end. */
function endsOf({ jobs, running }: Problem, { placed }: Schedule): number {
  return (
    running.reduce((sum, { weight, config }) => sum + weight * config.seconds, 0) +
    placed.reduce((sum, { job, end }) => sum + jobs[job]!.weight * end, 0)
  );
}
