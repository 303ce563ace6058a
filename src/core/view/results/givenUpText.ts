import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';
import { count } from '../format/format.js';

/** Why the rule of its sweep trains a task no further: `asha: 14th of 18 after 27 steps`; undefined for all others. */
export function givenUpWords({ givenUp }: TaskState, trans: ITranslation): string | undefined {
  if (givenUp === undefined) {
    return undefined;
  }
  const { rule, step, place, of } = givenUp;
  return place === undefined || of === undefined
    ? trans.__('%1: diverged at step %2', rule, count(step))
    : trans.__('%1: %2 of %3 after %4 steps', rule, count(place), count(of), count(step));
}
