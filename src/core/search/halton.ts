import { mixed } from './fractions.js';

/** A digit less than this far behind the point changes nothing that a double could hold. */
const SMALLEST = 2 ** -40;

/**
 * A number in [0, 1) of a scrambled Halton sequence: the digits of the index in a prime base, each permuted by the seed,
 * behind the point in the order from the last to the first. The numbers of an index in different bases fill a cube far more
 * evenly than random ones; permuted, they do so in bases above ten, too (Owen 2017, arXiv:1706.02808).
 *
 * @param dimension - which parameter it is for; each has a base of its own.
 */
export function haltonFraction(seed: number, index: number, dimension: number): number {
  const base = prime(dimension);
  let fraction = 0;
  let rest = index;
  let place = 1 / base;
  // Leading zeros count: they are permuted as well, each place by its own permutation.
  for (let digit = 0; place > SMALLEST; digit += 1) {
    const order = permutation(base, mixed(mixed(seed + 0x51ed27) + dimension) + digit);
    fraction += place * order[rest % base]!;
    rest = Math.floor(rest / base);
    place /= base;
  }
  return Math.min(fraction, 1 - Number.EPSILON);
}

const permutations = new Map<string, readonly number[]>();

/** The numbers below `count` in an order that the seed decides (Fisher and Yates). */
function permutation(count: number, seed: number): readonly number[] {
  const key = `${count} ${seed}`;
  let order = permutations.get(key);
  if (order === undefined) {
    const made = Array.from({ length: count }, (_, place) => place);
    for (let last = count - 1; last > 0; last -= 1) {
      const other = Math.floor((mixed(mixed(seed) + last) / 2 ** 32) * (last + 1));
      [made[last], made[other]] = [made[other]!, made[last]!];
    }
    order = made;
    permutations.set(key, order);
  }
  return order;
}

const primes = [2];

function prime(place: number): number {
  for (let next = primes.at(-1)! + 1; primes.length <= place; next += 1) {
    if (primes.every(known => next % known > 0)) {
      primes.push(next);
    }
  }
  return primes[place]!;
}
