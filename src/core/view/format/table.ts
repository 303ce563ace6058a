import { type Fragment, type Markup, markup, printable } from './escape.js';
import { count } from './format.js';

/** How a cell is meant; shown by a class in HTML, and always said in its words too. */
export type Tone = 'good' | 'bad' | 'warning' | 'muted';

/** A cell: its text and, for HTML, what text alone cannot say. */
export interface ICell {
  readonly text: string;
  /** In place of the text in HTML. */
  readonly html?: Markup;
  readonly tone?: Tone;
  /** Tooltip in HTML. */
  readonly title?: string;
}

/** A column; numbers align to the right. */
export interface IColumn {
  readonly label: string;
  readonly align?: 'left' | 'right';
}

/** A line over the rows that follow, as wide as the table. */
export interface IHeading {
  readonly heading: string;
}

/** A cell per column; the first names the row. */
export type Row = readonly (string | ICell)[];

/** A table for both renderings. */
export interface ITable {
  readonly caption?: string;
  readonly columns: readonly IColumn[];
  readonly rows: readonly (Row | IHeading)[];
}

/** Longest table shown in a display; the rest is counted. */
export const MOST_ROWS = 200;

const cellOf = (cell: string | ICell | undefined): ICell =>
  typeof cell === 'object' ? cell : { text: cell ?? '' };

const isHeading = (row: Row | IHeading): row is IHeading => 'heading' in row;

function remainder(table: ITable): string | undefined {
  const hidden = table.rows.length - MOST_ROWS;
  return hidden > 0 ? `… and ${count(hidden)} more` : undefined;
}

/** The table in aligned columns for a monospaced font, two spaces between them. */
export function tableText(table: ITable): string {
  const shown = table.rows
    .slice(0, MOST_ROWS)
    .map(row => (isHeading(row) ? row : table.columns.map((_, i) => printable(cellOf(row[i]).text))));
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
  const rest = remainder(table);
  return [
    ...(table.caption === undefined ? [] : [printable(table.caption)]),
    line(labels),
    line(widths.map(width => '─'.repeat(width))),
    ...shown.map((row, i) =>
      'heading' in row ? `${i > 0 ? '\n' : ''}${printable(row.heading)}` : line(row)
    ),
    ...(rest === undefined ? [] : [rest])
  ].join('\n');
}

/** The table as a semantic, escaped `<table>`. */
export function tableHtml(table: ITable): Markup {
  const rest = remainder(table);
  const alignment = (i: number): Fragment => table.columns[i]?.align === 'right' && markup` jp-saturn-number`;
  const cellHtml = (value: string | ICell | undefined, i: number): Markup => {
    const cell = cellOf(value);
    const attributes = markup` class="jp-saturn-cell${alignment(i)}${cell.tone !== undefined && ` jp-saturn-${cell.tone}`}"${cell.title !== undefined && markup` title="${cell.title}"`}`;
    const content = cell.html ?? cell.text;
    return i === 0
      ? markup`<th scope="row"${attributes}>${content}</th>`
      : markup`<td${attributes}>${content}</td>`;
  };
  return markup`<div class="jp-saturn-scroll"><table class="jp-saturn-table">
${table.caption !== undefined && markup`<caption>${table.caption}</caption>\n`}<thead><tr>${table.columns.map(
    (column, i) => markup`<th scope="col" class="jp-saturn-cell${alignment(i)}">${column.label}</th>`
  )}</tr></thead>
<tbody>
${table.rows
  .slice(0, MOST_ROWS)
  .map((row, i) =>
    isHeading(row)
      ? markup`${i > 0 && markup`</tbody>\n<tbody>\n`}<tr><th scope="rowgroup" colspan="${table.columns.length}" class="jp-saturn-cell jp-saturn-heading">${row.heading}</th></tr>\n`
      : markup`<tr>${table.columns.map((_, column) => cellHtml(row[column], column))}</tr>\n`
  )}</tbody>
${rest !== undefined && markup`<tfoot><tr><td colspan="${table.columns.length}">${rest}</td></tr></tfoot>\n`}</table></div>`;
}
