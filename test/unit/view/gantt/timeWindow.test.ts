import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { timeTicks } from '../../../../src/core/view/gantt/timeTicks.js';
import {
  panned,
  revealed,
  spanning,
  spanOf,
  type TimeWindow,
  zoomed
} from '../../../../src/core/view/gantt/timeWindow.js';

const END = 1000;

/** A window of some chart that ends at 1000 s. */
const windows: fc.Arbitrary<TimeWindow> = fc.oneof(
  fc.constant(null),
  fc
    .tuple(fc.double({ min: 0, max: 900, noNaN: true }), fc.double({ min: 1, max: 99, noNaN: true }))
    .map(([from, length]) => ({ from, to: from + length }))
);

const inside = (window: TimeWindow) => {
  const { from, to } = spanOf(window, END);
  expect(from).toBeGreaterThanOrEqual(0);
  expect(to).toBeLessThanOrEqual(END + 1e-9);
  expect(to).toBeGreaterThan(from);
};

describe('a window of time', () => {
  it('shows all, or a part of it, whatever is done to it', () => {
    const number = fc.double({ min: -2000, max: 2000, noNaN: true });
    const factor = fc.double({ min: 0.001, max: 100, noNaN: true });
    fc.assert(
      fc.property(windows, factor, number, (window, by, at) => {
        inside(zoomed(window, END, by, at));
        inside(panned(window, END, at));
        inside(revealed(window, END, { from: Math.abs(at) / 4, to: Math.abs(at) / 3 + 1 }));
        inside(spanning([{ from: Math.abs(at) / 4, to: Math.abs(at) / 3 + 1 }], END));
      })
    );
  });

  it('is zoomed round a moment that stays where it is', () => {
    expect(zoomed(null, END, 0.5, 200)).toEqual({ from: 100, to: 600 });
    expect(zoomed({ from: 100, to: 600 }, END, 0.5)).toEqual({ from: 225, to: 475 });
    expect(zoomed({ from: 100, to: 600 }, END, 2, 200)).toBeNull();
  });

  it('is zoomed no nearer than one can tell times apart', () => {
    let window: TimeWindow = null;
    for (let i = 0; i < 100; i++) {
      window = zoomed(window, END, 0.5);
    }
    expect(window!.to - window!.from).toBeCloseTo(END / 10_000);
  });

  it('is panned to the ends and no further', () => {
    const window = { from: 100, to: 200 };
    expect(panned(window, END, 50)).toEqual({ from: 150, to: 250 });
    expect(panned(window, END, -500)).toEqual({ from: 0, to: 100 });
    expect(panned(window, END, 5000)).toEqual({ from: 900, to: 1000 });
    expect(panned(null, END, 50)).toBeNull();
  });

  it('moves as little as shows what is to be seen', () => {
    const window = { from: 100, to: 200 };
    expect(revealed(window, END, { from: 120, to: 180 })).toBe(window);
    expect(revealed(window, END, { from: 250, to: 260 })).toEqual({ from: 160, to: 260 });
    expect(revealed(window, END, { from: 50, to: 60 })).toEqual({ from: 50, to: 150 });
    expect(revealed(window, END, { from: 300, to: 900 })).toEqual({ from: 300, to: 400 });
    expect(revealed(null, END, { from: 300, to: 900 })).toBeNull();
  });

  it('fits what is to be seen, with a little beside it', () => {
    expect(spanning([], END)).toBeNull();
    const window = spanning(
      [
        { from: 500, to: 520 },
        { from: 560, to: 600 }
      ],
      END
    );
    expect(window).toEqual({ from: 495, to: 605 });
  });
});

describe('the time labels of a window', () => {
  const labels = (from: number, to: number) => timeTicks({ from, to }, 5, ENGLISH).map(({ label }) => label);

  it('are as of the whole chart as long as that tells them apart', () => {
    expect(labels(0, 100)).toEqual(['0', '30 s', '1 min', '1 min 30 s']);
    expect(labels(7200, 10_800)).toEqual(['2 h', '2 h 15 min', '2 h 30 min', '2 h 45 min', '3 h']);
  });

  it('have the digits it takes', () => {
    expect(labels(7500, 7530)).toEqual(['2:05:00', '2:05:10', '2:05:20', '2:05:30']);
    expect(labels(65, 66)).toEqual(['1:05.0', '1:05.2', '1:05.4', '1:05.6', '1:05.8', '1:06.0']);
    expect(labels(12, 12.1)).toEqual(['12.00 s', '12.02 s', '12.04 s', '12.06 s', '12.08 s', '12.10 s']);
  });

  it('are never twice the same', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0.05, max: 1e6, noNaN: true }),
        (from, length) => {
          const all = labels(from, from + length);
          expect(new Set(all).size).toBe(all.length);
        }
      )
    );
  });
});
