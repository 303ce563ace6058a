import { strategyLabel } from '../../model/strategy.js';
import type { TaskState } from '../../wire/messages.js';
import { argument } from '../format/format.js';
import { type StatusGroup, statusGroup } from './statusGroup.js';
import type { ITaskColumn } from './taskColumn.js';
import type { ITaskRow } from './taskRow.js';

/** Which tasks somebody looks for. */
export interface ITaskSearch {
  /** Words that must all be there, or what a column must be: `vit lr<=0.01`. */
  readonly text: string;
  /** States of which one must be the task's; any when there is none. */
  readonly groups: ReadonlySet<StatusGroup>;
}

type Test = (row: ITaskRow) => boolean;

const COMPARISON = /^(.+?)(<=|>=|!=|=|<|>)(.+)$/;

/** The rows that are looked for, in their order; the same list when those are all. */
export function foundRows(
  rows: readonly ITaskRow[],
  { text, groups }: ITaskSearch,
  columns: readonly ITaskColumn[]
): readonly ITaskRow[] {
  const tests = text
    .split(/\s+/)
    .filter(word => word !== '')
    .map(word => comparison(word, columns) ?? contains(word.toLowerCase()));
  if (tests.length === 0 && groups.size === 0) {
    return rows;
  }
  return rows.filter(
    row => (groups.size === 0 || groups.has(statusGroup(row.task))) && tests.every(test => test(row))
  );
}

/** `lr<=0.01`, where a column is called lr; undefined for what is no comparison. */
function comparison(word: string, columns: readonly ITaskColumn[]): Test | undefined {
  const [, name = '', sign, wanted = ''] = COMPARISON.exec(word) ?? [];
  const column = columns.find(({ label }) => label.toLowerCase() === name.toLowerCase());
  if (column === undefined || sign === undefined) {
    return undefined;
  }
  const number = Number(wanted);
  const isNumber = !Number.isNaN(number);
  return row => {
    const value = column.value(row);
    if (isNumber && typeof value === 'number') {
      return compared(sign, value - number);
    }
    const same = column.cell(row).text.toLowerCase() === wanted.toLowerCase();
    return sign === '=' ? same : sign === '!=' && !same;
  };
}

function compared(sign: string, difference: number): boolean {
  switch (sign) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
    case '!=':
      return difference !== 0;
    default:
      return difference === 0;
  }
}

const texts = new WeakMap<TaskState, string>();

function contains(word: string): Test {
  return ({ task }) => {
    let all = texts.get(task);
    if (all === undefined) {
      all = searchText(task).toLowerCase();
      texts.set(task, all);
    }
    return all.includes(word);
  };
}

/** What a task is found by. */
function searchText({ spec, attempts, error }: TaskState): string {
  const params = Object.entries(spec.params).map(([name, value]) => `${name}=${argument(value)}`);
  const strategies = attempts.map(({ strategy }) => strategyLabel(strategy));
  return [spec.name, spec.sweep, ...params, ...strategies, error?.code, error?.message].join('\n');
}
