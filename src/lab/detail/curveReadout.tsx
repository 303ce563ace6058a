import { axisPlace, metricValue, switchWords } from '../../core/view/detail/curveText.js';
import { type CurveAxis, type IPlottedCurve, valueAt } from '../../core/view/detail/plottedCurves.js';
import { count } from '../../core/view/format/format.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { DashMark } from './dashMark.js';

/** How many values are told at once. */
const MOST = 10;

/** The values of all curves where the cursor is: from the top of the chart to its bottom, around the nearest one. */
export function CurveReadout(props: {
  place: number;
  /** The task whose curve the pointer is at. */
  nearest: string | null;
  /** Whether the cursor is in the right half: then the values are in the left one. */
  isRight: boolean;
  lines: readonly IPlottedCurve[];
  looks: readonly { readonly colour: string; readonly dash: number }[];
  axis: CurveAxis;
  metric: string;
}) {
  const { trans } = useDashboardContext();
  const { place, nearest, isRight, lines, looks, axis, metric } = props;
  const values = lines
    .flatMap((line, i) => {
      const value = valueAt(line, place);
      return value === undefined ? [] : [{ line, value, look: looks[i] }];
    })
    .sort((a, b) => b.value - a.value);
  const at = Math.max(
    0,
    values.findIndex(({ line }) => line.task === nearest)
  );
  const start = Math.max(0, Math.min(at - MOST / 2, values.length - MOST));
  const shown = values.slice(start, start + MOST);
  const passed = lines
    .find(({ task }) => task === nearest)
    ?.switches.filter(({ x }) => x <= place)
    .at(-1);
  return (
    <div className={`jp-SaturnChart-readout${isRight ? ' jp-mod-left' : ''}`} aria-hidden="true">
      <strong>{axisPlace(axis, place, trans)}</strong>
      <ul>
        {shown.map(({ line, value, look }) => (
          <li key={line.task} className={line.task === nearest ? 'jp-mod-focused' : undefined}>
            <DashMark colour={look?.colour} dash={look?.dash ?? 0} />
            <span>{line.task}</span>
            <span>{metricValue(metric, value, trans)}</span>
          </li>
        ))}
      </ul>
      {values.length > shown.length && (
        <div className="jp-SaturnPanel-quiet">
          {trans.__('and %1 more', count(values.length - shown.length))}
        </div>
      )}
      {passed && <div className="jp-SaturnPanel-quiet">{switchWords(passed, trans)}</div>}
    </div>
  );
}
