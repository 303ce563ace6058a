import type { IStopRule } from './stopRule.js';

const ETA = 3;

/**
 * Asynchronous successive halving (Li et al., MLSys 2020): at each rung one of `eta` goes on, and the next rung is after `eta`
 * times as many samples. Who comes is compared with those that were there before it. The best of fewer than `eta` is good by
 * chance: it pauses where that pays, until more have come. Who is not among the best is given up at the first rung, where most
 * are and a pause costs much beside what was trained. At later ones, or where tasks are to be promoted, it pauses as long as it
 * may come to be: one of `eta` goes on, whoever came first.
 */
export const asha: IStopRule = {
  firstShare: 1 / ETA ** 3,
  next: (samples, _first, { eta = ETA }) => samples * eta,
  goOn: ({ eta = ETA }) => 1 / eta,
  judge: ({ score, of, place, rung, coming, pays }, { eta = ETA, promote }) => {
    const places = (count: number): number => Math.floor(count / eta);
    if (score === -Infinity) {
      return 'over';
    }
    if (place <= places(of)) {
      return 'goes on';
    }
    if (place === 1) {
      return pays ? 'waits' : 'goes on';
    }
    return (promote || rung > 0) && place <= places(of + coming) ? 'waits' : 'over';
  }
};
