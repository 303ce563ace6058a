import type { Argument, Range, SweepSpec } from '../wire/messages.js';
import { isChoices, nthValue, readable, sizeOf, strideOf, valueAt } from './dimension.js';
import { uniformFraction } from './fractions.js';
import { type Point, pointKey } from './space.js';

/** What a value is changed by, one way or the other, as Jaderberg et al. (2017) do. */
const FACTORS = [0.8, 1.25] as const;

/** How often another neighbour is looked for. */
const ATTEMPTS = 16;

/**
 * A point beside another: what has a range is changed a little, to a neighbour where it goes in steps. What has values to
 * choose from stays: it may be what a model looks like, whose weights would fit no other.
 *
 * @param number - tells the random numbers of this point from those of others.
 * @param taken - others beside the same: it is none of them, as long as there is another.
 */
export function perturbed(
  { space, seed }: SweepSpec,
  point: Point,
  number: number,
  taken: readonly Point[] = []
): Point {
  const parameters = Object.keys(space);
  const known = new Set(taken.map(pointKey));
  let found = point;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    found = Object.fromEntries(
      Object.entries(point).map(([name, value]) => {
        const dimension = Object.hasOwn(space, name) ? space[name] : undefined;
        // One number more than there are parameters: whom a point is beside is decided by that.
        const place = attempt * (parameters.length + 1) + parameters.indexOf(name);
        return dimension && !isChoices(dimension) && typeof value === 'number'
          ? [name, beside(dimension, value, uniformFraction(seed, number, place))]
          : [name, value];
      })
    );
    if (!known.has(pointKey(found))) {
      break;
    }
  }
  return found;
}

function beside(range: Range, value: number, fraction: number): Argument {
  const [first, other] = fraction < 0.5 ? FACTORS : ([FACTORS[1], FACTORS[0]] as const);
  const next = moved(range, value, first);
  return next === value ? moved(range, value, other) : next;
}

/** A value changed by a factor as far as its range goes; by one step at least where it goes in steps. */
function moved(range: Range, value: number, factor: number): number {
  const stride = strideOf(range);
  if (stride !== undefined) {
    const place = Math.round((value - range.low) / stride);
    const aim = range.scale === 'log' ? Math.round((value * factor - range.low) / stride) : place;
    const next = factor > 1 ? Math.max(place + 1, aim) : Math.min(place - 1, aim);
    return nthValue(range, Math.max(0, Math.min(lastPlace(range), next))) as number;
  }
  // Of nothing a share is nothing.
  return value === 0
    ? (valueAt(range, factor - Math.floor(factor)) as number)
    : readable(range, value < 0 ? value / factor : value * factor);
}

function lastPlace(range: Range): number {
  const size = sizeOf(range);
  return size === Infinity ? Math.floor((range.high - range.low) / (strideOf(range) ?? 1)) : size - 1;
}
