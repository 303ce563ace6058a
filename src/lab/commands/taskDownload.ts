import type { TranslationBundle } from '@jupyterlab/translation';
import { fileName } from '../../core/view/format/fileName.js';
import { taskColumns } from '../../core/view/taskTable/taskColumns.js';
import { taskCsv } from '../../core/view/taskTable/taskCsv.js';
import { taskRows } from '../../core/view/taskTable/taskRow.js';
import type { ISessionModel } from '../session/tokens.js';
import { saveBlob } from './saveBlob.js';

/** Have the browser save tasks of a session as CSV; nothing when it is not known. */
export function downloadTasks({ view: { state } }: ISessionModel, options: downloadTasks.IOptions): void {
  if (!state) {
    return;
  }
  const { names, columns: ids, now, trans } = options;
  const columns = taskColumns(state, now, trans);
  const chosen = ids?.flatMap(id => columns.find(column => column.id === id) ?? []) ?? columns;
  const { rows } = taskRows(state, now);
  const named = new Map(rows.map(row => [row.task.spec.name, row]));
  const shown = names.length > 0 ? names.flatMap(name => named.get(name) ?? []) : rows;
  const csv = new Blob([taskCsv(shown, chosen)], { type: 'text/csv;charset=utf-8' });
  saveBlob(csv, fileName(state, 'table', 'csv'));
}

export namespace downloadTasks {
  export interface IOptions {
    /** In this order; all tasks when there is none. */
    readonly names: readonly string[];
    /** Ids, in this order; all when absent. */
    readonly columns: readonly string[] | undefined;
    /** Seconds since the epoch. */
    readonly now: number;
    readonly trans: TranslationBundle;
  }
}
