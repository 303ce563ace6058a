import type { IStopRule } from './stopRule.js';

/** So many must have come to a rung before the next is compared there. */
const LEAST = 5;

/** Half of the tasks are not worse than the median, but they are mostly the same at each rung: all in all half the steps are made. */
const GO_ON = 0.85;

/**
 * The median rule (Golovin et al., KDD 2017): a task is given up whose best score so far is less than the median of those of
 * the others at this rung. Rungs are equally far apart, after the ninth by an eighth of what was made.
 */
export const median: IStopRule = {
  firstShare: 1 / 9,
  next: (samples, first) => samples + Math.max(first, samples / 8),
  goOn: () => GO_ON,
  judge: ({ score, best, of, others }) =>
    score === -Infinity || (of > LEAST && best < medianOf(others())) ? 'over' : 'goes on'
};

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : between(sorted[middle - 1]!, sorted[middle]!);
}

function between(low: number, high: number): number {
  return low === high ? low : (low + high) / 2;
}
