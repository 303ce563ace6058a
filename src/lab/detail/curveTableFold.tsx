import { useId, useState } from 'react';
import type { CurveAxis, ICurveLine } from '../../core/view/detail/curveLines.js';
import { curveTable, evenPlaces, writtenPlaces } from '../../core/view/detail/curveTable.js';
import { axisLabel } from '../../core/view/detail/curveText.js';
import { printed } from '../components/printed.js';
import { Table } from '../components/table.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** The same curves as numbers, at places that the reader chooses. */
export function CurveTableFold(props: { lines: readonly ICurveLine[]; axis: CurveAxis; metric: string }) {
  const { trans } = useDashboardContext();
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const id = useId();
  const { lines, axis, metric } = props;
  const written = writtenPlaces(text);
  return (
    <details
      className="jp-SaturnFold"
      open={isOpen}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>{trans.__('As a table')}</summary>
      {isOpen && (
        <>
          <div className="jp-SaturnControls">
            <label htmlFor={id}>{axisLabel(axis, trans)}</label>
            <input
              id={id}
              type="text"
              className="jp-mod-styled"
              placeholder={axis === 'time' ? trans.__('in seconds, e.g. 60, 600') : trans.__('e.g. 100, 500')}
              value={text}
              onChange={({ target }) => setText(target.value)}
            />
          </div>
          <Table
            table={printed(
              curveTable(
                lines,
                written.length > 0 ? written : evenPlaces(lines, axis),
                { metric, axis },
                trans
              )
            )}
          />
        </>
      )}
    </details>
  );
}
