import { useRef } from 'react';
import type { ITaskColumn } from '../../core/view/taskTable/taskColumn.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** Which columns are shown; the first, which names the task, always is. */
export function ColumnChooser(props: ColumnChooser.IProps) {
  const { columns, isShown, onShow } = props;
  const { trans } = useDashboardContext();
  const fold = useRef<HTMLDetailsElement>(null);
  const close = () => fold.current?.removeAttribute('open');
  return (
    <details
      ref={fold}
      className="jp-SaturnColumns"
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          close();
        }
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          close();
          fold.current?.querySelector('summary')?.focus();
        }
      }}
    >
      <summary className="jp-mod-styled">{trans.__('Columns')}</summary>
      <fieldset className="jp-SaturnColumns-list" aria-label={trans.__('Columns')}>
        {columns.slice(1).map(column => (
          <label key={column.id} title={column.about}>
            <input
              type="checkbox"
              checked={isShown(column)}
              onChange={event => onShow(column.id, event.target.checked)}
            />
            {column.label}
          </label>
        ))}
      </fieldset>
    </details>
  );
}

export namespace ColumnChooser {
  export interface IProps {
    readonly columns: readonly ITaskColumn[];
    readonly isShown: (column: ITaskColumn) => boolean;
    readonly onShow: (id: string, isShown: boolean) => void;
  }
}
