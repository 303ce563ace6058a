import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sizeOf, valueAt } from '../../../src/core/search/dimension.js';
import { uniformFraction } from '../../../src/core/search/fractions.js';
import { haltonFraction } from '../../../src/core/search/halton.js';
import { isWithin, type Point, pointKey, pointsOf, spaceSize } from '../../../src/core/search/space.js';
import type { Dimension, SweepSpec } from '../../../src/core/wire/messages.js';
import { sweepOf } from './sweeps.js';

function take(sweep: SweepSpec, count: number): Point[] {
  const points: Point[] = [];
  for (const point of pointsOf(sweep)) {
    if (points.length === count) {
      break;
    }
    points.push(point);
  }
  return points;
}

const anyRange = fc
  .record({
    low: fc.double({ min: 1e-6, max: 10, noNaN: true }),
    factor: fc.double({ min: 1.01, max: 1e6, noNaN: true }),
    scale: fc.constantFrom('linear' as const, 'log' as const)
  })
  .map(({ low, factor, scale }): Dimension => ({ low, high: low * factor, scale }));
const anyWhole = fc
  .record({
    low: fc.integer({ min: 1, max: 50 }),
    steps: fc.integer({ min: 1, max: 30 }),
    stride: fc.integer({ min: 1, max: 4 }),
    scale: fc.constantFrom('linear' as const, 'log' as const)
  })
  .map(
    ({ low, steps, stride, scale }): Dimension => ({
      low,
      high: low + steps * stride,
      scale,
      whole: true,
      stride
    })
  );
const anyChoices = fc
  .uniqueArray(fc.oneof(fc.integer(), fc.string(), fc.boolean()), { minLength: 1, maxLength: 5 })
  .map((values): Dimension => ({ values }));
const anySweep = fc.record({
  space: fc
    .array(fc.oneof(anyRange, anyWhole, anyChoices), { minLength: 1, maxLength: 6 })
    .map(all => Object.fromEntries(all.map((dimension, place) => [`p${place}`, dimension]))),
  search: fc.constantFrom('random' as const, 'qmc' as const),
  seed: fc.nat()
});

describe('points of a sweep', () => {
  it('lie within its space, are distinct, and the same whenever they are asked for', () => {
    fc.assert(
      fc.property(anySweep, made => {
        const sweep = sweepOf(made);
        const points = take(sweep, 40);
        expect(points.every(point => isWithin(sweep, point))).toBe(true);
        expect(new Set(points.map(pointKey)).size).toBe(points.length);
        expect(points.length).toBe(Math.min(40, spaceSize(sweep)));
        expect(take(sweep, 40)).toEqual(points);
        expect(take(sweep, 7)).toEqual(points.slice(0, 7));
      }),
      { numRuns: 200 }
    );
  });

  it('differ by the seed', () => {
    for (const search of ['random', 'qmc'] as const) {
      const [a, b] = [0, 1].map(seed => take(sweepOf({ search, seed }), 10).map(pointKey));
      expect(a!.filter(key => b!.includes(key))).toEqual([]);
    }
  });

  it('are all there are of a finite space, each once', () => {
    const space: SweepSpec['space'] = {
      a: { low: 1, high: 100, scale: 'log', whole: true },
      b: { values: [true, 'x'] }
    };
    for (const search of ['random', 'qmc'] as const) {
      const points = [...pointsOf(sweepOf({ space, search }))];
      expect(points).toHaveLength(200);
      expect(new Set(points.map(pointKey)).size).toBe(200);
    }
  });

  it('are as often below a hundredth of a range by logarithm as above it', () => {
    const rates = take(sweepOf(), 2000).map(({ lr }) => Number(lr));
    const shares = [1e-4, 1e-3, 1e-2, 1e-1].map(
      high => rates.filter(rate => rate < high && rate >= high / 10).length / rates.length
    );
    for (const share of shares) {
      expect(Math.abs(share - 0.25)).toBeLessThan(0.04);
    }
  });

  it('have each whole number of a range equally often, its ends as well', () => {
    const layers = take(sweepOf(), 4000).map(point => Number(point.layers));
    for (const value of [2, 4, 6, 8]) {
      expect(Math.abs(layers.filter(layer => layer === value).length / 4000 - 0.25)).toBeLessThan(0.03);
    }
  });
});

describe('values of a parameter', () => {
  it('are read as people write them', () => {
    expect(valueAt({ low: 0, high: 1, scale: 'linear', stride: 0.1 }, 0.35)).toBe(0.3);
    expect(valueAt({ low: 0, high: 0.5, scale: 'linear' }, 1 / 3)).toBe(0.1666667);
    expect(valueAt({ low: 1e-5, high: 0.1, scale: 'log' }, 0.5)).toBe(0.001);
    expect(valueAt({ low: 1000, high: 1001, scale: 'linear' }, 1 / 3)).toBe(1000.3333333);
    expect(sizeOf({ low: 0, high: 1, scale: 'linear', stride: 0.1 })).toBe(11);
    expect(sizeOf({ low: 2, high: 7, scale: 'linear', whole: true, stride: 2 })).toBe(3);
  });
});

/** How far from even the points are: the L2 star discrepancy (Warnock's formula). */
function discrepancy(points: readonly (readonly number[])[]): number {
  const [n, d] = [points.length, points[0]!.length];
  const product = (one: (dimension: number) => number): number =>
    Array.from({ length: d }, (_, dimension) => one(dimension)).reduce((all, next) => all * next, 1);
  const single = points.reduce((sum, x) => sum + product(k => (1 - x[k]! ** 2) / 2), 0);
  let pairs = 0;
  for (const x of points) {
    for (const y of points) {
      pairs += product(k => 1 - Math.max(x[k]!, y[k]!));
    }
  }
  return Math.sqrt(3 ** -d - (2 / n) * single + pairs / n ** 2);
}

describe('fractions', () => {
  const cloud = (fraction: typeof haltonFraction, seed: number, count: number, dimensions: number) =>
    Array.from({ length: count }, (_, index) =>
      Array.from({ length: dimensions }, (_, dimension) => fraction(seed, index, dimension))
    );

  it('of the scrambled sequence fill a cube more evenly than random ones, whatever the seed', () => {
    for (const dimensions of [2, 4, 8]) {
      const mean = (fraction: typeof haltonFraction): number =>
        [0, 1, 2, 3, 4, 5, 6, 7].reduce(
          (sum, seed) => sum + discrepancy(cloud(fraction, seed, 128, dimensions)) / 8,
          0
        );
      expect(mean(haltonFraction)).toBeLessThan(mean(uniformFraction) * (dimensions < 8 ? 0.5 : 0.9));
    }
  });

  it('fall into each interval of a power of their base once', () => {
    for (const [dimension, base] of [2, 3, 5, 7].entries()) {
      const cells = cloud(haltonFraction, 11, base ** 2, dimension + 1).map(point =>
        Math.floor(point[dimension]! * base ** 2)
      );
      expect(new Set(cells).size).toBe(base ** 2);
    }
  });

  it('are below 1 and spread evenly', () => {
    for (const fraction of [uniformFraction, haltonFraction]) {
      const all = cloud(fraction, 3, 5000, 3).flat();
      expect(all.every(one => one >= 0 && one < 1)).toBe(true);
      expect(Math.abs(all.reduce((sum, one) => sum + one, 0) / all.length - 0.5)).toBeLessThan(0.01);
    }
  });
});
