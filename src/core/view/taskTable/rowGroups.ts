import type { ITranslation } from '../../model/translation.js';
import { argument, count, NOTHING, taskCount } from '../format/format.js';
import type { ICell } from '../format/table.js';
import { type StatusGroup, statusCounts } from './statusGroup.js';
import type { ITaskColumn } from './taskColumn.js';
import type { ITaskRow } from './taskRow.js';

/** By what rows are put together: `sweep`, `points` (all that differ in their seeds alone), or a parameter's `param:lr`. */
export type Grouping = 'sweep' | 'points' | `param:${string}`;

/** Parameters that choose chance alone. */
const SEEDS: ReadonlySet<string> = new Set([
  'seed',
  'random_seed',
  'random_state',
  'rng_seed',
  'manual_seed'
]);

/** Some rows that have something in common. */
export interface IRowGroup {
  /** What they have in common: stable. */
  readonly key: string;
  readonly label: string;
  readonly rows: readonly ITaskRow[];
}

/** The rows in groups: each where its first row is, so that groups are sorted as the rows are. */
export function rowGroups(
  rows: readonly ITaskRow[],
  grouping: Grouping,
  trans: ITranslation
): readonly IRowGroup[] {
  const groups = new Map<string, { key: string; label: string; rows: ITaskRow[] }>();
  for (const row of rows) {
    const label = labelOf(row, grouping, trans);
    // Of other sweeps, other parameters: what they have in common is no more than a name.
    const key = `${grouping}\n${grouping === 'points' ? row.task.spec.sweep : ''}\n${label}`;
    const group = groups.get(key);
    if (group) {
      group.rows.push(row);
    } else {
      groups.set(key, { key, label, rows: [row] });
    }
  }
  return [...groups.values()];
}

function labelOf({ task: { spec } }: ITaskRow, grouping: Grouping, trans: ITranslation): string {
  if (grouping === 'sweep') {
    return spec.sweep;
  }
  if (grouping === 'points') {
    const params = Object.entries(spec.params).filter(([name]) => !SEEDS.has(name.toLowerCase()));
    return params.map(([name, value]) => `${name}=${argument(value)}`).join(', ') || spec.sweep;
  }
  const name = grouping.slice('param:'.length);
  const value = spec.params[name];
  return value === undefined ? trans.__('without %1', name) : `${name}=${argument(value)}`;
}

/** Mean and spread of some numbers; null for the spread of one alone. */
export interface IMean {
  readonly mean: number;
  /** Standard deviation of the numbers as a sample: divided by one less than they are. */
  readonly spread: number | null;
  /** Of how many. */
  readonly of: number;
}

/** Mean and spread of a column over some rows; undefined where none of them has a number there. */
export function columnMean(rows: readonly ITaskRow[], column: ITaskColumn): IMean | undefined {
  const values = rows.map(row => column.value(row)).filter(value => typeof value === 'number');
  if (values.length === 0) {
    return undefined;
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    spread: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)),
    of: values.length
  };
}

/** What is said of a group in a column: how many tasks in which states, the mean and spread of numbers, or what all have. */
export function groupCell({ rows }: IRowGroup, column: ITaskColumn, trans: ITranslation): ICell {
  if (column.id === 'state') {
    const groups = Object.entries(statusCounts(rows.map(({ task }) => task))) as [StatusGroup, number][];
    return { text: groupStates(groups, trans) };
  }
  if (column.mean) {
    const found = columnMean(rows, column);
    if (found === undefined) {
      return { text: NOTHING };
    }
    const mean = column.mean(found.mean);
    const of = taskCount(found.of, trans);
    return found.spread === null || found.spread === 0
      ? { text: mean, title: trans.__('of %1', of) }
      : {
          text: `${mean} ± ${column.mean(found.spread)}`,
          title: trans.__('Mean and standard deviation of %1', of)
        };
  }
  const texts = new Set(rows.map(row => column.cell(row).text));
  return texts.size === 1 ? { text: [...texts][0] as string } : { text: '' };
}

function groupStates(groups: readonly [StatusGroup, number][], trans: ITranslation): string {
  const words: Record<StatusGroup, (number: string) => string> = {
    failed: number => trans.__('%1 failed', number),
    training: number => trans.__('%1 training', number),
    waiting: number => trans.__('%1 waiting', number),
    stopped: number => trans.__('%1 stopped', number),
    'given-up': number => trans.__('%1 given up', number),
    trained: number => trans.__('%1 trained', number)
  };
  return groups
    .filter(([, number]) => number > 0)
    .map(([group, number]) => words[group](count(number)))
    .join(', ');
}
