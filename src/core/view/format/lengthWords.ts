import type { ITranslation } from '../../model/translation.js';
import { duration } from './format.js';

/**
 * How long something takes: `35 min`, or where a rule may end tasks early `at most 3 h 10 min, likely 35 min`.
 *
 * @param likely - seconds.
 * @param atMost - seconds, were no task ended early; absent or no more where none is likely to be.
 * @param words - how a number of seconds is said.
 */
export function lengthWords(
  likely: number,
  atMost: number | undefined,
  trans: ITranslation,
  words: (seconds: number, trans: ITranslation) => string = duration
): string {
  const [usual, longest] = [words(likely, trans), words(atMost ?? likely, trans)];
  return atMost !== undefined && atMost > likely && longest !== usual
    ? trans.__('at most %1, likely %2', longest, usual)
    : usual;
}
