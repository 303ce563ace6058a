import type { TranslationBundle } from '@jupyterlab/translation';
import { duration } from '../../core/view/format/format.js';
import type { ITable } from '../../core/view/format/table.js';
import {
  barStateWords,
  type IGanttBar,
  type IGanttInput,
  type IGanttMove,
  type IGanttRow
} from '../../core/view/gantt/gantt.js';

/** The bars of a chart as a table, in the order of time. */
export function ganttTable(input: IGanttInput, trans: TranslationBundle): ITable {
  const device = new Map(input.rows.map(row => [row.key, row.label]));
  const state = (bar: IGanttInput['bars'][number]) =>
    ({
      planned: trans.__('planned'),
      actual: bar.state ? barStateWords(bar.state, trans) : '',
      baseline: input.baseline?.name ?? trans.__('baseline')
    })[bar.kind];
  return {
    caption: input.title,
    columns: [
      { label: trans.__('Task') },
      { label: trans.__('State') },
      { label: trans.__('Strategy') },
      { label: trans.__('Devices') },
      { label: trans.__('Start'), align: 'right' },
      { label: trans.__('End'), align: 'right' }
    ],
    rows: [...input.bars]
      .sort((a, b) => a.start - b.start || a.kind.localeCompare(b.kind))
      .map(bar => [
        bar.label,
        state(bar),
        bar.note ?? '',
        bar.rows.map(row => device.get(row) ?? row).join(', '),
        duration(bar.start, trans),
        duration(bar.end, trans)
      ])
  };
}

/** Where a bar under way would land. */
export function moveWords(
  bar: IGanttBar,
  { rows, start }: IGanttMove,
  all: readonly IGanttRow[],
  trans: TranslationBundle
): string {
  const labels = new Map(all.map(row => [row.key, row.label]));
  const devices = (rows ?? bar.rows).map(row => labels.get(row) ?? row).join(', ');
  const from = start ?? bar.start;
  return trans.__(
    '%1: on %2, from %3 to %4',
    bar.task,
    devices,
    duration(from, trans),
    duration(from + bar.end - bar.start, trans)
  );
}
