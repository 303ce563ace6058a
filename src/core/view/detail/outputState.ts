import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { type Blocks, lead } from '../display/block.js';
import { notBegun } from './attemptsView.js';

/** Why there is nothing to read of what a process of a task has written. */
export function noOutput(
  task: TaskState,
  state: SessionState,
  { attempt, rank }: { readonly attempt: number | null; readonly rank: number },
  trans: ITranslation
): Blocks {
  if (attempt === 0) {
    return [lead(trans.__('It wrote nothing when it was built.'))];
  }
  if (task.attempts.length === 0) {
    return notBegun(task, state, trans);
  }
  return [
    rank === 0
      ? lead(trans.__('It has written nothing.'))
      : lead(trans.__('Rank %1 has written nothing.', rank))
  ];
}
