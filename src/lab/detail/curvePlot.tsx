import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { axisPlace, metricLabel, metricValue } from '../../core/view/detail/curveText.js';
import {
  type CurveAxis,
  drawnRange,
  type IPlottedCurve,
  type IStretch,
  valueAt
} from '../../core/view/detail/plottedCurves.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { FORCED_COLOURS } from './chartInks.js';
import { type ChartLibrary, CurveChart } from './curveChart.js';
import type { ICurveStyle } from './curvePaths.js';
import { CurveReadout } from './curveReadout.js';

/** How far a key moves the cursor, as a share of what is seen. */
const STRIDES: Readonly<Record<string, number>> = {
  ArrowLeft: -0.01,
  ArrowRight: 0.01,
  PageDown: -0.1,
  PageUp: 0.1,
  Home: -1,
  End: 1
};

/** What a key makes of the stretch that is seen. */
const ZOOMS: Readonly<Record<string, number>> = { '+': 0.5, '=': 0.5, '-': 2 };

/** How many values are spoken. */
const SPOKEN = 5;

/** The chart of curves: with a cursor that pointer and arrow keys move, and a stretch that is dragged to look closer. */
export function CurvePlot(props: CurvePlot.IProps) {
  const { trans } = useDashboardContext();
  const { lines, looks, rungs, axis, metric, log, stretch, focus, onFocus, onZoom } = props;
  const [cursor, setCursor] = useState<CurvePlot.ICursor | null>(null);
  const { host, chart, isFailed } = useChart({
    onCursor: setCursor,
    onZoom,
    onReset: () => onZoom(null)
  });

  useEffect(() => {
    chart?.draw({ lines, looks, rungs, axis, metric, log, stretch, trans });
  }, [chart, lines, looks, rungs, axis, metric, log, stretch, trans]);
  useEffect(() => {
    if (chart) {
      chart.focus = focus;
    }
  }, [chart, focus]);
  const nearest = cursor?.top === undefined ? null : nearestTo(cursor.place, cursor.top, lines, chart);
  useEffect(() => onFocus(nearest), [nearest, onFocus]);

  const [from, to] = useMemo(() => drawnRange(lines, stretch, log).x, [lines, stretch, log]);
  const move = (place: number) => {
    const next = Math.min(to, Math.max(from, place));
    setCursor({ place: next });
    chart?.showCursor(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const stride = STRIDES[event.key];
    const zoom = ZOOMS[event.key];
    const place = cursor?.place ?? from;
    if (stride !== undefined) {
      move(place + stride * (to - from));
    } else if (zoom !== undefined) {
      const half = ((to - from) * zoom) / 2;
      const whole = drawnRange(lines, null, log).x;
      const next = { from: Math.max(whole[0], place - half), to: Math.min(whole[1], place + half) };
      onZoom(stretch !== null && zoom > 1 && next.from <= whole[0] && next.to >= whole[1] ? null : next);
    } else if (event.key === 'Escape' && stretch !== null) {
      onZoom(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="jp-SaturnChart">
      {isFailed && (
        <p role="alert">
          {trans.__('The chart could not be loaded. Reload the page; the table below has the same values.')}
        </p>
      )}
      <div
        ref={host}
        className="jp-SaturnChart-plot"
        role="slider"
        tabIndex={0}
        aria-label={trans.__('%1: place of the cursor', metricLabel(metric, trans))}
        aria-valuemin={from}
        aria-valuemax={to}
        aria-valuenow={cursor?.place ?? from}
        aria-valuetext={spoken(cursor?.place ?? from, lines, axis, metric, trans)}
        title={trans.__('Drag to look closer, double-click to see all. Keys: arrows, + and -, Escape.')}
        data-lm-suppress-shortcuts="true"
        onKeyDown={onKeyDown}
        onBlur={() => {
          setCursor(null);
          chart?.showCursor(null);
        }}
      />
      {cursor && (
        <CurveReadout
          place={cursor.place}
          nearest={nearest}
          isRight={cursor.place > (from + to) / 2}
          lines={lines}
          looks={looks}
          axis={axis}
          metric={metric}
        />
      )}
    </div>
  );
}

export namespace CurvePlot {
  export interface IProps {
    lines: readonly IPlottedCurve[];
    looks: readonly ICurveStyle[];
    /** Where tasks are compared, along the axis. */
    rungs: readonly number[];
    axis: CurveAxis;
    metric: string;
    log: boolean;
    stretch: IStretch | null;
    /** The task whose curve stands out. */
    focus: string | null;
    onFocus: (task: string | null) => void;
    onZoom: (stretch: IStretch | null) => void;
  }

  /** Where the cursor is, and of a pointer how far down. */
  export interface ICursor {
    readonly place: number;
    readonly top?: number;
  }
}

/** A chart in an element, once the library is there; it goes with the element. */
function useChart(options: CurveChart.IOptions) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(options);
  latest.current = options;
  const [chart, setChart] = useState<CurveChart | null>(null);
  const [isFailed, setFailed] = useState(false);
  useLayoutEffect(() => {
    const element = host.current;
    if (element === null) {
      return;
    }
    let made: CurveChart | null = null;
    let isGone = false;
    const frame = new Frame();
    const shown = new Frame();
    const resized = new ResizeObserver(() => made?.resize());
    // The colours of a canvas are those of the theme when it was drawn.
    const themed = new MutationObserver(() => {
      made?.redraw();
      // What is hidden for a frame only is not resized by that.
      shown.run(() => shown.run(() => made?.resize()));
    });
    const forced = matchMedia(FORCED_COLOURS);
    const onForced = () => made?.redraw();
    forced.addEventListener('change', onForced);
    themed.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name'] });
    import('uplot').then(
      ({ default: library }) => {
        if (!isGone) {
          made = new CurveChart(library as ChartLibrary, element, {
            onCursor: at => frame.run(() => latest.current.onCursor(at)),
            onZoom: stretch => latest.current.onZoom(stretch),
            onReset: () => latest.current.onReset()
          });
          resized.observe(element);
          setChart(made);
        }
      },
      () => !isGone && setFailed(true)
    );
    return () => {
      isGone = true;
      frame.cancel();
      shown.cancel();
      resized.disconnect();
      themed.disconnect();
      forced.removeEventListener('change', onForced);
      made?.dispose();
    };
  }, []);
  return { host, chart, isFailed };
}

/** The last of some calls, made when the page is drawn next. */
class Frame {
  run(call: () => void): void {
    this.cancel();
    this._handle = requestAnimationFrame(call);
  }

  cancel(): void {
    cancelAnimationFrame(this._handle);
  }

  private _handle = 0;
}

/** The task whose curve is nearest to the pointer, among those that have a value there. */
function nearestTo(
  place: number,
  top: number,
  lines: readonly IPlottedCurve[],
  chart: CurveChart | null
): string | null {
  let best: string | null = null;
  let least = Infinity;
  for (const line of lines) {
    const value = valueAt(line, place);
    const height = value === undefined ? undefined : chart?.heightOf(value);
    if (height !== undefined && Math.abs(height - top) < least) {
      least = Math.abs(height - top);
      best = line.task;
    }
  }
  return best;
}

function spoken(
  place: number,
  lines: readonly IPlottedCurve[],
  axis: CurveAxis,
  metric: string,
  trans: ReturnType<typeof useDashboardContext>['trans']
): string {
  const values = lines
    .slice(0, SPOKEN)
    .map(line => `${line.task} ${metricValue(metric, valueAt(line, place), trans)}`);
  return [axisPlace(axis, place, trans), ...values].join(', ');
}
