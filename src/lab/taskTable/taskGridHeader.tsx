import type { TranslationBundle } from '@jupyterlab/translation';
import type { ITaskColumn } from '../../core/view/taskTable/taskColumn.js';

/** The names of the columns; each sorts by its own. */
export function TaskGridHeader(props: TaskGridHeader.IProps) {
  const { columns, sorting, focus, trans, onSort } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: as its rows
    // biome-ignore lint/a11y/useFocusableInteractive: its cells have the focus
    <div role="row" className="jp-SaturnGrid-header" aria-rowindex={1} data-key="header">
      {columns.map((column, i) => {
        const sorted = sorting.find(({ id }) => id === column.id);
        const place = sorting.length > 1 && sorted ? sorting.indexOf(sorted) + 1 : undefined;
        return (
          // biome-ignore lint/a11y/useSemanticElements: as its row
          // biome-ignore lint/a11y/useKeyWithClickEvents: the grid heeds its keys
          <div
            key={column.id}
            role="columnheader"
            className={`jp-SaturnGrid-cell${column.align === 'right' ? ' jp-mod-number' : ''}`}
            aria-colindex={i + 1}
            aria-sort={sorted ? (sorted.desc ? 'descending' : 'ascending') : 'none'}
            tabIndex={focus === i ? 0 : -1}
            title={trans.__(
              '%1. Click to sort by it; with Shift, also by what was sorted by before.',
              column.about ?? column.label
            )}
            data-column={i}
            onClick={event => onSort(column.id, event.shiftKey)}
          >
            <span className="jp-SaturnGrid-text">{column.label}</span>
            <span aria-hidden="true" className="jp-SaturnGrid-sort">
              {sorted ? (sorted.desc ? '▾' : '▴') : ''}
              {place}
            </span>
          </div>
        );
      })}
    </div>
  );
}

export namespace TaskGridHeader {
  /** By what rows are sorted, first by the first. */
  export type Sorting = readonly { readonly id: string; readonly desc: boolean }[];

  export interface IProps {
    readonly columns: readonly ITaskColumn[];
    readonly sorting: Sorting;
    /** The column whose cell the Tab key leads to; -1 for none. */
    readonly focus: number;
    readonly trans: TranslationBundle;
    /** @param isMore - besides what is sorted by already. */
    readonly onSort: (id: string, isMore: boolean) => void;
  }
}
