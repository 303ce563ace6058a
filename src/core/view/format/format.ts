import { bytes as bytesOf, duration as durationOf } from '../../model/quantities.js';
import type { ITranslation } from '../../model/translation.js';
import type { Argument } from '../../wire/messages.js';

/** Shown where there is no value. */
export const NOTHING = '–';

const trimmed = (value: number, digits: number): string => String(Number(value.toPrecision(digits)));

/** A length of time in two units at most: `4.2 s`, `24.3 s`, `1 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number | undefined, trans: ITranslation): string {
  if (seconds === undefined || !Number.isFinite(seconds)) {
    return NOTHING;
  }
  if (seconds < 0) {
    return `-${duration(-seconds, trans)}`;
  }
  return seconds > 0 && seconds < 0.001 ? trans.__('under %1', '1 ms') : durationOf(seconds);
}

/** A length of time that is an estimate, as exact as one can be: `4 s`, `45 s`, `6 min`, `2 h 10 min`. */
export function roughly(seconds: number, trans: ITranslation): string {
  const unit = ROUGH_UNITS.find(([from]) => seconds >= from)?.[1] ?? 1;
  return duration(Math.max(1, Math.round(seconds / unit) * unit), trans);
}

/** From how many seconds on a length of time is told in which unit. */
const ROUGH_UNITS = [
  [24 * 3600, 3600],
  [10 * 3600, 1800],
  [3600, 300],
  [300, 60],
  [120, 10],
  [30, 5]
] as const;

/** How much is done, from 0 to 1, in whole percents: `42 %`. Only all is 100 %, and little is not nothing. */
export function sharePercent(share: number, trans: ITranslation): string {
  return share > 0 && share < 0.01
    ? trans.__('under %1', '1 %')
    : `${share >= 1 ? 100 : Math.min(99, Math.floor(share * 100))} %`;
}

/** The time of one step: `0.85 ms`, `42 ms`, `1.3 s`. */
export function stepTime(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) {
    return NOTHING;
  }
  if (seconds >= 1) {
    return `${trimmed(seconds, 3)} s`;
  }
  return `${trimmed(seconds * 1000, seconds >= 0.1 ? 3 : 2)} ms`;
}

/** A memory size in binary units, at most three digits: `512 B`, `310 MiB`, `1.5 GiB`. */
export function bytes(size: number | undefined): string {
  if (size === undefined || !Number.isFinite(size)) {
    return NOTHING;
  }
  return bytesOf(size);
}

/** A value of a sweep's parameter, much as it was written: `0.1`, `None`, `[64, 32]`. */
export function argument(value: Argument): string {
  if (Array.isArray(value)) {
    return `[${value.map(argument).join(', ')}]`;
  }
  return value === null ? 'None' : String(value);
}

/** A whole number with thousands separated: `12,345`. */
export function count(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value)
    ? NOTHING
    : String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A large number in three digits: `950`, `12.3 K`, `1.25 M`, `7.24 B`. */
export function compactCount(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) {
    return NOTHING;
  }
  for (const [size, unit] of [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K']
  ] as const) {
    if (value >= size * 0.9995) {
      return `${trimmed(value / size, 3)} ${unit}`;
    }
  }
  return trimmed(value, 3);
}

/** A fraction as percentage: 0.034 is `3.4 %`. Small but not nothing is `under 0.1 %`. */
export function percent(fraction: number | undefined, trans: ITranslation): string {
  if (fraction === undefined || !Number.isFinite(fraction)) {
    return NOTHING;
  }
  const value = fraction * 100;
  if (value > 0 && value < 0.1) {
    return trans.__('under %1', '0.1 %');
  }
  return `${Math.abs(value) < 9.95 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

/** A loss or a metric in four digits; null, which means "not a number", is said so. */
export function metric(value: number | null | undefined, trans: ITranslation): string {
  if (value === undefined) {
    return NOTHING;
  }
  if (value === null || Number.isNaN(value)) {
    return trans.__('not a number');
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    return value.toExponential(2);
  }
  return size < 1 ? value.toFixed(4) : value.toPrecision(4);
}

/** `1 task`, `3 tasks`. */
export function taskCount(number: number, trans: ITranslation): string {
  return trans._n('%2 task', '%2 tasks', number, count(number));
}

/** `1 device`, `3 devices`. */
export function deviceCount(number: number, trans: ITranslation): string {
  return trans._n('%2 device', '%2 devices', number, count(number));
}

/** `a, b and c`; with a limit, `a, b and 3 more`. */
export function listing(items: readonly string[], trans: ITranslation, limit = Infinity): string {
  const shown =
    items.length > limit
      ? [...items.slice(0, limit), trans.__('%1 more', count(items.length - limit))]
      : items;
  return shown.length < 2
    ? shown.join('')
    : trans.__('%1 and %2', shown.slice(0, -1).join(', '), shown.at(-1) as string);
}

/**
 * A moment as `2026-01-31 14:05 UTC`, the same wherever it is read.
 *
 * @param precise - with seconds, `2026-01-31 14:05:07 UTC`.
 */
export function moment(secondsSinceEpoch: number, precise = false): string {
  const time = new Date(secondsSinceEpoch * 1000).toISOString().slice(0, precise ? 19 : 16);
  return `${time.replace('T', ' ')} UTC`;
}

/**
 * A moment by the clock of whoever reads it: `18:30`, or `2026-01-31 18:30` when it is not on the day of `now`.
 *
 * @param precise - with seconds, `18:30:07`.
 */
export function clockTime(secondsSinceEpoch: number, now: number, precise = false): string {
  const [date, today] = [new Date(secondsSinceEpoch * 1000), new Date(now * 1000)];
  const two = (value: number): string => String(value).padStart(2, '0');
  const minute = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const time = precise ? `${minute}:${two(date.getSeconds())}` : minute;
  return date.toDateString() === today.toDateString()
    ? time
    : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}
