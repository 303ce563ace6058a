import { useMemo, useState } from 'react';
import {
  type Brush,
  type Brushes,
  type IAxis,
  tasksWithin,
  withBrush
} from '../../core/view/parameters/brushes.js';
import { dimensionsOf, type IDimension, scaleOf, startsLog } from '../../core/view/parameters/dimensions.js';
import { notComparable, parameterTable } from '../../core/view/parameters/parameterText.js';
import type { SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { printed } from '../components/printed.js';
import { Table } from '../components/table.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { useRemembered } from '../context/remembered.js';
import { BrushFields } from './brushFields.js';
import { LazyFold } from './lazyFold.js';
import { LogToggles } from './logToggles.js';
import { ParallelChart } from './parallelChart.js';
import { ScatterChart } from './scatterChart.js';

/** What parameters have to do with what came out, over all tasks. */
export function ParametersTab({ state }: { state: SessionState }) {
  const { selection, trans } = useDashboardContext();
  const [kind, setKind] = useRemembered<'parallel' | 'scatter'>(
    'parameters-chart',
    'parallel',
    value => value === 'parallel' || value === 'scatter'
  );
  const [logs, setLogs] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [brushes, setBrushes] = useState<Brushes>(new Map());
  const [metricId, setMetricId] = useState<string | null>(null);
  const [parameterId, setParameterId] = useState<string | null>(null);
  const { tasks, sweeps } = state;
  // biome-ignore lint/correctness/useExhaustiveDependencies: nothing but its tasks and sweeps counts of a state
  const dimensions = useMemo(() => dimensionsOf(state, trans), [tasks, sweeps, trans]);
  const names = useMemo(() => tasks.map(({ spec }) => spec.name), [tasks]);
  const givenUp = useMemo(
    () => new Set(tasks.filter(task => task.givenUp).map(({ spec }) => spec.name)),
    [tasks]
  );
  const { parameters, metrics, ranked } = dimensions;
  const problem = notComparable(state, dimensions, trans);
  if (problem.length > 0) {
    return <BlockList blocks={problem} />;
  }
  const metric = (metrics.find(one => one.id === metricId) ?? ranked ?? metrics[0]) as IDimension;
  const all = [...parameters, ...metrics];
  const parameter = (all.find(one => one.id === parameterId) ?? parameters[0]) as IDimension;
  const axisOf = (dimension: IDimension): IAxis => ({
    dimension,
    scale: scaleOf(dimension, logs.get(dimension.id) ?? startsLog(dimension))
  });
  const axes = (kind === 'parallel' ? [...parameters, metric] : [parameter, metric]).map(axisOf);
  const brush = (changes: readonly (readonly [string, Brush | null])[]) => {
    const next = changes.reduce((all, [which, stretch]) => withBrush(all, which, stretch), brushes);
    setBrushes(next);
    const isBrushed = axes.some(axis => next.has(axis.dimension.id));
    selection.select(isBrushed ? tasksWithin(names, axes, next) : []);
  };
  const toggleLog = (axis: IAxis) => setLogs(new Map(logs).set(axis.dimension.id, axis.scale.kind !== 'log'));
  const chart = { axes, tasks: names, givenUp, brushes, onBrush: brush };
  return (
    <div className="jp-SaturnParameters">
      <div className="jp-SaturnControls">
        <label>
          {trans.__('Chart')}
          <select
            className="jp-mod-styled"
            value={kind}
            onChange={({ target }) => setKind(target.value === 'scatter' ? 'scatter' : 'parallel')}
          >
            <option value="parallel">{trans.__('all parameters')}</option>
            <option value="scatter">{trans.__('one parameter')}</option>
          </select>
        </label>
        {kind === 'scatter' && (
          <Choice
            label={trans.__('Across')}
            dimensions={all}
            value={parameter.id}
            onChoose={setParameterId}
          />
        )}
        <Choice
          label={kind === 'scatter' ? trans.__('Up') : trans.__('Metric')}
          dimensions={metrics}
          value={metric.id}
          onChoose={setMetricId}
        />
        {brushes.size > 0 && (
          <button
            type="button"
            className="jp-mod-styled"
            onClick={() => brush([...brushes.keys()].map(which => [which, null] as const))}
          >
            {trans.__('Select all of every axis')}
          </button>
        )}
      </div>
      <p className="jp-SaturnSentence jp-mod-muted">
        {kind === 'parallel'
          ? trans.__('Drag along an axis to select the tasks that are there.')
          : trans.__('Drag over tasks to select them.')}
        {givenUp.size > 0 &&
          ` ${trans.__('Those that were given up are faint; their values are of where they ended.')}`}
      </p>
      {kind === 'parallel' ? <ParallelChart {...chart} /> : <ScatterChart {...chart} />}
      <LogToggles axes={axes} onToggleLog={toggleLog} />
      <BrushFields axes={axes} brushes={brushes} onBrush={brush} />
      <LazyFold title={trans.__('As a table')}>
        {() => <Table table={printed(parameterTable(names, all, trans))} />}
      </LazyFold>
    </div>
  );
}

function Choice(props: {
  label: string;
  dimensions: readonly IDimension[];
  value: string;
  onChoose: (id: string) => void;
}) {
  return (
    <label>
      {props.label}
      <select
        className="jp-mod-styled"
        value={props.value}
        onChange={({ target }) => props.onChoose(target.value)}
      >
        {props.dimensions.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
