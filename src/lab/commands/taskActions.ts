import type { TranslationBundle } from '@jupyterlab/translation';
import { obstacleTo, type TaskOrder } from '../../core/model/taskOrders.js';
import { count } from '../../core/view/format/format.js';
import { obstacleWords } from '../../core/view/taskTable/orderWords.js';
import type { ClientMessages, TaskState } from '../../core/wire/messages.js';
import type { ISessionModel } from '../session/tokens.js';

/** Of which tasks an order makes sense now. */
export interface IPossible {
  /** Those of which it does, in the order in which they were named. */
  readonly tasks: readonly TaskState[];
  /** Why it does not for the others, or for any of them; undefined when it does for all. */
  readonly reason: string | undefined;
}

/** The messages by which orders are sent. */
export const ORDER_MESSAGES = {
  run: 'run',
  stop: 'stop',
  resume: 'resume',
  retry: 'retry',
  clone: 'tasks.clone',
  wish: 'wishes.set',
  remove: 'tasks.remove'
} as const satisfies Record<TaskOrder, keyof ClientMessages>;

/** Of which tasks of a session an order makes sense now, and why not of the others. */
export function possibleTasks(
  order: TaskOrder,
  names: readonly string[],
  { state, connected, pending }: ISessionModel.IView,
  trans: TranslationBundle
): IPossible {
  const none = (reason: string): IPossible => ({ tasks: [], reason });
  if (!state || !connected) {
    return none(trans.__('The session cannot be reached now.'));
  }
  if (names.length === 0) {
    return none(trans.__('No task is selected.'));
  }
  if (pending.has(ORDER_MESSAGES[order])) {
    return none(trans.__('This was asked for already; the answer is not there yet.'));
  }
  const known = new Map(state.tasks.map(task => [task.spec.name, task]));
  const tasks: TaskState[] = [];
  let reason: string | undefined;
  let others = 0;
  for (const name of names) {
    const task = known.get(name);
    const obstacle = task && obstacleTo(order, task, state);
    if (task && obstacle === undefined) {
      tasks.push(task);
    } else {
      others += 1;
      reason ??=
        obstacle === undefined
          ? trans.__('%1 is not there any more.', name)
          : obstacleWords(order, obstacle, trans);
    }
  }
  return {
    tasks,
    reason:
      tasks.length > 0 && reason !== undefined
        ? trans.__('Not for %1 of %2 tasks: %3', count(others), count(names.length), reason)
        : reason
  };
}
