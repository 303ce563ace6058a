import type { Argument, SweepSpec } from '../wire/messages.js';
import { admits, nthValue, sizeOf, valueAt } from './dimension.js';
import { uniformFraction } from './fractions.js';
import { haltonFraction } from './halton.js';

/** Values of the parameters of a sweep, by their names. */
export type Point = Readonly<Record<string, Argument>>;

/** What tells a point from all others. */
export function pointKey(point: Point): string {
  return JSON.stringify(
    Object.keys(point)
      .sort()
      .map(name => [name, point[name]])
  );
}

/** How many points a space has; Infinity where they cannot be counted. */
export function spaceSize({ space }: Pick<SweepSpec, 'space'>): number {
  return Object.values(space).reduce((size, dimension) => size * sizeOf(dimension), 1);
}

/** Whether a point is one of a space: it has its parameters, with values that they may have. */
export function isWithin({ space }: Pick<SweepSpec, 'space'>, point: Point): boolean {
  const names = Object.keys(space);
  return (
    names.length === Object.keys(point).length &&
    names.every(name => Object.hasOwn(point, name) && admits(space[name]!, point[name]!))
  );
}

/** The point of a number, random or, for `qmc`, of a sequence that fills the space evenly. */
function drawn({ space, search, seed }: SweepSpec, index: number): Point {
  const fraction = search === 'qmc' ? haltonFraction : uniformFraction;
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension], place) => [
      name,
      valueAt(dimension, fraction(seed, index, place))
    ])
  );
}

/** So many draws in a row that bring nothing new say that little is left of a space, which is then gone through. */
const PATIENCE = 1000;

/**
 * The points of a space, each once: for ever, or until there is no other. They are the same whenever they are asked for,
 * as they follow from the sweep alone.
 */
export function* pointsOf(sweep: SweepSpec): Generator<Point, void> {
  const size = spaceSize(sweep);
  const seen = new Set<string>();
  let misses = 0;
  for (let index = 0; seen.size < size && misses < PATIENCE; index += 1) {
    const point = drawn(sweep, index);
    const key = pointKey(point);
    misses = seen.has(key) ? misses + 1 : 0;
    if (misses === 0) {
      seen.add(key);
      yield point;
    }
  }
  if (size < Infinity) {
    for (const point of everyPoint(sweep)) {
      if (!seen.has(pointKey(point))) {
        yield point;
      }
    }
  }
}

function everyPoint({ space }: SweepSpec): Point[] {
  return Object.entries(space).reduce<Point[]>(
    (points, [name, dimension]) => {
      const size = sizeOf(dimension);
      const values = Array.from({ length: size }, (_, place) => nthValue(dimension, place));
      return points.flatMap(point => values.map(value => ({ ...point, [name]: value })));
    },
    [{}]
  );
}
