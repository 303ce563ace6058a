import { useState } from 'react';
import { axisLabel, metricLabel, sortedMetrics, TRAINING_LOSS } from '../../core/view/detail/curveText.js';
import { CURVE_AXES, type CurveAxis } from '../../core/view/detail/plottedCurves.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { useRemembered } from '../context/remembered.js';

/** What the reader has chosen to see of curves. */
export interface ICurveSettings {
  readonly metric: string;
  readonly axis: CurveAxis;
  /** Between 0 (none) and 1, exclusively. */
  readonly smoothing: number;
  readonly log: boolean;
  readonly colours: 'task' | 'group';
}

/** The strongest smoothing there is. */
const MOST_SMOOTHING = 0.99;

/** What the reader has chosen, here and before; all but the metric is remembered. */
export function useCurveSettings(): [ICurveSettings, (part: Partial<ICurveSettings>) => void] {
  const [metric, setMetric] = useState(TRAINING_LOSS);
  const [axis, setAxis] = useRemembered<CurveAxis>('curve-axis', 'step', value =>
    (CURVE_AXES as readonly unknown[]).includes(value)
  );
  const [smoothing, setSmoothing] = useRemembered<number>(
    'curve-smoothing',
    0,
    value => typeof value === 'number' && value >= 0 && value <= MOST_SMOOTHING
  );
  const [log, setLog] = useRemembered<boolean>('curve-log', false, value => typeof value === 'boolean');
  const [colours, setColours] = useRemembered<'task' | 'group'>(
    'curve-colours',
    'task',
    value => value === 'task' || value === 'group'
  );
  return [
    { metric, axis, smoothing, log, colours },
    part => {
      part.metric !== undefined && setMetric(part.metric);
      part.axis !== undefined && setAxis(part.axis);
      part.smoothing !== undefined && setSmoothing(part.smoothing);
      part.log !== undefined && setLog(part.log);
      part.colours !== undefined && setColours(part.colours);
    }
  ];
}

/** What may be chosen of curves. */
export function CurveControls(props: {
  settings: ICurveSettings;
  change: (part: Partial<ICurveSettings>) => void;
  /** Names of metrics there are. */
  metrics: readonly string[];
  isZoomed: boolean;
  onReset: () => void;
}) {
  const { trans } = useDashboardContext();
  const { settings, change } = props;
  const { metric, axis, smoothing, log, colours } = settings;
  return (
    <div className="jp-SaturnControls">
      <label>
        {trans.__('Metric')}
        <select
          className="jp-mod-styled"
          value={metric}
          onChange={({ target }) => change({ metric: target.value })}
        >
          {sortedMetrics([metric, ...props.metrics]).map(name => (
            <option key={name} value={name}>
              {metricLabel(name, trans)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {trans.__('over')}
        <select
          className="jp-mod-styled"
          value={axis}
          onChange={({ target }) => change({ axis: CURVE_AXES.find(one => one === target.value) ?? 'step' })}
        >
          {CURVE_AXES.map(one => (
            <option key={one} value={one}>
              {axisLabel(one, trans)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {trans.__('Smoothing')}
        <input
          type="range"
          min={0}
          max={MOST_SMOOTHING}
          step={0.01}
          value={smoothing}
          aria-valuetext={smoothing === 0 ? trans.__('none') : smoothing.toFixed(2)}
          title={smoothing === 0 ? trans.__('none') : smoothing.toFixed(2)}
          onChange={({ target }) => change({ smoothing: Number(target.value) })}
        />
      </label>
      <label>
        <input type="checkbox" checked={log} onChange={() => change({ log: !log })} />
        {trans.__('Log scale')}
      </label>
      <label>
        {trans.__('Colours')}
        <select
          className="jp-mod-styled"
          value={colours}
          onChange={({ target }) => change({ colours: target.value === 'group' ? 'group' : 'task' })}
        >
          <option value="task">{trans.__('by task')}</option>
          <option value="group">{trans.__('as in the schedule')}</option>
        </select>
      </label>
      {props.isZoomed && (
        <button type="button" className="jp-mod-styled" onClick={props.onReset}>
          {trans.__('Show all')}
        </button>
      )}
    </div>
  );
}
