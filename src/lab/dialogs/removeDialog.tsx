import type { TranslationBundle } from '@jupyterlab/translation';
import { printable } from '../../core/view/format/escape.js';
import { taskCount } from '../../core/view/format/format.js';
import { lossSentences, taskLoss } from '../../core/view/taskTable/taskLoss.js';
import type { SessionState, TaskState } from '../../core/wire/messages.js';
import { confirm } from './confirmDialog.js';

/**
 * Ask whether tasks are to be taken out, and say what goes with them.
 *
 * @param now - seconds since the epoch.
 */
export function confirmRemove(
  tasks: readonly TaskState[],
  state: SessionState,
  now: number,
  trans: TranslationBundle
): Promise<boolean> {
  const [first] = tasks;
  return confirm({
    title:
      tasks.length === 1
        ? trans.__('Take out %1?', printable(first?.spec.name ?? ''))
        : trans.__('Take out %1?', taskCount(tasks.length, trans)),
    sentences: losses(tasks, state, now, trans),
    keep: trans.__('Keep'),
    accept: trans.__('Take out')
  });
}

/**
 * Ask whether all tasks are to be taken out, and say how many of them are trained.
 *
 * @param now - seconds since the epoch.
 */
export function confirmReset(state: SessionState, now: number, trans: TranslationBundle): Promise<boolean> {
  return confirm({
    title: trans.__('Take out all of %1?', taskCount(state.tasks.length, trans)),
    sentences: [
      ...lossSentences(taskLoss(state.tasks, now), state, trans),
      trans.__('The plan goes as well; measured speeds are kept.')
    ],
    keep: trans.__('Keep'),
    accept: trans.__('Take out all')
  });
}

/** What is lost, in sentences; that it is nothing, where it is. */
function losses(
  tasks: readonly TaskState[],
  state: SessionState,
  now: number,
  trans: TranslationBundle
): string[] {
  const sentences = lossSentences(taskLoss(tasks, now), state, trans);
  return sentences.length > 0 ? sentences : [trans.__('Nothing of it was trained.')];
}
