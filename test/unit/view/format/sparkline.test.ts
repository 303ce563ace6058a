import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sparklinePath } from '../../../../src/core/view/format/sparkline.js';

const SIZE = { width: 62, height: 12 };

it('goes from the first to the last step, the greatest value on top', () => {
  expect(sparklinePath([0, 10, 20], [3, 1, 2], SIZE)).toBe('M1 1L31 11L61 6');
  expect(sparklinePath([0, 10], [1, 1], SIZE)).toBe('M1 6L61 6');
});

it('has gaps where there is no number, and is nothing for less than two', () => {
  expect(sparklinePath([0, 1, 2, 3], [1, null, 2, 3], SIZE)).toBe('M1 11M41 6L61 1');
  expect(sparklinePath([0, 1], [null, 1], SIZE)).toBe('');
  expect(sparklinePath([], [], SIZE)).toBe('');
});

it('stays within its size', () => {
  const values = fc.array(fc.option(fc.double({ noNaN: true, min: -1e30, max: 1e30 })), { minLength: 2 });
  fc.assert(
    fc.property(values, some => {
      const path = sparklinePath(
        some.map((_, i) => i),
        some,
        SIZE
      );
      for (const [, x, y] of path.matchAll(/[ML](\S+?) ([\d.e-]+)/g)) {
        expect(Number(x)).toBeGreaterThanOrEqual(0);
        expect(Number(x)).toBeLessThanOrEqual(SIZE.width);
        expect(Number(y)).toBeGreaterThanOrEqual(0);
        expect(Number(y)).toBeLessThanOrEqual(SIZE.height);
      }
    })
  );
});
