import type { PlanBudget } from '../../wire/messages.js';
import type { IProblem } from '../problem/problem.js';

/** Share of the budget that an explanation may take besides. */
const SHARE = 0.25;

/** Microseconds that it may take whatever the budget, and that an iteration of the search counts for. */
const LEAST = 300_000;
const ITERATION = 1;

/** Microseconds for each job, about, of a plan in which one is placed anew: at the end of a queue, or anywhere. */
const AT_END = 0.5;
const ANYWHERE = 2.5;

/** The same of one that is mended by a search, whose steps come on top, and of one that tells how wrong estimates may be. */
const MENDED = 12;
const COMPARED = 12;

/** Steps of the search that prices one alternative, at least and at most. */
const FEWEST_STEPS = 256;
const MOST_STEPS = 4096;

/** Steps for all alternatives together, unless there are so many that each gets its fewest. */
const ALL_STEPS = 100_000;

/** Kinds times jobs above which the tolerance of estimates is not worked out. */
const MANY = 4000;

/** How much is done to price alternatives: by the size of the problem and the budget, never by a clock. */
export interface IEffort {
  /** Alternatives of each kind that are priced. */
  choices: number;
  /** Whether what is placed anew may go anywhere, not only to the end of a queue. */
  anywhere: boolean;
  /** Steps of the search that mends a plan; 0 for none. */
  steps: number;
  /** Whether the tolerance of estimates is worked out. */
  tolerance: boolean;
}

/**
 * What a budget allows: first every alternative roughly, then each more exactly.
 *
 * @param open - alternatives of each kind of job.
 */
export function effortWithin(budget: PlanBudget, { jobs }: IProblem, open: readonly number[]): IEffort {
  const { seconds = Infinity, iterations = Infinity } = budget;
  const allowed = SHARE * Math.min(seconds * 1e6, iterations * ITERATION);
  const left = Math.max(LEAST, allowed < Infinity ? allowed : 0);
  const all = open.reduce((sum, count) => sum + count, 0);
  const each = left / Math.max(1, all * jobs.length);
  const steps = Math.min(MOST_STEPS, Math.max(FEWEST_STEPS, ALL_STEPS / Math.max(1, all)));
  const affordable = ((2 / 3) * each - MENDED) * jobs.length;
  return {
    choices: Math.max(1, Math.floor(left / Math.max(1, open.length * jobs.length * AT_END))),
    anywhere: ANYWHERE <= each,
    steps: affordable < FEWEST_STEPS ? 0 : Math.min(steps, affordable),
    tolerance: open.length * jobs.length <= MANY && COMPARED <= each / 3
  };
}
