import { trialSeconds } from '../profiling/trialPrice.js';
import { WORTHWHILE } from '../profiling/trialSelection.js';
import type { Plan } from '../wire/messages.js';
import { measuredCells } from './profileTable.js';
import type { ISession } from './session.js';

/** Whether training waits for trials. */
export function isHasty({ state }: ISession): boolean {
  return state.goal === 'run';
}

/**
 * Whether trials that a plan by what is hoped would use may make the plan shorter, and by more than they take.
 *
 * @param best - what the plan with what is measured makes small, in seconds.
 */
export function isWorthwhile(session: ISession, hoped: Plan, best: number): boolean {
  return goalOf(hoped).lowerBound <= (1 - WORTHWHILE) * best && !isDear(session, hoped, best);
}

/** The share of what trials are hoped to save that they do save, on average. */
const LIKELY = 0.4;

/** Whether what the next trials are likely to save is less than what they take. */
function isDear(session: ISession, { makespan, weightedCompletion }: Plan, best: number): boolean {
  const saved = best - makespan;
  return (
    isHasty(session) &&
    weightedCompletion === undefined &&
    LIKELY * saved < trialSeconds(measuredCells(session.state.cells))
  );
}

/** What the plan makes small, and the bound on it. */
export function goalOf({ makespan, lowerBound, weightedCompletion }: Plan): {
  seconds: number;
  lowerBound: number;
} {
  return weightedCompletion ?? { seconds: makespan, lowerBound };
}
