import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { taskCount } from '../../core/view/format/format.js';
import type { TaskState, TaskWish, TaskWishes, TaskWishesChange } from '../../core/wire/messages.js';
import type { ISessionModel } from '../session/tokens.js';

/** How long it can be undone, in milliseconds. */
const UNDO_TIME = 10_000;

/** Ask something of the plan for tasks, and offer to undo that; nothing when it is null. */
export async function setWishes(
  session: ISessionModel,
  tasks: readonly TaskState[],
  change: Pick<TaskWishesChange, 'set' | 'clear'> | null,
  trans: TranslationBundle
): Promise<boolean> {
  if (change === null) {
    return false;
  }
  const names = tasks.map(({ spec }) => spec.name) as [string, ...string[]];
  if (!(await session.send('wishes.set', { tasks: [{ tasks: names, ...change }] }))) {
    return false;
  }
  const before = tasks.map(task => undone(task, change));
  Notification.info(trans.__('The plan heeds this for %1.', taskCount(tasks.length, trans)), {
    autoClose: UNDO_TIME,
    actions: [
      {
        label: trans.__('Undo'),
        callback: () => void session.send('wishes.set', { tasks: before })
      }
    ]
  });
  return true;
}

/** What asks again for what was asked of a task before. */
function undone(
  { spec, wishes = {} }: TaskState,
  { set = {}, clear = [] }: TaskWishesChange
): TaskWishesChange {
  const touched = [...new Set([...(Object.keys(set) as TaskWish[]), ...clear])];
  const had = touched.filter(wish => wishes[wish] !== undefined);
  const lacked = touched.filter(wish => wishes[wish] === undefined);
  const old: TaskWishes = Object.fromEntries(had.map(wish => [wish, wishes[wish]]));
  return {
    tasks: [spec.name],
    ...(had.length > 0 && { set: old }),
    ...(lacked.length > 0 && { clear: lacked })
  };
}
