/** A mark on an axis. */
export interface IAxisTick {
  readonly value: number;
  /** 0 at the beginning of the axis, 1 at its end. */
  readonly place: number;
}

/** An axis of numbers. */
export interface IValueAxis {
  readonly low: number;
  readonly high: number;
  readonly isLog: boolean;
  readonly ticks: readonly IAxisTick[];
  /** Where a value is: 0 at the beginning of the axis, 1 at its end; NaN for what a logarithmic axis does not have. */
  place(value: number): number;
}

/** How many times as large as the least the largest value is, so that a linear axis shows the small ones as nothing. */
const WIDE = 100;

/** Whether values are read more easily on a logarithmic axis. */
export function isWide(values: Iterable<number | null>): boolean {
  const [low, high] = extent(values);
  return low > 0 && high / low >= WIDE;
}

/** Least and greatest of some values; NaN when there are none. */
export function extent(values: Iterable<number | null>): [number, number] {
  let [low, high] = [Number.NaN, Number.NaN];
  for (const value of values) {
    if (value !== null && Number.isFinite(value)) {
      low = value < low ? value : Number.isNaN(low) ? value : low;
      high = value > high ? value : Number.isNaN(high) ? value : high;
    }
  }
  return [low, high];
}

/**
 * A linear axis that holds the values from one to another; with `rounds`, from tick to tick.
 *
 * @param most - how many intervals there are at most.
 */
export function linearAxis(from: number, to: number, most: number, rounds = false): IValueAxis {
  const size = Math.max(Math.abs(from), Math.abs(to)) || 1;
  const [low, high] = to - from >= size * 1e-9 ? [from, to] : [from - size / 10, to + size / 10];
  const step = roundStep((high - low) / Math.max(1, most));
  const [first, last] = rounds
    ? [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)]
    : [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  const [begin, end] = rounds ? [first * step, last * step] : [low, high];
  const place = (value: number): number => (value - begin) / (end - begin);
  const ticks = Array.from({ length: Math.max(0, last - first) + 1 }, (_, i) =>
    tidy((first + i) * step, step)
  );
  return {
    low: begin,
    high: end,
    isLog: false,
    ticks: ticks.map(value => ({ value, place: place(value) })),
    place
  };
}

/** A logarithmic axis; its values are greater than zero. */
export function logAxis(from: number, to: number, most: number): IValueAxis {
  const [low, high] = to > from ? [from, to] : [from / 2, to * 2];
  const [begin, end] = [Math.log10(low), Math.log10(high)];
  const place = (value: number): number =>
    value > 0 ? (Math.log10(value) - begin) / (end - begin) : Number.NaN;
  const within = (value: number): boolean => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const decades = (factors: readonly number[], every: number): number[] => {
    const found: number[] = [];
    for (let power = Math.floor(begin / every) * every; power <= end; power += every) {
      found.push(...factors.map(factor => Number(`${factor}e${power}`)).filter(within));
    }
    return found;
  };
  const candidates = [[1, 2, 5], [1, 3], [1]].map(factors => decades(factors, 1));
  const sparse = [2, 3, 5, 10, 20, 50, 100].map(every => decades([1], every));
  const ticks = [...candidates, ...sparse].find(found => found.length <= most + 1) ?? [];
  return { low, high, isLog: true, ticks: ticks.map(value => ({ value, place: place(value) })), place };
}

/** The smallest of 1, 2 and 5 times a power of ten that is at least so much. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find(n => n * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** A multiple of a step without what binary fractions add to it. */
function tidy(value: number, step: number): number {
  const digits = Math.min(100, Math.max(0, 1 - Math.floor(Math.log10(step))));
  return Number(value.toFixed(digits)) + 0;
}
