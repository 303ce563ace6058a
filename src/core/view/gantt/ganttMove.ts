import type { IGanttLayout, ILane, IPlacedBar } from './ganttModel.js';

/** Less than this to the side, in pixels, is no wish for another time. */
const STILL = 8;

/** Steps by key from one time label to the next. */
const STEPS_PER_TICK = 5;

/** Where and when a moved bar is to be. */
export interface IGanttMove {
  /** Keys of its new rows; null for those it has. */
  readonly rows: string[] | null;
  /** Its new start, in seconds; null for the one it has. */
  readonly start: number | null;
}

/** A bar under way: where it would land and by how much it is drawn aside, in pixels. */
export interface IGanttDrag {
  readonly move: IGanttMove;
  readonly by: { readonly x: number; readonly y: number };
}

/**
 * Where a bar would land that is dragged by so many pixels: on as many rows as it has, all of one node, and no earlier
 * than the beginning. A little to the side keeps its time.
 */
export function dragged(layout: IGanttLayout, bar: IPlacedBar, by: { x: number; y: number }): IGanttDrag {
  const lanes = layout.lanes.filter(lane => lane.kind === bar.bar.kind);
  const first = lanes.findIndex(lane => bar.bar.rows.includes(lane.key));
  const from = lanes[first]?.y ?? 0;
  const down = (shift: number): number => (lanes[first + shift]?.y ?? from) - from;
  const rows = rowShifts(lanes, bar).reduce((best, shift) =>
    Math.abs(down(shift) - by.y) < Math.abs(down(best) - by.y) ? shift : best
  );
  const least = -bar.bar.start / layout.secondsPerPixel;
  const x = Math.abs(by.x) < STILL ? 0 : Math.max(least, by.x);
  return { move: moveOf(layout, lanes, bar, rows, x), by: { x, y: down(rows) } };
}

/** Where an arrow key takes a bar: to the next rows that will do, or a step in time. Null at the edge. */
export function stepped(layout: IGanttLayout, bar: IPlacedBar, key: string): IGanttMove | null {
  const lanes = layout.lanes.filter(lane => lane.kind === bar.bar.kind);
  const step = layout.ticks.length > 1 ? (layout.ticks[1]!.x - layout.ticks[0]!.x) / STEPS_PER_TICK : 1;
  const shifts = rowShifts(lanes, bar);
  const [rows, x] = {
    ArrowUp: [Math.max(...shifts.filter(shift => shift < 0)), 0],
    ArrowDown: [Math.min(...shifts.filter(shift => shift > 0)), 0],
    ArrowLeft: [0, Math.max(-step, -bar.bar.start / layout.secondsPerPixel)],
    ArrowRight: [0, step]
  }[key] ?? [0, 0];
  if (!Number.isFinite(rows) || (rows === 0 && x === 0)) {
    return null;
  }
  return moveOf(layout, lanes, bar, rows as number, x as number);
}

function moveOf(
  layout: IGanttLayout,
  lanes: readonly ILane[],
  { bar }: IPlacedBar,
  shift: number,
  x: number
): IGanttMove {
  const rows = lanes.flatMap((lane, i) => (bar.rows.includes(lane.key) ? [lanes[i + shift]?.key ?? ''] : []));
  return {
    rows: shift === 0 ? null : rows,
    start: x === 0 ? null : Math.max(0, bar.start + x * layout.secondsPerPixel)
  };
}

/** By how many rows a bar can be shifted so that all it uses are there and of one node; 0 is among them. */
function rowShifts(lanes: readonly ILane[], { bar }: IPlacedBar): number[] {
  const mine = lanes.flatMap((lane, i) => (bar.rows.includes(lane.key) ? [i] : []));
  const nodes = new Set(mine.map(i => lanes[i]?.node));
  if (nodes.size > 1) {
    return [0];
  }
  return lanes
    .map((_, i) => i - (mine[0] ?? 0))
    .filter(shift => {
      const targets = mine.map(i => lanes[i + shift]);
      return targets.every(lane => lane !== undefined && lane.node === targets[0]?.node);
    });
}
