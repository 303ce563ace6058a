import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';
import { count } from '../format/format.js';
import type { IStanding } from './sweepStanding.js';

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

/** The same, or where its rule has it wait, and how it stands there: `asha: paused after 27 steps, 2 of 5 so far`. */
export function judgedWords(
  { task, standing }: { task: TaskState; standing: Pick<IStanding, 'pause'> | undefined },
  trans: ITranslation
): string | undefined {
  const { pause } = standing ?? {};
  return pause === undefined
    ? givenUpWords(task, trans)
    : trans.__(
        '%1: paused after %2 steps, %3 of %4 so far',
        pause.rule,
        count(pause.step),
        count(pause.place),
        count(pause.of)
      );
}
