import fc from 'fast-check';
import { expect, it } from 'vitest';
import { perturbed } from '../../../src/core/search/perturbation.js';
import { isWithin } from '../../../src/core/search/space.js';
import type { Dimension } from '../../../src/core/wire/messages.js';
import { sweepOf } from './sweeps.js';

/** The values that one may be changed to. */
function beside(range: Dimension, value: number): unknown[] {
  const sweep = sweepOf({ space: { x: range } });
  const found = Array.from({ length: 40 }, (_, number) => perturbed(sweep, { x: value }, number).x as number);
  return [...new Set(found)].sort((a, b) => a - b);
}

it('changes a number by a fourth or a fifth, within its range', () => {
  const log = { low: 1e-4, high: 1, scale: 'log' } as const;
  expect(beside(log, 0.1)).toEqual([0.08, 0.125]);
  expect(beside(log, 1)).toEqual([0.8]);
  expect(beside(log, 0.9)).toEqual([0.72, 1]);
  expect(beside({ low: -1, high: 1, scale: 'linear' }, -0.4)).toEqual([-0.5, -0.32]);
  expect(beside({ low: 0, high: 0.5, scale: 'linear' }, 0)).toEqual([0.125, 0.4]);
});

it('goes to a neighbour where values go in steps; by logarithm further, if that is a fourth', () => {
  expect(beside({ low: 2, high: 8, scale: 'linear', whole: true, stride: 2 }, 4)).toEqual([2, 6]);
  expect(beside({ low: 2, high: 8, scale: 'linear', whole: true }, 8)).toEqual([7]);
  expect(beside({ low: 0.1, high: 0.5, scale: 'linear', stride: 0.1 }, 0.2)).toEqual([0.1, 0.3]);
  expect(beside({ low: 1, high: 1000, scale: 'log', whole: true }, 2)).toEqual([1, 3]);
  expect(beside({ low: 1, high: 1000, scale: 'log', whole: true }, 100)).toEqual([80, 125]);
});

it('stays in the space, changes what has a range, and nothing else', () => {
  const sweep = sweepOf();
  fc.assert(
    fc.property(
      fc.double({ min: 1e-5, max: 0.1, noNaN: true }),
      fc.constantFrom(64, 128, 256),
      fc.constantFrom(2, 4, 6, 8),
      fc.nat(1e6),
      (lr, width, layers, number) => {
        const point = { lr, width, layers };
        const next = perturbed(sweep, { ...point, other: 'kept' }, number);
        const { other, ...rest } = next;
        expect(other).toBe('kept');
        expect(isWithin(sweep, rest)).toBe(true);
        expect(rest.width).toBe(width);
        expect(rest.layers).not.toBe(layers);
        expect(rest.lr).not.toBe(lr);
        expect(perturbed(sweep, { ...point, other: 'kept' }, number)).toEqual(next);
      }
    )
  );
});

it('is none of those that are there already, as long as there is another', () => {
  const space = { lr: { low: 1e-4, high: 1, scale: 'log' as const }, width: { values: [64, 128] } };
  const sweep = sweepOf({ space });
  const point = { lr: 0.1, width: 64 };
  for (let number = 0; number < 20; number += 1) {
    const one = perturbed(sweep, point, number);
    const other = perturbed(sweep, point, number + 1, [one]);
    expect([one.lr, other.lr].sort()).toEqual([0.08, 0.125]);
    expect([0.08, 0.125]).toContain(perturbed(sweep, point, number + 2, [one, other]).lr);
  }
});
