import type { ColumnValue, ITaskColumn } from './taskColumn.js';
import type { ITaskRow } from './taskRow.js';

/** A field that a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Rows for other programs, as RFC 4180 has them: names of columns, then values in full precision, times in seconds. What a
 * spreadsheet would calculate is marked as text.
 */
export function taskCsv(rows: readonly ITaskRow[], columns: readonly ITaskColumn[]): string {
  const lines = [
    columns.map(column => field(column.label)),
    ...rows.map(row => columns.map(column => field((column.raw ?? column.value)(row))))
  ];
  return lines.map(fields => `${fields.join(',')}\r\n`).join('');
}

function field(value: ColumnValue): string {
  if (value === undefined) {
    return '';
  }
  const text = typeof value === 'number' ? String(value) : FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
