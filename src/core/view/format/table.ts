import type { ITranslation } from '../../model/translation.js';
import { type Fragment, type Markup, markup, printable } from './escape.js';
import { count } from './format.js';

/** How a cell is meant; shown by a class in HTML, and always said in its words too. */
export type Tone = 'good' | 'bad' | 'warning' | 'muted' | 'best' | 'active';

/** A cell: its text and, where more than text is drawn, what text alone cannot say. */
export interface ICell {
  readonly text: string;
  /** The parts of the text, which are drawn one below the other where there is little room. */
  readonly lines?: readonly string[];
  /** Said after the text; below it where there is little room. */
  readonly note?: string;
  readonly tone?: Tone;
  /** Tooltip. */
  readonly title?: string;
  /** What a sign or the look of the cell says, for those who hear it. */
  readonly spoken?: string;
  /** A bar before the text: how much is done, and of what. */
  readonly progress?: { readonly done: number; readonly of: number; readonly label: string };
  /** What the text sums up, line by line: folded away. */
  readonly folded?: readonly string[];
}

/** A column; numbers align to the right. */
export interface IColumn {
  readonly label: string;
  readonly align?: 'left' | 'right';
  /** Where there is little room: below the first cell of the row, or in its tooltip; a column when absent. */
  readonly narrow?: 'below' | 'tooltip';
}

/** A line over the rows that follow, as wide as the table. */
export interface IHeading {
  readonly heading: string;
  /** Said after it; a tooltip where there is little room. */
  readonly note?: string;
}

/** A cell per column; the first names the row. The last of a shorter row reaches to the end. */
export type Row = readonly (string | ICell)[];

/** A table for all renderings. */
export interface ITable {
  readonly caption?: string;
  /** What it is, for those who hear it, where there is no caption. */
  readonly label?: string;
  readonly columns: readonly IColumn[];
  readonly rows: readonly (Row | IHeading)[];
}

/** Longest table shown in a display; the rest is counted. */
export const MOST_ROWS = 200;

/** A cell that may be no more than its text. */
export const cellOf = (cell: string | ICell | undefined): ICell =>
  typeof cell === 'object' ? cell : { text: cell ?? '' };

/** Whether a row is a heading. */
export const isHeading = (row: Row | IHeading): row is IHeading => 'heading' in row;

/** What is said of the rows that are too many to show. */
export function remainder({ rows }: ITable, trans: ITranslation): string | undefined {
  const hidden = rows.length - MOST_ROWS;
  return hidden > 0 ? trans.__('… and %1 more', count(hidden)) : undefined;
}

const withNote = (text: string, between: string, note: string | undefined): string =>
  note === undefined ? text : `${text}${between}${note}`;

const BAR_CELLS = 10;

function cellText(value: string | ICell | undefined): string {
  const { text, note, progress } = cellOf(value);
  const words = printable(withNote(text, ' ', note));
  if (progress === undefined) {
    return words;
  }
  const full = Math.floor((progress.done / progress.of) * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${words}`;
}

/** The table in aligned columns for a monospaced font, two spaces between them. */
export function tableText(table: ITable, trans: ITranslation): string {
  const shown = table.rows
    .slice(0, MOST_ROWS)
    .map(row => (isHeading(row) ? row : table.columns.map((_, i) => cellText(row[i]))));
  const labels = table.columns.map(column => printable(column.label));
  const widths = labels.map((label, i) =>
    shown.reduce(
      (width, row) => ('heading' in row ? width : Math.max(width, [...(row[i] as string)].length)),
      [...label].length
    )
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const space = ' '.repeat((widths[i] as number) - [...cell].length);
        return table.columns[i]?.align === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  const rest = remainder(table, trans);
  return [
    ...(table.caption === undefined ? [] : [printable(table.caption)]),
    line(labels),
    line(widths.map(width => '─'.repeat(width))),
    ...shown.map((row, i) =>
      'heading' in row ? `${i > 0 ? '\n' : ''}${printable(withNote(row.heading, ': ', row.note))}` : line(row)
    ),
    ...(rest === undefined ? [] : [rest])
  ].join('\n');
}

function cellHtml(cell: ICell): Fragment {
  const { text, note, progress, folded, spoken } = cell;
  const words = withNote(text, ' ', note);
  if (folded !== undefined) {
    return markup`<details><summary>${words}</summary><ul>${folded.map(line => markup`<li>${line}</li>`)}</ul></details>`;
  }
  return [
    progress !== undefined &&
      markup`<progress max="${progress.of}" value="${progress.done}" aria-label="${progress.label}"></progress>`,
    words,
    spoken !== undefined && markup`<span class="jp-saturn-spoken"> ${spoken}</span>`
  ];
}

/** The table as a semantic, escaped `<table>`. */
export function tableHtml(table: ITable, trans: ITranslation): Markup {
  const rest = remainder(table, trans);
  const alignment = (i: number): Fragment => table.columns[i]?.align === 'right' && markup` jp-saturn-number`;
  const boxed = (value: string | ICell | undefined, i: number): Markup => {
    const cell = cellOf(value);
    const attributes = markup` class="jp-saturn-cell${alignment(i)}${cell.tone !== undefined && ` jp-saturn-${cell.tone}`}"${cell.title !== undefined && markup` title="${cell.title}"`}`;
    return i === 0
      ? markup`<th scope="row"${attributes}>${cellHtml(cell)}</th>`
      : markup`<td${attributes}>${cellHtml(cell)}</td>`;
  };
  // What may be scrolled can be reached by keyboard, so that all of it can be read.
  const name = table.label ?? table.caption ?? trans.__('Table');
  return markup`<div class="jp-saturn-scroll" role="group" tabindex="0" aria-label="${name}"><table class="jp-saturn-table"${table.label !== undefined && markup` aria-label="${table.label}"`}>
${table.caption !== undefined && markup`<caption>${table.caption}</caption>\n`}<thead><tr>${table.columns.map(
    (column, i) => markup`<th scope="col" class="jp-saturn-cell${alignment(i)}">${column.label}</th>`
  )}</tr></thead>
<tbody>
${table.rows
  .slice(0, MOST_ROWS)
  .map((row, i) =>
    isHeading(row)
      ? markup`${i > 0 && markup`</tbody>\n<tbody>\n`}<tr><th scope="rowgroup" colspan="${table.columns.length}" class="jp-saturn-cell jp-saturn-heading">${withNote(row.heading, ': ', row.note)}</th></tr>\n`
      : markup`<tr>${table.columns.map((_, column) => boxed(row[column], column))}</tr>\n`
  )}</tbody>
${rest !== undefined && markup`<tfoot><tr><td colspan="${table.columns.length}">${rest}</td></tr></tfoot>\n`}</table></div>`;
}
