// @vitest-environment jsdom
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { curveChart } from '../../../../src/core/view/curves/curveChart.js';
import { curveSvg } from '../../../../src/core/view/curves/curveSvg.js';
import { exponentialAverage } from '../../../../src/core/view/curves/exponentialAverage.js';
import { type IPixel, pathOf, thinToPixels } from '../../../../src/core/view/curves/pixelThinning.js';
import { sparklinePath, sparklineText } from '../../../../src/core/view/curves/sparkline.js';
import { extent, linearAxis, logAxis } from '../../../../src/core/view/curves/valueAxis.js';
import type { Curve } from '../../../../src/core/wire/messages.js';

const number = fc
  .double({ noNaN: true, min: -1e9, max: 1e9 })
  .map(value => (Math.abs(value) < 1e-100 ? 0 : value));
const SIZE = { width: 640, height: 240 };

/** A noisy loss, thinned: with extremes. */
function noisy(task: string, points: number, from = 2.3): Curve {
  const steps = Array.from({ length: points }, (_, i) => (i + 1) * 10);
  const values = steps.map(step => Number((from / step ** 0.3 + 0.1 * Math.sin(step * 7.7)).toFixed(4)));
  return {
    task,
    metrics: ['loss'],
    steps,
    values,
    low: values.map(value => value - 0.2),
    high: values.map(value => value + 0.2),
    times: steps,
    segments: [],
    last: points * 10,
    edition: 'one'
  };
}

function plain(task: string, values: (number | null)[]): Curve {
  const { low: _low, high: _high, ...curve } = noisy(task, values.length);
  return { ...curve, values };
}

function svgOf(title: string, curves: readonly Curve[]): string {
  return curveSvg(curveChart(title, curves, ENGLISH)!, SIZE, ENGLISH).source;
}

describe('a chart of curves', () => {
  const segment = {
    step: 0,
    attempt: 1,
    strategy: { technique: 'single', devices: 1 },
    node: 'n',
    devices: ['a']
  };
  const ddp = { technique: 'ddp', devices: 2 };
  const switched: Curve = {
    ...noisy('bert-1e-5', 300),
    segments: [
      segment,
      { ...segment, step: 900, attempt: 2 },
      { ...segment, step: 1500, attempt: 3, strategy: ddp },
      { ...segment, step: 1550, attempt: 4, strategy: ddp, devices: ['a', 'b'] }
    ]
  };

  it.each([
    ['curves-one', 'Training loss of bert-1e-5', [switched]],
    [
      'curves-many',
      'Training loss',
      ['a', 'b', 'c', 'd'].map((name, i) => noisy(`task-${name}`, 60, 2 + i / 9))
    ],
    ['curves-diverged', 'Loss', [plain('it', [0.001, 5000, null, null, 3, null, 20])]],
    ['curves-flat', 'Loss', [plain('it', [0, 0, 0])]],
    ['curves-single', 'Loss', [plain('it', [0.5])]]
  ])('looks as approved: %s', async (name, title, curves) => {
    await expect(`${svgOf(title, curves)}\n`).toMatchFileSnapshot(`../output/${name}.svg`);
  });

  it('marks where a task went on otherwise, and not where it merely went on', () => {
    const chart = curveChart('Loss', [switched], ENGLISH)!;
    expect(chart.marks).toEqual([
      { step: 1500, label: 'ddp x2' },
      { step: 1550, label: 'ddp x2' }
    ]);
    expect(chart.description).toContain('ddp x2 from step 1,500 on');
  });

  it('is a picture with a name and a description, well-formed whatever tasks are called', () => {
    const evil = { ...noisy('<script>"&\u0000', 3), segments: switched.segments };
    const document = new DOMParser().parseFromString(svgOf('<b>&', [evil, evil]), 'image/svg+xml');
    expect(document.querySelector('parsererror')).toBeNull();
    expect(document.querySelectorAll('script, b')).toHaveLength(0);
    expect(document.documentElement.getAttribute('role')).toBe('img');
    expect(document.querySelector('title')?.textContent).toBe('<b>&');
    expect(document.querySelector('desc')?.textContent).toContain('1.253 at step 10');
  });

  it('is none where there is no number', () => {
    expect(curveChart('Loss', [plain('it', [null, null]), plain('it', [])], ENGLISH)).toBeNull();
  });

  it('puts no number where there is none, whatever the values', () => {
    const value = fc.oneof(fc.constant(null), number, fc.constantFrom(0, 1e-300, 1e38, -1e38, 1e-7));
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 40 }), { minLength: 1, maxLength: 3 }), rows => {
        const chart = curveChart(
          'Loss',
          rows.map((row, i) => plain(`t${i}`, row)),
          ENGLISH
        );
        expect(chart === null).toBe(rows.every(row => row.every(each => each === null)));
        if (chart) {
          expect(curveSvg(chart, SIZE, ENGLISH).source).not.toMatch(/NaN|Infinity|undefined/);
        }
      })
    );
  });
});

