import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';
import { count, NOTHING, sharePercent } from '../format/format.js';
import type { ICell } from '../format/table.js';
import { taskShare } from '../status/progressShare.js';
import type { ITaskColumn } from './taskColumn.js';

/** The share of its steps that a task has made, as it is told everywhere; undefined while it is not built. */
function shareOf(task: TaskState): number | undefined {
  return task.status === 'finished' || task.inspection ? taskShare(task) : undefined;
}

/** How far each task is, as a bar and in percent. */
export function progressColumn(trans: ITranslation): ITaskColumn {
  return {
    id: 'progress',
    label: trans.__('Progress'),
    isUsual: true,
    width: 10,
    mean: value => sharePercent(value, trans),
    value: ({ task }) => shareOf(task),
    cell: ({ task }): ICell => {
      const share = shareOf(task);
      if (share === undefined) {
        return { text: NOTHING };
      }
      const steps = trans.__('%1 of %2 steps', count(task.progress.step), count(task.inspection?.steps));
      return {
        text: barPercent(share, trans),
        title: task.result?.stoppedEarly === true ? trans.__('%1, stopped early', steps) : steps,
        progress: { done: share, of: 1, label: trans.__('Progress of %1', task.spec.name) }
      };
    }
  };
}

/** A share of a task, as short as beside a bar it must be. */
function barPercent(share: number, trans: ITranslation): string {
  return share > 0 && share < 0.01 ? '<1 %' : sharePercent(share, trans);
}
