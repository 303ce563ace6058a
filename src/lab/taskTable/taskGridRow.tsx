import type { TranslationBundle } from '@jupyterlab/translation';
import { type CSSProperties, memo } from 'react';
import { printable } from '../../core/view/format/escape.js';
import { taskCount } from '../../core/view/format/format.js';
import type { ICell } from '../../core/view/format/table.js';
import { groupCell } from '../../core/view/taskTable/rowGroups.js';
import type { ITaskColumn } from '../../core/view/taskTable/taskColumn.js';
import type { GridItem } from './gridItem.js';

/** A line of the grid. It is drawn again only when something of it is other. */
export const TaskGridRow = memo(function TaskGridRow(props: TaskGridRow.IProps) {
  const { item, columns, index, top, isSelected, isCurrent, focus, trans } = props;
  const isGroup = item.kind === 'group';
  const style: CSSProperties = { transform: `translateY(${top}px)` };
  return (
    // biome-ignore lint/a11y/useSemanticElements: lines that are out of sight are not drawn, which a table cannot do
    // biome-ignore lint/a11y/useFocusableInteractive: its cells have the focus
    <div
      role="row"
      className={[
        'jp-SaturnGrid-row',
        isGroup && 'jp-mod-group',
        isSelected && 'jp-mod-selected',
        isCurrent && 'jp-mod-current'
      ]
        .filter(Boolean)
        .join(' ')}
      style={style}
      // The header is the first.
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      aria-current={isCurrent || undefined}
      aria-level={props.level}
      aria-expanded={isGroup ? item.isOpen : undefined}
      data-key={item.key}
      data-task={isGroup ? undefined : item.row.task.spec.name}
    >
      {columns.map((column, i) => (
        <Cell
          key={column.id}
          cell={isGroup ? groupText(item, column, i, trans) : column.cell(item.row)}
          column={column}
          at={i}
          isFocusable={focus === i}
          sign={i > 0 ? null : isGroup ? (item.isOpen ? '▾' : '▸') : 'check'}
          {...(i === 0 && !isGroup && item.row.isBest && { mark: trans.__('the best so far') })}
        />
      ))}
    </div>
  );
});

export namespace TaskGridRow {
  export interface IProps {
    readonly item: GridItem;
    readonly columns: readonly ITaskColumn[];
    readonly index: number;
    /** Where it is, in pixels below the first. */
    readonly top: number;
    /** Of its depth, where there are groups. */
    readonly level: number | undefined;
    readonly isSelected: boolean;
    /** Whether it is the one that is looked at. */
    readonly isCurrent: boolean;
    /** The column whose cell the Tab key leads to; -1 for none. */
    readonly focus: number;
    readonly trans: TranslationBundle;
  }
}

function groupText(
  { group }: GridItem & { kind: 'group' },
  column: ITaskColumn,
  at: number,
  trans: TranslationBundle
): ICell {
  return at === 0
    ? { text: trans.__('%1: %2', group.label, taskCount(group.rows.length, trans)) }
    : groupCell(group, column, trans);
}

function Cell(props: {
  cell: ICell;
  column: ITaskColumn;
  at: number;
  isFocusable: boolean;
  sign: string | null;
  /** What a star says of it. */
  mark?: string;
}) {
  const { cell, column, at, isFocusable, sign, mark } = props;
  const text = printable(cell.text);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: cells and headers of a grid have a column
    <div
      role={at === 0 ? 'rowheader' : 'gridcell'}
      className={[
        'jp-SaturnGrid-cell',
        column.align === 'right' && 'jp-mod-number',
        cell.tone && `jp-mod-${cell.tone}`
      ]
        .filter(Boolean)
        .join(' ')}
      aria-colindex={at + 1}
      tabIndex={isFocusable ? 0 : -1}
      title={cell.title === undefined ? text : printable(`${cell.text}: ${cell.title}`)}
      data-column={at}
    >
      {sign === 'check' ? (
        <span className="jp-SaturnGrid-check" aria-hidden="true" />
      ) : (
        sign && <span aria-hidden="true">{sign} </span>
      )}
      {cell.progress && (
        <span className="jp-SaturnGrid-bar" aria-hidden="true">
          <span style={{ width: `${(100 * cell.progress.done) / cell.progress.of}%` }} />
        </span>
      )}
      <span className="jp-SaturnGrid-text">{text}</span>
      {mark !== undefined && (
        <span className="jp-SaturnGrid-best" title={mark}>
          <span aria-hidden="true">★</span>
          <span className="jp-SaturnPanel-hidden"> {mark}</span>
        </span>
      )}
      {cell.spoken && <span className="jp-SaturnPanel-hidden"> {cell.spoken}</span>}
    </div>
  );
}
