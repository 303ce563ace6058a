import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { Curve } from '../../wire/messages.js';
import { count, metric as metricText } from '../format/format.js';
import { extent, isWide } from './valueAxis.js';

/** A metric of a task, as the engine tells it. */
export interface ILoggedCurve {
  /** Name of the metric. */
  readonly metric: string;
  readonly curve: Curve;
}

/** A line of a chart. */
export interface ICurveLine {
  readonly label: string;
  readonly steps: readonly number[];
  /** Null where there is no number. */
  readonly values: readonly (number | null)[];
  /** Least and greatest of the steps that a point stands for. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

/** A step after which something changed, and what it is from then on. */
export interface ICurveMark {
  readonly step: number;
  readonly label: string;
}

/** Curves over the steps of training. */
export interface ICurveChart {
  readonly title: string;
  /** What it shows, for those who do not see it. */
  readonly description: string;
  readonly lines: readonly ICurveLine[];
  readonly marks: readonly ICurveMark[];
  /** Whether the axis of the values is logarithmic. */
  readonly isLog: boolean;
}

/** A chart of curves of one metric, those without any point left out; null when none is left. */
export function curveChart(title: string, curves: readonly Curve[], trans: ITranslation): ICurveChart | null {
  const shown = curves.filter(({ values }) => values.some(value => value !== null));
  const [first] = shown;
  if (!first) {
    return null;
  }
  const lines = shown.map(({ task, steps, values, low, high }) => ({
    label: task,
    steps,
    values,
    ...(low && high && { low, high })
  }));
  const marks = shown.length === 1 ? switchesOf(first) : [];
  return {
    title,
    description: [
      ...lines.map(line => trans.__('%1: %2', line.label, courseWords(line, trans))),
      ...marks.map(mark => markWords(mark, trans))
    ].join('; '),
    lines,
    marks,
    isLog: isWide(
      lines.flatMap(({ values, low }) => (low && lines.length === 1 ? [...low, ...values] : values))
    )
  };
}

/** How a curve went: `2.303 at step 1 to about 0.1204 at step 1,000, between 0.1101 and 2.31`. */
export function courseWords({ steps, values, low, high }: ICurveLine, trans: ITranslation): string {
  const known = values.flatMap((value, i) => (value === null ? [] : [i]));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) {
    return trans.__('not a number');
  }
  const valueAt = (i: number): string => {
    const text = metricText(values[i], trans);
    // A point may stand for several steps.
    return low && high && low[i] !== high[i] ? trans.__('about %1', text) : text;
  };
  const stepAt = (i: number): string => count(steps[i]);
  if (first === last) {
    return trans.__('%1 at step %2', valueAt(last), stepAt(last));
  }
  const [least] = extent(low ?? values);
  const [, greatest] = extent(high ?? values);
  return trans.__(
    '%1 at step %2 to %3 at step %4, between %5 and %6',
    valueAt(first),
    stepAt(first),
    valueAt(last),
    stepAt(last),
    metricText(least, trans),
    metricText(greatest, trans)
  );
}

/** `ddp x2 from step 400 on`. */
export function markWords({ step, label }: ICurveMark, trans: ITranslation): string {
  return trans.__('%1 from step %2 on', label, count(step));
}

/** Where a task went on with another strategy, or on other devices. */
function switchesOf({ segments }: Curve): ICurveMark[] {
  const place = ({ strategy, node, devices }: Curve['segments'][number]): string =>
    JSON.stringify([strategyLabel(strategy), node, devices]);
  return segments.flatMap((segment, i) => {
    const before = segments[i - 1];
    return before && place(before) !== place(segment)
      ? [{ step: segment.step, label: strategyLabel(segment.strategy) }]
      : [];
  });
}
