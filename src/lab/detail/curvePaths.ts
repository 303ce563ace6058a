import type uPlot from 'uplot';

/**
 * Points that are further apart have a mark each, in pixels of the page: evaluations are rare, and may stand alone. Nearer, marks
 * would hide the line.
 */
const MARK_ROOM = 8;

/** Radius of a mark, in pixels of the page: so small that its line fills it, for a ring says something else. */
const MARK = 1;

/** Steps of an axis of time, in seconds: those of a clock. */
export const TIME_INCREMENTS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map(minutes => minutes * 60),
  ...[1, 2, 3, 6, 12].map(hours => hours * 3600),
  ...[1, 2, 7, 14, 28].map(days => days * 86_400)
];

/** How a curve is drawn. */
export interface ICurveStyle {
  readonly colour: string;
  /** Kind of its dashes. */
  readonly dash: number;
  /** Of curves of which some were given up: they are faint, those that went on stand out. */
  readonly rank?: 'faint' | 'strong';
}

const DASHES: readonly number[][] = [[], [6, 3], [2, 3], [9, 3, 2, 3]];

/** Lines of the same colour are told apart by their dashes. */
export function dashOf(kind: number): number[] {
  return DASHES[kind % DASHES.length] as number[];
}

type Values = readonly (number | null)[];

/**
 * How a curve is drawn: a line with a gap where there is no number; if wanted, what its points stand for, from least to
 * largest, as an area around it, and marks while there are few. What it has of them may change with each drawing.
 */
export function curvePaths(options: { spread: boolean; marked: boolean }): uPlot.Series.PathBuilder {
  return (plot, series) => {
    const [x, y, low, high] = plot.data[series] as unknown as [number[], Values, Values?, Values?];
    const at = (i: number) => plot.valToPos(x[i] as number, 'x', true);
    const down = (value: number) => plot.valToPos(value, 'y', true);
    const room = x.length > 1 ? (at(x.length - 1) - at(0)) / (x.length - 1) : Number.POSITIVE_INFINITY;
    const isMarked = options.marked && room >= MARK_ROOM * devicePixelRatio;
    const stroke = new Path2D();
    let isDrawing = false;
    y.forEach((value, i) => {
      if (value === null) {
        isDrawing = false;
        return;
      }
      const [left, top] = [at(i), down(value)];
      if (isDrawing) {
        stroke.lineTo(left, top);
      } else {
        stroke.moveTo(left, top);
      }
      const isAlone = !isDrawing && (y[i + 1] ?? null) === null;
      if (isMarked || isAlone) {
        const radius = MARK * devicePixelRatio;
        stroke.moveTo(left + radius, top);
        stroke.arc(left, top, radius, 0, 2 * Math.PI);
        stroke.moveTo(left, top);
      }
      isDrawing = true;
    });
    const fill = options.spread && low && high ? spreadPath(low, high, at, down) : null;
    return { stroke, fill, flags: 0 };
  };
}

/** The area between two rows of values; in pieces, where some are missing. */
function spreadPath(low: Values, high: Values, at: (i: number) => number, down: (value: number) => number) {
  const path = new Path2D();
  let piece: number[] = [];
  const close = () => {
    piece.forEach((i, n) => {
      path[n === 0 ? 'moveTo' : 'lineTo'](at(i), down(high[i] as number));
    });
    for (const i of piece.reverse()) {
      path.lineTo(at(i), down(low[i] as number));
    }
    piece = [];
  };
  high.forEach((value, i) => {
    if (value === null || (low[i] ?? null) === null) {
      close();
    } else {
      piece.push(i);
    }
  });
  close();
  return path;
}
