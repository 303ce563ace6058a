import type { IStopRule } from './stopRule.js';

/** One of so many gives way to one of the best, of which there are as many. */
const SHARE = 4;

/**
 * Population based training (Jaderberg et al., 2017): at each rung the worst give way to others that go on where the best are,
 * with values beside theirs. Members wait for each other there, as they are compared all together: none is given up on its way.
 */
export const pbt: IStopRule = {
  firstShare: 1 / 5,
  next: (samples, first) => samples + first,
  // Who gives way makes room for another, which goes on from there.
  goOn: () => 1,
  judge: () => 'goes on'
};

/** Places of members in the order of their scores, the best first. */
export interface IExchange {
  readonly ranking: readonly number[];
  /** How many at its end give way: the last quarter, and whoever has diverged. */
  readonly worst: number;
  /** How many at its beginning others go on from. */
  readonly best: number;
}

/** Who gives way to whom: scores are the greater the better, of what is no number -Infinity. */
export function exchange(scores: readonly number[]): IExchange {
  const ranking = scores
    .map((_, place) => place)
    .sort((a, b) => (scores[a] === scores[b] ? a - b : scores[b]! - scores[a]!));
  const quarter = Math.floor(scores.length / SHARE);
  const diverged = scores.filter(score => score === -Infinity).length;
  const best = Math.min(quarter, scores.length - Math.max(quarter, diverged));
  return { ranking, best, worst: best > 0 ? Math.max(quarter, diverged) : 0 };
}
