import type { Curve } from '../../core/wire/messages.js';
import type { IBucket } from './curveTable.js';

/** The points of a curve, as the wire has them. */
export type Points = Pick<Curve, 'steps' | 'values' | 'times' | 'low' | 'high'>;

/**
 * At most so many points, two at least, of buckets in a row: each bucket goes into one, none is left out, and the first and
 * the last stay what they are where there are three.
 */
export function thinned(buckets: readonly IBucket[], most: number): Points {
  const size = Math.min(buckets.length, most);
  const within = (i: number): number =>
    i === 0 || size < 3 ? i : 1 + Math.floor(((i - 1) * (buckets.length - 2)) / (size - 2));
  const points = Array.from({ length: size }, (_, i) =>
    joined(buckets, within(i), i === size - 1 ? buckets.length : within(i + 1))
  );
  return {
    steps: points.map(point => point.step),
    values: points.map(point => rounded(point.mean)),
    times: points.map(point => Math.round(point.time * 1000) / 1000),
    ...(points.some(point => point.seen > 1) && {
      low: points.map(point => rounded(point.low)),
      high: points.map(point => rounded(point.high))
    })
  };
}

/** One bucket of some. */
function joined(buckets: readonly IBucket[], from: number, to: number): IBucket {
  const last = buckets[to - 1] as IBucket;
  if (to - from === 1) {
    return last;
  }
  let [seen, count, mean, low, high] = [0, 0, 0, Infinity, -Infinity];
  for (let i = from; i < to; i++) {
    const bucket = buckets[i] as IBucket;
    seen += bucket.seen;
    if (bucket.count > 0) {
      count += bucket.count;
      mean += ((bucket.mean - mean) * bucket.count) / count;
      low = Math.min(low, bucket.low);
      high = Math.max(high, bucket.high);
    }
  }
  const { step, time } = last;
  return count > 0
    ? { step, time, seen, count, mean, low, high }
    : { step, time, seen, count, mean: Number.NaN, low: Number.NaN, high: Number.NaN };
}

/** To six digits, which is what a chart can show; null for what is no number. */
function rounded(value: number): number | null {
  if (!Number.isFinite(value)) {
    return null;
  }
  if (value === 0) {
    return 0;
  }
  const digits = 5 - Math.floor(Math.log10(Math.abs(value)));
  // Powers of ten are exact up to the 22nd only, and quotients by them are the nearest there are.
  if (digits > 22 || digits < -22) {
    return Number(value.toPrecision(6));
  }
  return digits >= 0
    ? Math.round(value * 10 ** digits) / 10 ** digits
    : Math.round(value / 10 ** -digits) * 10 ** -digits;
}
