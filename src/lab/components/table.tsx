import { NOTHING } from '../../core/view/format/format.js';
import {
  cellOf,
  type ICell,
  type IColumn,
  type IHeading,
  type ITable,
  isHeading,
  MOST_ROWS,
  type Row,
  remainder
} from '../../core/view/format/table.js';
import { useViewContext } from '../context/viewContext.js';

/** A table where there is little room: what has no column of its own is below the name of its row, or its tooltip. */
export function Table({ table }: { table: ITable }) {
  const { trans } = useViewContext();
  const shown = table.columns.flatMap((column, i) => (i === 0 || column.narrow === undefined ? [i] : []));
  const rest = remainder(table, trans);
  return (
    <div className="jp-SaturnPanel-scroll">
      <table className="jp-SaturnTable">
        {(table.caption ?? table.label) !== undefined && (
          <caption className={table.caption === undefined ? 'jp-SaturnPanel-hidden' : undefined}>
            {table.caption ?? table.label}
          </caption>
        )}
        <thead>
          <tr>
            {shown.map(i => (
              <th key={i} scope="col" className={alignment(table.columns[i])}>
                {table.columns[i]?.label}
              </th>
            ))}
          </tr>
        </thead>
        {groupsOf(table).map((rows, group) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are known by their place alone
          <tbody key={group}>
            {rows.map((row, i) =>
              isHeading(row) ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <tr key={i}>
                  <th scope="rowgroup" colSpan={shown.length} title={row.note}>
                    {row.heading}
                  </th>
                </tr>
              ) : (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <TableRow key={i} row={row} columns={table.columns} shown={shown} />
              )
            )}
          </tbody>
        ))}
        {rest !== undefined && (
          <tfoot>
            <tr>
              <td colSpan={shown.length}>{rest}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

/** Rows up to the next heading each. */
function groupsOf({ rows }: ITable): (Row | IHeading)[][] {
  const groups: (Row | IHeading)[][] = [];
  for (const row of rows.slice(0, MOST_ROWS)) {
    const last = groups.at(-1);
    if (last === undefined || isHeading(row)) {
      groups.push([row]);
    } else {
      last.push(row);
    }
  }
  return groups;
}

function TableRow(props: { row: Row; columns: readonly IColumn[]; shown: readonly number[] }) {
  const { row, columns, shown } = props;
  const own = shown.filter(i => i < row.length);
  const beside = (where: IColumn['narrow']) =>
    columns
      .map((column, i) => ({ column, cell: cellOf(row[i]) }))
      // A dash that no column stands above says nothing.
      .filter(
        ({ column, cell }, i) => i > 0 && i < row.length && column.narrow === where && cell.text !== NOTHING
      );
  return (
    <tr>
      {own.map((i, at) => {
        const cell = cellOf(row[i]);
        const span = at === own.length - 1 ? shown.length - at : 1;
        const look = [alignment(columns[i]), cell.tone && `jp-mod-${cell.tone}`].filter(Boolean).join(' ');
        return i === 0 ? (
          <th
            key={i}
            scope="row"
            colSpan={span}
            className={look}
            title={
              [cell.title, ...beside('tooltip').map(({ column, cell }) => `${column.label}: ${cell.text}`)]
                .filter(Boolean)
                .join('\n') || undefined
            }
          >
            <Cell cell={cell} />
            {beside('below').map(({ column, cell }) => (
              <div key={column.label} className="jp-SaturnTable-note" title={column.label}>
                <Cell cell={cell} />
              </div>
            ))}
          </th>
        ) : (
          <td key={i} colSpan={span} className={look} title={cell.title}>
            <Cell cell={cell} />
          </td>
        );
      })}
    </tr>
  );
}

function Cell({ cell: { text, lines, note, spoken, progress, folded } }: { cell: ICell }) {
  return folded ? (
    <details>
      <summary>{text}</summary>
      <ul>
        {folded.map(line => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </details>
  ) : (
    <>
      {progress && <progress max={progress.of} value={progress.done} aria-label={progress.label} />}
      {lines ? lines.map(line => <div key={line}>{line}</div>) : text}
      {spoken && <span className="jp-SaturnPanel-hidden"> {spoken}</span>}
      {note && <div className="jp-SaturnTable-note">{note}</div>}
    </>
  );
}

const alignment = (column: IColumn | undefined) => (column?.align === 'right' ? 'jp-mod-number' : undefined);
