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
        // Once the press that moves the focus is over: what it is on must not vanish meanwhile.
        const { currentTarget } = event;
        setTimeout(() => {
          if (!currentTarget.contains(document.activeElement)) {
            close();
          }
        });
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
      {/* It takes the focus of a press beside the boxes, which else went to what is around all of this. */}
      <fieldset className="jp-SaturnColumns-list" tabIndex={-1} aria-label={trans.__('Columns')}>
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
