import { csv } from '../format/csv.js';
import type { ITaskColumn } from './taskColumn.js';
import type { ITaskRow } from './taskRow.js';

/**
 * Rows for other programs: names of columns, which are the same in all languages, then values in full precision, times in
 * seconds. Parameters and metrics are called as in the file of all tasks.
 */
export function taskCsv(rows: readonly ITaskRow[], columns: readonly ITaskColumn[]): string {
  return csv([
    columns.map(({ id }) => headingOf(id)),
    ...rows.map(row => columns.map(column => (column.raw ?? column.value)(row)))
  ]);
}

/** `params.lr`, `metrics.accuracy`, `best.accuracy`, `rungs.90`; all others as words with underscores. */
function headingOf(id: string): string {
  const [, kind, name] = /^(param|metric|best|rung):(.*)$/s.exec(id) ?? [];
  return name === undefined
    ? (NAMES[id] ?? id.replaceAll('-', '_'))
    : `${KINDS[kind as keyof typeof KINDS]}.${name}`;
}

const KINDS = { param: 'params', metric: 'metrics', best: 'best', rung: 'rungs' };

/** What the file of all tasks calls the same. */
const NAMES: Readonly<Record<string, string>> = {
  name: 'task',
  state: 'status',
  planned: 'planned_seconds',
  took: 'seconds',
  left: 'seconds_left',
  'step-time': 'step_seconds'
};
