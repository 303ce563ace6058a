import { type KeyboardEvent, type PointerEvent, useMemo, useRef } from 'react';
import { duration } from '../../core/view/format/format.js';
import {
  type IGanttInput,
  MINIMAP,
  minimapShapes,
  panned,
  spanOf,
  type TimeWindow,
  zoomed
} from '../../core/view/gantt/gantt.js';
import { useViewContext } from '../context/viewContext.js';
import { ZOOM_STEP } from '../gantt/ganttNavigation.js';

/** A drag of less than this share of the width is a click. */
const CLICK_SHARE = 0.005;

/** What a key moves by, as a share of what is seen. */
const KEY_SHARES: Record<string, number> = { ArrowLeft: -0.1, ArrowRight: 0.1, PageUp: -0.9, PageDown: 0.9 };

/** The whole schedule at a glance, with the part that is seen: to be moved, or drawn anew. */
export function Minimap({ input, end, window, onWindow, controls }: Minimap.IProps) {
  const { trans } = useViewContext();
  const drag = useRef<IMinimapDrag | null>(null);
  const shapes = useMemo(() => minimapShapes(input, end), [input, end]);
  const { from, to } = spanOf(window, end);
  const seconds = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return width > 0 ? Math.min(Math.max((event.clientX - left) / width, 0), 1) * end : 0;
  };
  const press = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button === 0) {
      const at = seconds(event);
      event.currentTarget.setPointerCapture?.(event.pointerId);
      drag.current = { at, window, moves: window !== null && at >= from && at <= to };
    }
  };
  const move = (event: PointerEvent<HTMLDivElement>) => {
    const { current } = drag;
    if (!current) {
      return;
    }
    const at = seconds(event);
    if (current.moves) {
      onWindow(panned(current.window, end, at - current.at));
    } else if (Math.abs(at - current.at) > CLICK_SHARE * end) {
      onWindow({ from: Math.min(at, current.at), to: Math.max(at, current.at) });
    }
  };
  const release = (event: PointerEvent<HTMLDivElement>) => {
    const { current } = drag;
    drag.current = null;
    if (current && !current.moves && Math.abs(seconds(event) - current.at) <= CLICK_SHARE * end) {
      onWindow(panned(window, end, current.at - (from + to) / 2));
    }
  };
  const pressKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const next = windowByKey(event.key, window, end);
    if (next !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      onWindow(next);
    }
  };
  const scale = MINIMAP.width / end;
  return (
    <div
      className="jp-SaturnMinimap"
      role="scrollbar"
      aria-orientation="horizontal"
      aria-controls={controls}
      aria-label={trans.__('The time that is seen')}
      aria-valuemin={0}
      aria-valuemax={Math.round(end)}
      aria-valuenow={Math.round(from)}
      aria-valuetext={trans.__('%1 to %2 of %3', ...[from, to, end].map(time => duration(time, trans)))}
      tabIndex={0}
      onPointerDown={press}
      onPointerMove={move}
      onPointerUp={release}
      onPointerCancel={() => {
        drag.current = null;
      }}
      onKeyDown={pressKey}
    >
      <svg viewBox={`0 0 ${MINIMAP.width} ${MINIMAP.height}`} preserveAspectRatio="none" aria-hidden="true">
        {shapes.map(({ kind, fill, path }) => (
          <path key={`${kind}${fill}`} d={path} fill={fill} fillOpacity={kind === 'planned' ? 0.5 : 1} />
        ))}
        {window && (
          <>
            <rect className="jp-mod-out" x={0} y={0} width={from * scale} height={MINIMAP.height} />
            <rect
              className="jp-mod-out"
              x={to * scale}
              y={0}
              width={Math.max(0, end - to) * scale}
              height={MINIMAP.height}
            />
            <rect
              className="jp-mod-window"
              x={from * scale}
              y={0.5}
              width={Math.max((to - from) * scale, 2)}
              height={MINIMAP.height - 1}
            />
          </>
        )}
      </svg>
    </div>
  );
}

export namespace Minimap {
  export interface IProps {
    input: IGanttInput;
    /** When the chart ends, in seconds. */
    end: number;
    window: TimeWindow;
    onWindow: (window: TimeWindow) => void;
    /** Id of the chart that shows it. */
    controls: string;
  }
}

/** A pointer held down. */
interface IMinimapDrag {
  /** Where it was pressed, in seconds. */
  readonly at: number;
  /** What was seen then. */
  readonly window: TimeWindow;
  /** Whether it moves what is seen, instead of choosing it anew. */
  readonly moves: boolean;
}

/** What a key leads to; undefined for other keys. */
function windowByKey(key: string, window: TimeWindow, end: number): TimeWindow | undefined {
  const { from, to } = spanOf(window, end);
  const share = KEY_SHARES[key];
  switch (key) {
    case 'Home':
      return panned(window, end, -end);
    case 'End':
      return panned(window, end, end);
    case '+':
    case '=':
      return zoomed(window, end, 1 / ZOOM_STEP);
    case '-':
      return zoomed(window, end, ZOOM_STEP);
    case '0':
      return null;
    default:
      return share === undefined ? undefined : panned(window, end, share * (to - from));
  }
}
