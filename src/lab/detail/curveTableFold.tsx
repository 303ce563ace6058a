import { useState } from 'react';
import { curveTable, evenPlaces, writtenPlaces } from '../../core/view/detail/curveTable.js';
import { axisLabel } from '../../core/view/detail/curveText.js';
import type { CurveAxis, IPlottedCurve } from '../../core/view/detail/plottedCurves.js';
import { printed } from '../components/printed.js';
import { Table } from '../components/table.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { LazyFold } from './lazyFold.js';

/** The same curves as numbers, at places that the reader chooses. */
export function CurveTableFold(props: { lines: readonly IPlottedCurve[]; axis: CurveAxis; metric: string }) {
  const { trans } = useDashboardContext();
  const [text, setText] = useState('');
  const { lines, axis, metric } = props;
  return (
    <LazyFold title={trans.__('As a table')}>
      {() => {
        const written = writtenPlaces(text);
        const places = written.length > 0 ? written : evenPlaces(lines, axis);
        return (
          <>
            <div className="jp-SaturnControls">
              <label>
                {axisLabel(axis, trans)}
                <input
                  type="text"
                  className="jp-mod-styled"
                  placeholder={
                    axis === 'time' ? trans.__('in seconds, e.g. 60, 600') : trans.__('e.g. 100, 500')
                  }
                  value={text}
                  onChange={({ target }) => setText(target.value)}
                />
              </label>
            </div>
            <Table table={printed(curveTable(lines, places, { metric, axis }, trans))} />
          </>
        );
      }}
    </LazyFold>
  );
}
