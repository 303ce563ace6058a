import { strategyKey } from '../../model/strategy.js';
import type { Curve, CurveSegment, TaskState } from '../../wire/messages.js';
import { exponentialAverage } from '../curves/exponentialAverage.js';

/** What a curve is drawn over: completed steps, samples seen, or seconds since its task began. */
export type CurveAxis = 'step' | 'sample' | 'time';

/** All there are, in the order in which they are offered. */
export const CURVE_AXES: readonly CurveAxis[] = ['step', 'sample', 'time'];

/** Where a task goes on in another way. */
export interface ICurveSwitch {
  readonly x: number;
  readonly y: number;
  readonly before: CurveSegment;
  readonly after: CurveSegment;
}

/** A curve as it is drawn. */
export interface IPlottedCurve {
  readonly task: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  /** The values before they were smoothed; absent when they are not. */
  readonly raw?: readonly (number | null)[];
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  readonly switches: readonly ICurveSwitch[];
  /** Its last point, if the rule of its sweep has given up the task: no others follow. */
  readonly ending?: { readonly x: number; readonly y: number };
}

/** How curves are drawn. */
export interface ICurveLook {
  readonly axis: CurveAxis;
  /** Between 0 (as they are) and 1, exclusively. */
  readonly smoothing: number;
  /** Whether values are drawn by their logarithm: what has none is left out. */
  readonly log: boolean;
}

/** When a task began to train, in seconds since the epoch; undefined where nothing tells. */
function trainingStart({ segments }: Curve, task: TaskState | undefined): number | undefined {
  const first = task?.attempts[0];
  return segments[0]?.time ?? first?.startedAt ?? first?.requestedAt;
}

/** A curve along an axis. One whose axis is not known, as its task is not there, has no points. */
export function plottedCurve(curve: Curve, task: TaskState | undefined, look: ICurveLook): IPlottedCurve {
  const x = curveX(curve, task, look.axis);
  if (x === undefined) {
    return { task: curve.task, x: [], y: [], switches: [] };
  }
  const drawable = (values: readonly (number | null)[]) =>
    look.log ? values.map(value => (value !== null && value > 0 ? value : null)) : values;
  const raw = drawable(curve.values);
  const y = look.smoothing > 0 ? drawable(exponentialAverage(curve.values, look.smoothing)) : raw;
  return {
    task: curve.task,
    x,
    y,
    ...(look.smoothing > 0
      ? { raw }
      : curve.low && curve.high && { low: drawable(curve.low), high: drawable(curve.high) }),
    switches: switchesOf(curve, x, y),
    ...(task?.givenUp && endingOf(x, y))
  };
}

function endingOf(x: readonly number[], y: readonly (number | null)[]): Pick<IPlottedCurve, 'ending'> {
  const last = y.findLastIndex(value => value !== null);
  return last < 0 ? {} : { ending: { x: x[last] as number, y: y[last] as number } };
}

function curveX(curve: Curve, task: TaskState | undefined, axis: CurveAxis): readonly number[] | undefined {
  const { steps, times } = curve;
  if (axis === 'step') {
    return steps;
  }
  if (axis === 'sample') {
    const batch = task?.inspection?.batchSize;
    return batch === undefined ? undefined : steps.map(step => step * batch);
  }
  const start = trainingStart(curve, task);
  // Clocks of nodes differ a little: nothing is before the beginning.
  return start === undefined ? undefined : times.map(time => Math.max(0, time - start));
}

function switchesOf(
  { steps, segments }: Curve,
  x: readonly number[],
  y: readonly (number | null)[]
): ICurveSwitch[] {
  return segments.slice(1).flatMap((after, i) => {
    const before = segments[i] as CurveSegment;
    const at = steps.findIndex(step => step >= after.step);
    const height = y[at];
    const isOther =
      strategyKey(before.strategy) !== strategyKey(after.strategy) ||
      before.node !== after.node ||
      before.devices.join() !== after.devices.join();
    return isOther && at >= 0 && height !== null && height !== undefined
      ? [{ x: x[at] as number, y: height, before, after }]
      : [];
  });
}

