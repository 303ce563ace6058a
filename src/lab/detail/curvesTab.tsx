import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useMemo, useState } from 'react';
import { curveRungs } from '../../core/view/detail/curveRungs.js';
import { noCurves } from '../../core/view/detail/curveState.js';
import { curveTasks } from '../../core/view/detail/curveTasks.js';
import { TRAINING_LOSS } from '../../core/view/detail/curveText.js';
import { PlottedCurveMemory } from '../../core/view/detail/plottedCurveMemory.js';
import {
  type CurveAxis,
  type IPlottedCurve,
  type IStretch,
  linesExtent,
  stepsWithin
} from '../../core/view/detail/plottedCurves.js';
import { colourOf } from '../../core/view/gantt/palette.js';
import { taskGroups } from '../../core/view/gantt/taskGroups.js';
import type { SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { useDashboardContext, useSelectedTasks } from '../context/dashboardContext.js';
import { CurveControls, useCurveSettings } from './curveControls.js';
import { useCurveSource, useWantedCurves } from './curveHooks.js';
import { CurveLegend } from './curveLegend.js';
import type { ICurveStyle } from './curvePaths.js';
import { CurvePlot } from './curvePlot.js';
import { CurveTableFold } from './curveTableFold.js';
import { RetryNote } from './retryNote.js';

/** Among more curves dashes tell none apart, and cost time. */
const MOST_DASHED = 48;

/** The curves of the selected tasks, or of the best ones, in one chart. */
export function CurvesTab({ state }: { state: SessionState }) {
  const { trans } = useDashboardContext();
  const selected = useSelectedTasks();
  const { tasks, note } = useMemo(() => curveTasks(state, selected, trans), [state, selected, trans]);
  const names = tasks.map(({ spec }) => spec.name);
  const byName = useMemo(() => new Map(tasks.map(task => [task.spec.name, task])), [tasks]);
  const [settings, change] = useCurveSettings();
  const { metric, axis, smoothing, log } = settings;
  const [zoom, setZoom] = useZoom(axis);
  const [focus, setFocus] = useState<string | null>(null);
  const { source, view } = useCurveSource();
  const { curves, whole, metrics, isAsking, failure } = view;

  const steps = useMemo(
    () => (zoom === null ? null : (stepsWithin(zoom, axis, whole, byName) ?? null)),
    [zoom, axis, whole, byName]
  );
  useWantedCurves(source, names, metric, steps);
  const [memory] = useState(() => new PlottedCurveMemory());
  const lines = memory.plot(curves, byName, { axis, smoothing, log });
  const all = state.tasks.map(({ spec }) => spec.name).join(' ');
  const looks = useMemo(
    () => curveLooks(lines, settings.colours, all.split(' '), trans),
    [lines, settings.colours, all, trans]
  );
  const rungsKey = curveRungs(state, tasks, axis).join(' ');
  const rungs = useMemo(() => (rungsKey === '' ? [] : rungsKey.split(' ').map(Number)), [rungsKey]);
  const isEmpty = useMemo(() => linesExtent(lines) === null, [lines]);
  return (
    <div className="jp-SaturnCurves">
      {tasks.some(({ attempts }) => attempts.length > 0) && (
        <CurveControls
          settings={settings}
          change={change}
          metrics={metrics.length > 0 ? metrics : [TRAINING_LOSS]}
          isZoomed={zoom !== null}
          onReset={() => setZoom(null)}
        />
      )}
      {note !== undefined && tasks.length > 0 && <p className="jp-SaturnSentence jp-mod-muted">{note}</p>}
      {failure && <RetryNote failure={failure} onRetry={() => source?.retry()} />}
      {isEmpty && !failure && (
        <BlockList
          blocks={noCurves(
            state,
            tasks,
            { metric, metrics, isAsking, log, axis, isZoomed: zoom !== null },
            trans
          )}
        />
      )}
      {(!isEmpty || zoom !== null) && (
        <>
          <CurvePlot
            lines={lines}
            looks={looks}
            rungs={rungs}
            axis={axis}
            metric={metric}
            log={log}
            stretch={zoom}
            focus={focus}
            onFocus={setFocus}
            onZoom={setZoom}
          />
          <CurveLegend lines={lines} looks={looks} metric={metric} focus={focus} onFocus={setFocus} />
          <CurveTableFold lines={lines} axis={axis} metric={metric} />
        </>
      )}
    </div>
  );
}

/** A stretch of an axis that is looked at: of another axis it is another one. */
function useZoom(axis: CurveAxis): [IStretch | null, (zoom: IStretch | null) => void] {
  const [zoom, setZoom] = useState<{ axis: CurveAxis; stretch: IStretch | null }>({ axis, stretch: null });
  useEffect(() => setZoom({ axis, stretch: null }), [axis]);
  return [zoom.axis === axis ? zoom.stretch : null, stretch => setZoom({ axis, stretch })];
}

/**
 * Colours of the schedule, and dashes for those that share one. Where some were given up, the others stand out.
 *
 * @param all - names of all tasks of the session.
 */
function curveLooks(
  lines: readonly IPlottedCurve[],
  by: 'task' | 'group',
  all: readonly string[],
  trans: TranslationBundle
): ICurveStyle[] {
  const groups = taskGroups(all, trans);
  const used = new Map<string, number>();
  const isMixed = new Set(lines.map(({ ending }) => ending === undefined)).size > 1;
  return lines.map(({ task, ending }, i) => {
    const colour = colourOf(by === 'group' ? groups.indexOf(task) : i).fill;
    const dash = used.get(colour) ?? 0;
    used.set(colour, dash + 1);
    return {
      colour,
      dash: lines.length > MOST_DASHED ? 0 : dash,
      ...(isMixed && { rank: ending ? ('faint' as const) : ('strong' as const) })
    };
  });
}
