import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { type Block, sentence } from '../display/block.js';
import { listing } from '../format/format.js';

/** So many names are said. */
const NAMED = 3;

/** Which tasks wait though others train, as the run under way is not of them, and how they join; nothing when none does. */
export function outsideRun(
  { tasks, selected }: Pick<SessionState, 'tasks' | 'selected'>,
  trans: ITranslation
): Block | false {
  const names = tasks
    .filter(({ spec, status }) => status === 'ready' && selected?.includes(spec.name) === false)
    .map(({ spec }) => spec.name);
  return (
    names.length > 0 &&
    sentence(
      trans._n(
        '%2 waits: the run under way is of other tasks. It joins with `%saturn resume` and its name.',
        '%2 wait: the run under way is of other tasks. They join with `%saturn resume` and their names.',
        names.length,
        listing(names, trans, NAMED)
      )
    )
  );
}

/** Which tasks a run passes over as they have failed, and how they are tried again; nothing when there are none. */
export function passedOver(
  { tasks, goal }: Pick<SessionState, 'tasks' | 'goal'>,
  trans: ITranslation
): Block | false {
  const names = tasks.filter(({ status }) => status === 'failed').map(({ spec }) => spec.name);
  return (
    goal === 'run' &&
    names.length > 0 &&
    sentence(
      trans._n(
        'The run passes over %2, which has failed. Try it again with `%saturn retry`.',
        'The run passes over %2, which have failed. Try them again with `%saturn retry`.',
        names.length,
        listing(names, trans)
      )
    )
  );
}