/** Least and largest x of some lines; null where there is no point. */
export function linesExtent(lines: readonly IPlottedCurve[]): IStretch | null {
  const range: [number, number] = [Infinity, -Infinity];
  for (const { x, y } of lines) {
    y.forEach((value, i) => {
      if (value !== null) {
        widen(range, x[i] as number);
      }
    });
  }
  return range[0] > range[1] ? null : { from: range[0], to: range[1] };
}

/** Of more lines nothing is drawn but themselves: not what they were before they were smoothed, nor their spread. */
export const MOST_DETAILED = 12;

/** What of some lines is drawn: a stretch of both axes, with room at the ends of the upright one. */
export function drawnRange(
  lines: readonly IPlottedCurve[],
  stretch: IStretch | null,
  log: boolean
): { x: readonly [number, number]; y: readonly [number, number] } {
  const { from, to } = stretch ?? linesExtent(lines) ?? { from: 0, to: 1 };
  const range: [number, number] = [Infinity, -Infinity];
  const isDetailed = lines.length <= MOST_DETAILED;
  for (const { x, y } of isDetailed ? lines.flatMap(withRaw) : lines) {
    y.forEach((value, i) => {
      // One point beyond either end, as the line from there is seen.
      if (value !== null && (x[i + 1] ?? Infinity) >= from && (x[i - 1] ?? -Infinity) <= to) {
        widen(range, value);
      }
    });
  }
  return { x: to > from ? [from, to] : [from - 0.5, from + 0.5], y: roomy(range, log) };
}

function withRaw({ x, y, raw }: IPlottedCurve): Pick<IPlottedCurve, 'x' | 'y'>[] {
  return raw
    ? [
        { x, y },
        { x, y: raw }
      ]
    : [{ x, y }];
}

function roomy([least, most]: readonly [number, number], log: boolean): [number, number] {
  if (least > most) {
    return log ? [0.1, 1] : [0, 1];
  }
  if (log) {
    const factor = Math.max(1.05, (most / least) ** 0.05);
    return [least / factor, most * factor];
  }
  const room = (most - least) * 0.05 || Math.abs(most) * 0.05 || 0.5;
  return [least - room, most + room];
}

function widen(range: [number, number], value: number): void {
  range[0] = Math.min(range[0], value);
  range[1] = Math.max(range[1], value);
}

/** Index of the last point at or before a place, or of the first; -1 when there is none. */
export function indexAt(x: readonly number[], place: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) <= place) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return x.length === 0 ? -1 : Math.max(0, low - 1);
}

/** A line's value at a place, by its last point there or before; undefined outside of it, or where there is none. */
export function valueAt(line: IPlottedCurve, place: number): number | undefined {
  const first = line.x[0];
  const last = line.x.at(-1);
  if (first === undefined || last === undefined || place < first || place > last) {
    return undefined;
  }
  return line.y[indexAt(line.x, place)] ?? undefined;
}

/** A stretch of an axis. */
export interface IStretch {
  readonly from: number;
  readonly to: number;
}

/**
 * The steps that a stretch of an axis spans of some curves: those of any of them. Undefined when it has none of them.
 *
 * @param curves - in full, not of a window.
 */
export function stepsWithin(
  stretch: IStretch,
  axis: CurveAxis,
  curves: readonly Curve[],
  tasks: ReadonlyMap<string, TaskState>
): IStretch | undefined {
  if (axis === 'step') {
    return { from: Math.max(0, Math.floor(stretch.from)), to: Math.max(1, Math.ceil(stretch.to)) };
  }
  const steps: [number, number] = [Infinity, -Infinity];
  for (const curve of curves) {
    const x = curveX(curve, tasks.get(curve.task), axis) ?? [];
    const first = x[0];
    const last = x.at(-1);
    if (first === undefined || last === undefined || last < stretch.from || first > stretch.to) {
      continue;
    }
    const to = Math.min(x.length - 1, indexAt(x, stretch.to) + 1);
    widen(steps, curve.steps[indexAt(x, stretch.from)] as number);
    widen(steps, curve.steps[to] as number);
  }
  return steps[0] > steps[1] ? undefined : { from: steps[0], to: Math.max(steps[1], steps[0] + 1) };
}
