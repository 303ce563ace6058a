import { extent, linearAxis, logAxis } from '../curves/valueAxis.js';

/** A mark beside an axis. */
export interface IScaleTick {
  /** From 0, the beginning of the axis, to 1. */
  readonly at: number;
  readonly label: string;
}

/** Where the values of an axis are. */
export interface IScale {
  readonly kind: 'linear' | 'log' | 'category';
  readonly ticks: readonly IScaleTick[];
  /** From 0, the beginning of the axis, to 1; undefined for what is not on it. */
  place(value: number | string | undefined): number | undefined;
}

/** Numbers over so many times their least are easier to tell apart by their logarithms. */
const WIDE = 30;

/** So many different numbers are told one by one, as far as there is room between them. */
const FEW_VALUES = 8;
const LEAST_APART = 0.06;

/** How many intervals there are at most between ticks. */
const INTERVALS = 5;

/** Whether numbers are better drawn by their logarithms. */
export function suggestsLog(values: readonly number[]): boolean {
  const least = Math.min(...values);
  return values.length > 0 && least > 0 && Math.max(...values) / least >= WIDE;
}

/** Whether numbers can be drawn by their logarithms. */
export function allowsLog(values: readonly number[]): boolean {
  return values.length > 0 && values.every(value => value > 0);
}

/**
 * A scale of numbers.
 *
 * @param atValues - whether ticks are at the numbers themselves while they are few, and not at round ones.
 */
export function numberScale(values: readonly number[], log: boolean, atValues = false): IScale {
  const scale = numbersAlong(values, log && allowsLog(values));
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  if (!atValues || distinct.length > FEW_VALUES) {
    return scale;
  }
  const ticks: IScaleTick[] = [];
  for (const value of distinct) {
    const at = scale.place(value) as number;
    if (at - (ticks.at(-1)?.at ?? -Infinity) >= LEAST_APART) {
      ticks.push({ at, label: numberLabel(value) });
    }
  }
  return { ...scale, ticks };
}

function numbersAlong(values: readonly number[], log: boolean): IScale {
  const [least, most] = values.length > 0 ? extent(values) : [0, 1];
  const axis = log ? logAxis(least, most, INTERVALS) : linearAxis(least, most, INTERVALS);
  return {
    kind: log ? 'log' : 'linear',
    ticks: axis.ticks.map(({ value, place }) => ({ at: place, label: numberLabel(value) })),
    place: value => {
      const at = typeof value === 'number' ? axis.place(value) : Number.NaN;
      return Number.isFinite(at) ? at : undefined;
    }
  };
}

/** A scale of names, in their order, at equal distances. */
export function categoryScale(names: readonly string[]): IScale {
  const places = new Map(
    names.map((name, i) => [name, names.length > 1 ? i / (names.length - 1) : 0.5] as const)
  );
  return {
    kind: 'category',
    ticks: [...places].map(([label, at]) => ({ at, label })),
    place: value => (value === undefined ? undefined : places.get(String(value)))
  };
}

/** A number in few characters: `0.001`, `1e-5`, `25000`. */
export function numberLabel(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6)
    ? value
        .toExponential(3)
        .replace(/\.?0+e/, 'e')
        .replace('e+', 'e')
    : String(Number(value.toPrecision(6)));
}
