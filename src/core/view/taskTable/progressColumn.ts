import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';
import { count, NOTHING, percent } from '../format/format.js';
import type { ICell } from '../format/table.js';
import type { ITaskColumn } from './taskColumn.js';

/** So much of a task is something at all, as it is written. */
const LEAST_SHARE = 0.001;

/** The share of its steps that a task has made: all of them once it is trained, however early it ended. */
function progressOf({ status, progress, inspection }: TaskState): number | undefined {
  if (status === 'finished') {
    return 1;
  }
  return inspection && inspection.steps > 0 ? Math.min(1, progress.step / inspection.steps) : undefined;
}

/** How far each task is, as a bar and in percent. */
export function progressColumn(trans: ITranslation): ITaskColumn {
  return {
    id: 'progress',
    label: trans.__('Progress'),
    isUsual: true,
    width: 14,
    mean: value => percent(value, trans),
    value: ({ task }) => progressOf(task),
    cell: ({ task }): ICell => {
      const share = progressOf(task);
      if (share === undefined) {
        return { text: NOTHING };
      }
      const steps = trans.__('%1 of %2 steps', count(task.progress.step), count(task.inspection?.steps));
      return {
        text: barPercent(share, task.status === 'finished', trans),
        title: task.result?.stoppedEarly === true ? trans.__('%1, stopped early', steps) : steps,
        progress: { done: share, of: 1, label: trans.__('Progress of %1', task.spec.name) }
      };
    }
  };
}

/** A share of a task, as short as beside a bar it must be; what is not over never looks as if it were. */
function barPercent(share: number, isOver: boolean, trans: ITranslation): string {
  return share > 0 && share < LEAST_SHARE
    ? `<${percent(LEAST_SHARE, trans)}`
    : percent(isOver ? share : Math.min(share, 0.99), trans);
}
