import type { Argument, Dimension } from '../wire/messages.js';

type Choices = Extract<Dimension, { values: unknown }>;
type Range = Exclude<Dimension, Choices>;

/** More values than this are as good as any number of them. */
const COUNTABLE = 1e6;

/** Whether a parameter has values to choose from, and no range. */
export function isChoices(dimension: Dimension): dimension is Choices {
  return 'values' in dimension;
}

/** How many values a parameter may have; Infinity for any number between two. */
export function sizeOf(dimension: Dimension): number {
  if (isChoices(dimension)) {
    return dimension.values.length;
  }
  const stride = strideOf(dimension);
  const size = stride === undefined ? Infinity : stridesIn(dimension, stride) + 1;
  return size > COUNTABLE ? Infinity : size;
}

/**
 * The value that lies at a fraction of a parameter: of a range, evenly by number, or by logarithm.
 *
 * @param fraction - in [0, 1).
 */
export function valueAt(dimension: Dimension, fraction: number): Argument {
  const size = sizeOf(dimension);
  if (isChoices(dimension)) {
    return nthValue(dimension, Math.floor(fraction * size));
  }
  const { low, high, scale } = dimension;
  const stride = strideOf(dimension);
  if (stride === undefined) {
    const value = scale === 'log' ? low * (high / low) ** fraction : low + fraction * (high - low);
    return readable(dimension, value);
  }
  const last = stridesIn(dimension, stride);
  // Each of the values has the same share of the range, those at its ends as well.
  const place =
    scale === 'log'
      ? Math.round((logBetween(low, last, stride, fraction) - low) / stride)
      : Math.floor(fraction * (last + 1));
  return nthValue(dimension, Math.max(0, Math.min(last, place)));
}

/** One of the values of a parameter that has only so many, by its place among them. */
export function nthValue(dimension: Dimension, place: number): Argument {
  if (isChoices(dimension)) {
    return dimension.values[place]!;
  }
  const { low } = dimension;
  const stride = strideOf(dimension) ?? 0;
  const value = low + stride * place;
  // 0.1 and two strides of 0.1 are 0.3, not 0.30000000000000004.
  return Number.isInteger(low) && Number.isInteger(stride) ? value : Number(value.toPrecision(12));
}

/** Whether a parameter may have a value. */
export function admits(dimension: Dimension, value: Argument): boolean {
  if (isChoices(dimension)) {
    const text = JSON.stringify(value);
    return dimension.values.some(one => JSON.stringify(one) === text);
  }
  if (typeof value !== 'number' || value < dimension.low || value > dimension.high) {
    return false;
  }
  const stride = strideOf(dimension);
  const places = stride === undefined ? 0 : (value - dimension.low) / stride;
  return Math.abs(places - Math.round(places)) < 1e-6;
}

/** From value to value of a range; undefined when any number is one. */
export function strideOf({ whole, stride }: Range): number | undefined {
  return stride ?? (whole ? 1 : undefined);
}

/** How often a stride fits into a range; what rounding takes away is forgiven. */
function stridesIn({ low, high }: Range, stride: number): number {
  return Math.floor((high - low) / stride + 1e-9);
}

/** By logarithm between half a stride below the lowest value and half a one above the highest. */
function logBetween(low: number, last: number, stride: number, fraction: number): number {
  const from = Math.max(low - stride / 2, low / 2);
  const to = low + stride * (last + 0.5);
  return from * (to / from) ** fraction;
}

/** A number with as many digits as matter: a millionth of the range, or of itself where it goes by logarithm. */
export function readable({ low, high, scale }: Range, value: number): number {
  const digits =
    scale === 'log' ? 6 : 7 + Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high)) / (high - low)));
  return Math.min(high, Math.max(low, Number(value.toPrecision(Math.min(17, Math.max(1, digits))))));
}