describe('an axis', () => {
  it('has few round ticks within it', () => {
    expect(linearAxis(0, 1000, 5).ticks.map(({ value }) => value)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(linearAxis(0.13, 0.42, 4, true).ticks.map(({ value }) => value)).toEqual([
      0.1, 0.2, 0.3, 0.4, 0.5
    ]);
    expect(linearAxis(-0.2, 0.2, 2).ticks.map(({ value }) => value)).toEqual([-0.2, 0, 0.2]);
    expect(logAxis(0.001, 10, 5).ticks.map(({ value }) => value)).toEqual([0.001, 0.01, 0.1, 1, 10]);
    expect(logAxis(1e-30, 1e30, 4).ticks.map(({ value }) => value)).toEqual([1e-20, 1, 1e20]);
    expect(logAxis(2, 9, 4).ticks.map(({ value }) => value)).toEqual([2, 5]);
  });

  it('holds its values, and not more ticks than asked for', () => {
    fc.assert(
      fc.property(number, number, fc.integer({ min: 1, max: 12 }), fc.boolean(), (a, b, most, rounds) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const axis = linearAxis(low, high, most, rounds);
        expect(axis.place(low)).toBeGreaterThanOrEqual(-1e-6);
        expect(axis.place(high)).toBeLessThanOrEqual(1 + 1e-6);
        expect(axis.ticks.length).toBeLessThanOrEqual(most + (rounds ? 3 : 1));
        for (const { place } of axis.ticks) {
          expect(place).toBeGreaterThanOrEqual(-1e-6);
          expect(place).toBeLessThanOrEqual(1 + 1e-6);
        }
      })
    );
  });

  it('knows least and greatest of what is a number', () => {
    expect(extent([null, 3, Number.NaN, -1, Infinity])).toEqual([-1, 3]);
    expect(extent([null])).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('smoothing', () => {
  it('leaves values that stay the same, from the first on', () => {
    fc.assert(
      fc.property(number, fc.double({ min: 0, max: 0.999, noNaN: true }), (value, weight) => {
        for (const smooth of exponentialAverage([value, value, null, value], weight)) {
          expect(smooth === null || Math.abs(smooth - value) <= 1e-9 * Math.abs(value)).toBe(true);
        }
      })
    );
  });

  it('weighs what came before', () => {
    expect(exponentialAverage([1, 3], 0.5)).toEqual([1, (0.5 * 0.5 * 1 + 0.5 * 3) / 0.75]);
    expect(exponentialAverage([1, null, 3], 0)).toEqual([1, null, 3]);
    expect(exponentialAverage([null, 4], 0.9)[0]).toBeNull();
  });
});

describe('a line thinned to pixels', () => {
  const points = fc.array(fc.option(fc.record({ x: fc.nat(30), y: fc.nat(1000) }), { freq: 9 }), {
    maxLength: 300
  });

  it('keeps the extremes and ends of every column, and the gaps', () => {
    fc.assert(
      fc.property(points, drawn => {
        const line = [...drawn].sort((a, b) => (a && b ? a.x - b.x : 0));
        const kept = thinToPixels(line);
        expect(kept.length).toBeLessThanOrEqual(line.length + 1);
        const all = (of: readonly (IPixel | null)[]): IPixel[] => of.filter(point => point !== null);
        expect(all(kept).at(0)).toEqual(all(line).at(0));
        expect(all(kept).at(-1)).toEqual(all(line).at(-1));
        expect(extent(all(kept).map(({ y }) => y))).toEqual(extent(all(line).map(({ y }) => y)));
      })
    );
    const many = Array.from({ length: 10_000 }, (_, i) => ({ x: i / 100, y: (i * 7919) % 1000 }));
    expect(thinToPixels(many).length).toBeLessThanOrEqual(400);
  });

  it('breaks where there is nothing, and shows a point that stands alone', () => {
    const [a, b] = [
      { x: 1, y: 2 },
      { x: 3, y: 4 }
    ];
    expect(pathOf([a, b])).toBe('M1 2L3 4');
    expect(pathOf(thinToPixels([null, a, null, null, b]))).toBe('M1 2h0M3 4h0');
    expect(pathOf([])).toBe('');
  });
});

describe('a sparkline', () => {
  it('spans its box, whatever the values', () => {
    const size = { width: 43, height: 13 };
    expect(sparklinePath([1, 2, 3], [1, 0.5, 0], size)).toBe('M1.5 1.5L21.5 6.5L41.5 11.5');
    expect(sparklinePath([10, 40, 50], [0, 1, 2], size)).toBe('M1.5 11.5L31.5 6.5L41.5 1.5');
    expect(sparklinePath([1, 2, 3, 4, 5], [0, 1, null, null, 2], size)).toBe('M1.5 11.5L11.5 6.5M41.5 1.5h0');
    expect(sparklinePath([1, 2], [5, 5], size)).toBe('M1.5 6.5L41.5 6.5');
    expect(sparklinePath([1, 2], [5, null], size)).toBe('');
    expect(sparklinePath([], [], size)).toBe('');
  });

  it('can be text', () => {
    expect(sparklineText([8, 7, 6, 5, 4, 3, 2, 1], 8)).toBe('█▇▆▅▄▃▂▁');
    expect(sparklineText([1, null, 2], 8)).toBe('▁ █');
    expect(
      sparklineText(
        Array.from({ length: 1000 }, (_, i) => i),
        4
      )
    ).toBe('▁▃▆█');
  });
});
