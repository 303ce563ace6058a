/**
 * Uniform numbers in [0, 1): each a function of the seed, of which point it is for and of which of its parameters, so that a
 * point is the same whoever asks for it, and whenever.
 */
export function uniformFraction(seed: number, index: number, dimension: number): number {
  return mixed(mixed(mixed(seed) + index) + dimension) / 2 ** 32;
}

/** The finalizer of MurmurHash3, of the lower 32 bits: each bit of the number decides about each of the answer. */
export function mixed(number: number): number {
  let hash = (number + 0x9e3779b9) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
