import { useState } from 'react';
import { metricValue } from '../../core/view/detail/curveText.js';
import type { IPlottedCurve } from '../../core/view/detail/plottedCurves.js';
import { count } from '../../core/view/format/format.js';
import { useDashboardContext, useSelectedTasks } from '../context/dashboardContext.js';
import type { ICurveStyle } from './curvePaths.js';
import { DashMark } from './dashMark.js';

/** How many curves are named at first. */
const FEW = 40;

/** Which curve is whose, and its last value. To press one selects its task. */
export function CurveLegend(props: {
  lines: readonly IPlottedCurve[];
  looks: readonly ICurveStyle[];
  metric: string;
  focus: string | null;
  onFocus: (task: string | null) => void;
}) {
  const { selection, trans } = useDashboardContext();
  const selected = useSelectedTasks();
  const [isWhole, setWhole] = useState(false);
  const { lines, looks, metric, focus, onFocus } = props;
  const shown = isWhole ? lines : lines.slice(0, FEW);
  return (
    <ul className="jp-SaturnLegend" aria-label={trans.__('Curves')}>
      {shown.map(({ task, y, ending }, i) => (
        <li key={task}>
          <button
            type="button"
            aria-pressed={selected.includes(task)}
            className={task === focus ? 'jp-mod-focused' : undefined}
            title={trans.__('Select it alone; with Ctrl or Shift, besides the others')}
            onClick={({ ctrlKey, metaKey, shiftKey }) =>
              ctrlKey || metaKey || shiftKey ? selection.toggle(task) : selection.select([task])
            }
            onMouseEnter={() => onFocus(task)}
            onMouseLeave={() => onFocus(null)}
            onFocus={() => onFocus(task)}
            onBlur={() => onFocus(null)}
          >
            <DashMark colour={looks[i]?.colour} dash={looks[i]?.dash ?? 0} />
            <span>{task}</span>
            <span className="jp-SaturnPanel-quiet">{metricValue(metric, y.at(-1), trans)}</span>
            {ending && <span className="jp-SaturnPanel-quiet">{trans.__('× given up')}</span>}
          </button>
        </li>
      ))}
      {lines.length > shown.length && (
        <li>
          <button type="button" onClick={() => setWhole(true)}>
            {trans.__('and %1 more', count(lines.length - shown.length))}
          </button>
        </li>
      )}
    </ul>
  );
}
