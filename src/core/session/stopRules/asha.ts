import { type IStopRule, placeOf } from './stopRule.js';

const ETA = 3;

/**
 * Asynchronous successive halving that stops (Li et al., MLSys 2020): at each rung one of `eta` goes on, and the next rung is
 * after `eta` times as many samples. Nobody waits: who comes is compared with those that were there before.
 */
export const asha: IStopRule = {
  firstShare: 1 / ETA ** 3,
  next: (samples, _first, { eta = ETA }) => samples * eta,
  goOn: ({ eta = ETA }) => 1 / eta,
  stops: (comparison, { eta = ETA }) => {
    const places = Math.max(1, Math.floor((comparison.others.length + 1) / eta));
    return comparison.score === -Infinity || placeOf(comparison) > places;
  }
};
