import { DeviceFilling } from './deviceFilling.js';
import type { INodePlan, INodeProblem } from './nodeProblem.js';
import { decideNode } from './nodeSearch.js';
import type { INodeSearchLimit } from './orderSearch.js';

/** What is known of the shortest makespan. */
export interface INodeOptimum {
  /** No plan is shorter, in seconds. */
  bound: number;
  /** Of the shortest plan known, in seconds. */
  makespan: number;
  /** That plan, unless it is the one that was known before. */
  plan?: INodePlan;
  /** Whether no plan is shorter by more than a share of 1e-9, or by more than a nanosecond. */
  optimal: boolean;
  /** States visited. */
  nodes: number;
}

/** What a search reports as it goes. */
export interface INodeOptimumEvents {
  onPlan?: (plan: INodePlan) => void;
  onBound?: (bound: number) => void;
}

/** A plan longer by no more than this share, or this many seconds, than what is proven is optimal. */
const EXACT = 1e-9;

/** States visited in the first round of decisions, and the growth from round to round. */
const FIRST_ROUND = 4000;
const GROWTH = 4;

/** Share of the gap between bound and plan at which a round stops halving it. */
const FINEST = 1 / 16;

/**
 * The shortest makespan, with a plan: closes in from both sides by asking, with ever more patience, whether there is a
 * plan shorter than the best one, and, when that is too hard to say, than something between it and the bound.
 *
 * @param bound - a makespan that no plan beats.
 * @param makespan - of a plan that is known; Infinity when there is none.
 */
export function shortestOnNode(
  problem: INodeProblem,
  bound: number,
  makespan: number,
  limit: INodeSearchLimit,
  { onPlan, onBound }: INodeOptimumEvents = {}
): INodeOptimum {
  let nodes = 0;
  let plan: INodePlan | undefined;
  let patience = FIRST_ROUND;
  let filling: DeviceFilling | undefined;
  if (!new DeviceFilling(problem, makespan).exact) {
    return { bound, makespan, optimal: false, nodes };
  }
  const ask = (target: number) => {
    const within = {
      nodes: Math.min(patience, limit.nodes - nodes),
      ...(limit.stop !== undefined && { stop: limit.stop })
    };
    const decision = decideNode(problem, target, within, filling);
    nodes += decision.nodes;
    if (decision.plan !== undefined && decision.plan.makespan < makespan) {
      ({ plan } = decision);
      ({ makespan } = decision.plan!);
      onPlan?.(decision.plan);
    } else if (decision.answer === 'infeasible' && target > bound) {
      bound = target;
      onBound?.(bound);
    }
    return decision.answer;
  };
  const closed = () => makespan <= bound * (1 + EXACT) + EXACT;
  const over = () => nodes >= limit.nodes || limit.stop?.() === true;
  if (makespan === Infinity && !over()) {
    patience = limit.nodes;
    if (ask(oneByOne(problem)) === 'infeasible') {
      bound = Infinity;
    }
    patience = FIRST_ROUND;
  }
  filling = new DeviceFilling(problem, makespan);
  while (!closed() && !over()) {
    let answer = ask(makespan * (1 - EXACT / 2) - EXACT / 2);
    if (answer !== 'unknown') {
      continue;
    }
    // Too hard; the bound can still rise on targets that are easier to refute.
    let high = makespan;
    const finest = FINEST * (makespan - bound);
    while (!over() && high - bound > finest) {
      const middle = (bound + high) / 2;
      answer = ask(middle);
      high = Math.min(makespan, answer === 'unknown' ? middle : high);
    }
    patience *= GROWTH;
  }
  return { bound, makespan, ...(plan !== undefined && { plan }), optimal: closed(), nodes };
}

/** A makespan that is enough if any is: what must run at the start does, the others run one after another. */
function oneByOne({ free, types }: INodeProblem): number {
  let sum = free.reduce((latest, time) => Math.max(latest, time), 0);
  for (const { count, configs } of types) {
    sum += count * configs.reduce((longest, { seconds }) => Math.max(longest, seconds), 0);
  }
  return sum;
}
