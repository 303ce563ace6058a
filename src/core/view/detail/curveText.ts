import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { CurveSegment } from '../../wire/messages.js';
import { printable } from '../format/escape.js';
import { bytes, compactCount, count, duration, metric, stepTime } from '../format/format.js';
import type { CurveAxis, ICurveSwitch } from './plottedCurves.js';

/** What every task logs, if it can. */
const KNOWN = ['loss', 'lr', 'grad_norm', 'step_seconds', 'samples_per_second', 'peak_bytes'] as const;

/** The metric that is looked at first. */
export const TRAINING_LOSS = 'loss';

/** Before the names of metrics that evaluations tell. */
const EVALUATION = 'eval/';

/** What a person calls a metric of a log; printable, whatever its name is. */
export function metricLabel(name: string, trans: ITranslation): string {
  switch (name as (typeof KNOWN)[number]) {
    case 'loss':
      return trans.__('Training loss');
    case 'lr':
      return trans.__('Learning rate');
    case 'grad_norm':
      return trans.__('Gradient norm');
    case 'step_seconds':
      return trans.__('Time of a step');
    case 'samples_per_second':
      return trans.__('Samples per second');
    case 'peak_bytes':
      return trans.__('Peak memory');
    default:
      return name.startsWith(EVALUATION)
        ? trans.__('%1 (evaluated)', printable(name.slice(EVALUATION.length)))
        : printable(name);
  }
}

/** Names of metrics as they are offered: the loss, then what evaluations and the tasks tell, then what costs. */
export function sortedMetrics(names: Iterable<string>): string[] {
  const rank = (name: string): number => {
    const known = KNOWN.indexOf(name as (typeof KNOWN)[number]);
    return known === 0 ? 0 : known > 0 ? 3 + known : name.startsWith(EVALUATION) ? 1 : 2;
  };
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}

/** A value of a metric with its unit. */
export function metricValue(name: string, value: number | null | undefined, trans: ITranslation): string {
  if (value !== null && value !== undefined) {
    if (name === 'peak_bytes') {
      return bytes(value);
    }
    if (name === 'step_seconds') {
      return stepTime(value);
    }
  }
  return metric(value, trans);
}

/** A value of a metric beside an axis: short, without trailing zeros. */
export function tickText(name: string, value: number): string {
  if (name === 'peak_bytes') {
    return bytes(value);
  }
  if (name === 'step_seconds') {
    return value === 0 ? '0' : stepTime(value);
  }
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? value
        .toExponential()
        .replace(/(\.\d{2})\d+/, '$1')
        .replace('e+', 'e')
    : String(Number(value.toPrecision(6)));
}

/** What is drawn along an axis. */
export function axisLabel(axis: CurveAxis, trans: ITranslation): string {
  switch (axis) {
    case 'step':
      return trans.__('Steps');
    case 'sample':
      return trans.__('Samples');
    case 'time':
      return trans.__('Time since its start');
  }
}

/** A place on an axis, beside it. */
export function axisTick(axis: CurveAxis, place: number, trans: ITranslation): string {
  return axis === 'time' ? (place === 0 ? '0' : duration(place, trans)) : compactCount(place);
}

/** A place on an axis, in a sentence. */
export function axisPlace(axis: CurveAxis, place: number, trans: ITranslation): string {
  switch (axis) {
    case 'step':
      return trans.__('step %1', count(place));
    case 'sample':
      return trans.__('sample %1', count(place));
    case 'time':
      return trans.__('after %1', duration(place, trans));
  }
}

/** How a task trained, and where: `ddp x2 on cpu0, cpu1`. */
export function segmentWords({ strategy, devices }: CurveSegment, trans: ITranslation): string {
  return trans.__('%1 on %2', strategyLabel(strategy), printable(devices.join(', ')));
}

/** Where and how a task has gone on in another way: `step 400: single x1 on cpu0, then ddp x2 on cpu0, cpu1`. */
export function switchWords({ before, after }: ICurveSwitch, trans: ITranslation): string {
  return trans.__(
    '%1: %2, then %3',
    axisPlace('step', after.step, trans),
    segmentWords(before, trans),
    segmentWords(after, trans)
  );
}
