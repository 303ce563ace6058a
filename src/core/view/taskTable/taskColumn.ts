import type { Argument } from '../../wire/messages.js';
import type { ICell } from '../format/table.js';
import type { ITaskRow } from './taskRow.js';

/** What a row has in a column, to sort and to calculate by; nothing where it has none. */
export type ColumnValue = string | number | undefined;

/** What can be told of every task. */
export interface ITaskColumn {
  /** Stable: what is remembered of a column goes by it. */
  readonly id: string;
  readonly label: string;
  /** What it is, in a sentence, where the label alone does not say. */
  readonly about?: string;
  readonly align?: 'right';
  /** Whether it is there unless somebody hides it; others are, once somebody wants them. */
  readonly isUsual: boolean;
  /** About how many characters wide its cells are. */
  readonly width: number;
  /** The better end, when it is sorted by; up when absent. */
  readonly goal?: 'max' | 'min';
  /** Of several tasks the mean makes sense, in these words. */
  readonly mean?: (value: number) => string;
  /** By what rows are sorted. */
  value(row: ITaskRow): ColumnValue;
  /** For other programs; the value when absent. */
  raw?(row: ITaskRow): ColumnValue;
  cell(row: ITaskRow): ICell;
}

/** Order of two values: numbers by size, then texts as people sort them. */
export function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a - b;
  }
  return typeof a === typeof b
    ? String(a).localeCompare(String(b), undefined, { numeric: true })
    : typeof a === 'number'
      ? -1
      : 1;
}

/** A parameter's value, to sort by. */
export function argumentValue(value: Argument | undefined, text: (value: Argument) => string): ColumnValue {
  return value === undefined ? undefined : typeof value === 'number' ? value : text(value);
}
