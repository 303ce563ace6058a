import { duration } from '../../model/quantities.js';
import { strategyKey } from '../../model/strategy.js';
import type {
  Alternative,
  Explanation,
  PlanRequest,
  Strategy,
  TaskExplanation
} from '../../wire/messages.js';
import type { Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { tasksOf } from '../problem/sharedTerms.js';
import { ConstrainedPricing, type IKind, kindsOf } from './choicePrices.js';
import type { ConstrainedRelaxation } from './constrainedRelaxation.js';
import type { IConstrainedPlan } from './constrainedSearch.js';
import type { IMakespanBound } from './makespanBound.js';

/** What is known of the best plans possible. */
export interface ILimits extends IMakespanBound {
  /** Bound on the sum of weighted ends, where that is to be small. */
  weighted?: number;
}

/**
 * Explain a plan under constraints: what other strategies would cost with all constraints met as well as they are, how wrong
 * the estimates may be, and what keeps the plan from being better. Where weighted ends are added up, a price is by
 * how much later tasks end on average, by weight. A strategy with which no plan was found that meets the constraints as
 * well is left out.
 */
export function explainConstrained(
  request: PlanRequest,
  relaxation: ConstrainedRelaxation,
  plan: IConstrainedPlan,
  limits: ILimits,
  random: Random
): Explanation {
  const { problem } = relaxation;
  const kinds = kindsOf(request, problem, plan.schedule);
  const pricing = new ConstrainedPricing(problem, plan, kinds, random);
  const tasks: TaskExplanation[] = problem.running.flatMap(running =>
    tasksOf(running).map(({ name }) => ({
      task: name,
      strategy: running.config.option.strategy,
      alternatives: []
    }))
  );
  for (const kind of kinds) {
    tasks.push(...explainKind(problem, pricing, kind));
  }
  const order = new Map(request.tasks.map(({ name }, index) => [name, index]));
  tasks.sort((a, b) => order.get(a.task)! - order.get(b.task)!);
  return { binding: bindingOf(request, relaxation, plan, limits), tasks };
}

function explainKind(problem: IProblem, pricing: ConstrainedPricing, kind: IKind): TaskExplanation[] {
  const { alternatives: priced, tolerance } = pricing.price(kind);
  const alternatives = priced.map(
    ({ strategy, makespan, price }): Alternative => ({ strategy, makespan, price: Math.max(0, price) })
  );
  alternatives.sort((a, b) => a.price - b.price || (key(a.strategy) < key(b.strategy) ? -1 : 1));
  return kind.jobs.map(job => ({
    task: problem.jobs[job]!.name,
    strategy: kind.chosen.option.strategy,
    alternatives: structuredClone(alternatives),
    ...(tolerance !== undefined && { tolerance })
  }));
}

function key(strategy: Strategy): string {
  return strategyKey(strategy);
}

/** What keeps a plan from being better, in a few sentences with numbers. */
function bindingOf(
  { switches }: PlanRequest,
  relaxation: ConstrainedRelaxation,
  { schedule, objective, violation }: IConstrainedPlan,
  { seconds, binding, weighted }: ILimits
): string {
  const sentences: string[] = [];
  switch (binding) {
    case 'longest-task':
      sentences.push(`Task "${latest(relaxation)}" cannot be done before ${duration(seconds)}.`);
      break;
    case 'area':
      sentences.push(
        `The work of all tasks, each done in the cheapest way that is fast enough, keeps the devices they may use busy until ${duration(seconds)} at least.`
      );
      break;
    case 'packing':
      sentences.push(`The limits set on all tasks together allow no plan shorter than ${duration(seconds)}.`);
      break;
    case 'none':
      sentences.push('Nothing takes any time.');
      break;
  }
  if (schedule.makespan > seconds * (1 + 1e-9)) {
    sentences.push(`The plan takes ${duration(schedule.makespan)}.`);
  }
  if (weighted !== undefined && weighted > 0) {
    const above = Math.max(0, objective / weighted - 1) * 100;
    sentences.push(
      `Its weighted ends add up to at most ${Number(above.toPrecision(2))} % more than they must.`
    );
  }
  if (violation > 0) {
    sentences.push('Not all wishes are met.');
  }
  if (switches === 'planned') {
    sentences.push('Switches are not planned together with wishes.');
  }
  return sentences.join(' ');
}

/** The task that can be done last of all at the soonest. */
function latest({ problem, jobs }: ConstrainedRelaxation): string {
  const ends = [
    ...problem.running.map(({ name, config }) => ({ name, end: config.seconds })),
    ...jobs.map(({ ways }, job) => ({ name: problem.jobs[job]!.name, end: ways[0]!.end }))
  ];
  return ends.reduce((most, one) => (one.end > most.end ? one : most)).name;
}
