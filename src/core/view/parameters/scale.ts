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

/** About how many intervals there are between ticks. */
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
  const scale = log && allowsLog(values) ? logScale(values) : linearScale(values);
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

function linearScale(values: readonly number[]): IScale {
  const [from, to] = extent(values);
  const step = roundStep((to - from) / INTERVALS);
  const ticks: IScaleTick[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) {
    const value = Number((i * step).toPrecision(12));
    ticks.push({ at: (value - from) / (to - from), label: numberLabel(value) });
  }
  return { kind: 'linear', ticks, place: value => placeOf(value, number => (number - from) / (to - from)) };
}

function logScale(values: readonly number[]): IScale {
  const [from, to] = extent(values.map(Math.log10));
  const at = (value: number): number => (Math.log10(value) - from) / (to - from);
  const decades = to - from;
  const every = Math.max(1, Math.ceil(decades / (INTERVALS + 1)));
  const factors = decades < 1 ? [1, 2, 3, 5, 7] : decades < 3 ? [1, 3] : [1];
  const ticks: IScaleTick[] = [];
  for (let power = Math.floor(from); power <= Math.ceil(to); power += every) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (at(value) >= -1e-9 && at(value) <= 1 + 1e-9) {
        ticks.push({ at: at(value), label: numberLabel(value) });
      }
    }
  }
  return {
    kind: 'log',
    ticks,
    place: value => placeOf(value, number => (number > 0 ? at(number) : undefined))
  };
}

function placeOf(
  value: number | string | undefined,
  at: (value: number) => number | undefined
): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? at(value) : undefined;
}

/** Least and largest, some way apart. */
function extent(values: readonly number[]): [number, number] {
  const from = values.length > 0 ? Math.min(...values) : 0;
  const to = values.length > 0 ? Math.max(...values) : 1;
  if (to > from) {
    return [from, to];
  }
  const half = Math.abs(from) / 10 || 0.5;
  return [from - half, from + half];
}

/** The least of 1, 2, 5, 10, 20, 50... that is not less. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find(factor => factor * power >= least * (1 - 1e-9)) ?? 10) * power;
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
