import { nullTranslator } from '@jupyterlab/translation';
import uPlot from 'uplot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IPlottedCurve, IStretch } from '../../../src/core/view/detail/plottedCurves.js';
import { CurveChart } from '../../../src/lab/detail/curveChart.js';

/** A path that remembers its points. */
class FakePath {
  static all: FakePath[] = [];
  readonly points: [number, number][] = [];
  arcs = 0;

  constructor() {
    FakePath.all.push(this);
  }

  moveTo(x: number, y: number): void {
    this.points.push([x, y]);
  }
  lineTo(x: number, y: number): void {
    this.points.push([x, y]);
  }
  arc(): void {
    this.arcs += 1;
  }
  rect(): void {}
}

/** Where dots were drawn. */
let dots: (readonly [x: number, y: number])[] = [];

const ORDERS: Record<string, unknown> = {
  measureText: () => ({ width: 10 }),
  arc: (x: number, y: number) => void dots.push([x, y])
};

/** A context that takes any order. */
const context = new Proxy({} as Record<string, unknown>, {
  get: (target, name: string) => ORDERS[name] ?? target[name] ?? (() => undefined),
  set: (target, name: string, value) => {
    target[name] = value;
    return true;
  }
});

const trans = nullTranslator.load('');
const said: unknown[] = [];
let host: HTMLElement;
let chart: CurveChart;

const line = (
  task: string,
  y: readonly (number | null)[],
  part: Partial<IPlottedCurve> = {}
): IPlottedCurve => ({
  task,
  x: y.map((_, i) => i),
  y,
  switches: [],
  ...part
});

function draw(lines: IPlottedCurve[], part: { log?: boolean; stretch?: IStretch | null } = {}): void {
  FakePath.all = [];
  chart.draw({
    lines,
    looks: lines.map(() => ({ colour: '#457cfd', dash: 0 })),
    rungs: [],
    axis: 'step',
    metric: 'loss',
    log: false,
    stretch: null,
    trans,
    ...part
  });
}

/** The library draws a moment later. */
const drawn = () => Promise.resolve();

/** Paths that are lines of curves. */
const lines = () => FakePath.all.filter(({ points }) => points.length > 0);

beforeEach(() => {
  vi.stubGlobal('Path2D', FakePath);
  vi.stubGlobal('devicePixelRatio', 1);
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context as never);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(300);
  uPlot.pxRatio = 1;
  said.length = 0;
  host = document.body.appendChild(document.createElement('div'));
  chart = new CurveChart(uPlot, host, {
    onCursor: at => said.push(['cursor', at]),
    onZoom: stretch => said.push(['zoom', stretch]),
    onReset: () => said.push(['reset'])
  });
});

afterEach(() => {
  chart.dispose();
  expect(host.childElementCount).toBe(0);
  host.remove();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('CurveChart', () => {
  it('draws a path a curve, each over its own steps, from left to right', async () => {
    draw([line('a', [1, 2, 3]), line('b', [3, 2], { x: [0, 2] })]);
    await drawn();
    const [a, b] = lines().map(({ points }) => points.map(([x]) => x));
    expect([a?.length, b?.length]).toEqual([9, 6]);
    expect([a?.[0], a?.at(-1)]).toEqual([b?.[0], b?.at(-1)]);
  });

  it('leaves a gap where there is no number, and marks each of few points', async () => {
    const y = Array.from({ length: 100 }, (_, i) => (i === 50 ? null : i));
    draw([line('many', y)]);
    await drawn();
    expect(lines().map(({ points, arcs }) => [points.length, arcs])).toEqual([[99, 0]]);
    draw([line('few', [1, null, 2])]);
    await drawn();
    expect(lines()[0]?.arcs).toBe(2);
  });

  it('draws what points stand for around a curve, and raw values beside smoothed ones', async () => {
    const y = Array.from({ length: 100 }, (_, i) => i);
    draw([line('a', y, { low: y.map(value => value - 1), high: y.map(value => value + 1) })]);
    await drawn();
    expect(lines().map(({ points }) => points.length)).toEqual([100, 200]);
    draw([line('a', y, { raw: y })]);
    await drawn();
    expect(lines().map(({ points }) => points.length)).toEqual([100, 100]);
  });

  it('is not made anew for other values of the same curves, and draws them all the same', async () => {
    draw([line('a', [1, 2, 3])]);
    await drawn();
    const root = host.firstElementChild;
    draw([line('a', [1, 2, 3, 4, 5])]);
    await drawn();
    expect(host.firstElementChild).toBe(root);
    expect(lines()[0]?.points).toHaveLength(15);
    draw([line('a', [5, 4, 3, 2, 1])]);
    await drawn();
    expect(lines()[0]?.points).toHaveLength(15);
    draw([line('a', [1]), line('b', [2])]);
    await drawn();
    expect(host.firstElementChild).not.toBe(root);
    expect(host.childElementCount).toBe(1);
  });

  it('keeps what it shows while it is hidden, and is drawn anew when it is seen again', () => {
    draw([line('a', [3, 2, 1])]);
    const before = host.querySelector('canvas');
    expect(before).not.toBeNull();
    const size = vi.spyOn(host, 'clientWidth', 'get').mockReturnValue(0);
    chart.redraw();
    expect(host.querySelector('canvas')).toBe(before);
    size.mockReturnValue(600);
    chart.resize();
    expect(host.querySelector('canvas')).not.toBe(before);
    expect(host.querySelectorAll('canvas')).toHaveLength(1);
  });

  it('goes by what it has become, not by what it was made of', async () => {
    const rising = Array.from({ length: 200 }, (_, i) => i);
    const segment = (step: number) => ({ step, time: step }) as never;
    draw([line('a', [1, 2, 3])]);
    await drawn();
    expect(lines()[0]?.arcs).toBe(3);
    dots = [];
    draw([
      line('a', rising, {
        low: rising.map(value => value - 1),
        high: rising.map(value => value + 1),
        switches: [{ x: 100, y: 100, before: segment(0), after: segment(100) }]
      })
    ]);
    await drawn();
    expect(lines().map(({ points, arcs }) => [points.length, arcs])).toEqual([
      [200, 0],
      [400, 0]
    ]);
    expect(dots).toHaveLength(1);
    const [[, before] = []] = dots;
    dots = [];
    draw([line('a', rising, { switches: [{ x: 100, y: 20, before: segment(0), after: segment(100) }] })]);
    await drawn();
    expect(dots).toHaveLength(1);
    expect(dots[0]?.[1]).toBeGreaterThan(before as number);
  });

  it('draws on a logarithmic scale, too', async () => {
    draw([line('a', [1, 10, 100])], { log: true });
    await drawn();
    const heights = lines()[0]
      ?.points.filter((_, i) => i % 3 === 0)
      .map(([, y]) => y) as number[];
    expect(heights[0]! - heights[1]!).toBeCloseTo(heights[1]! - heights[2]!, 3);
  });

  it('tells of a stretch that is dragged, and of a double click', async () => {
    draw([
      line(
        'a',
        Array.from({ length: 101 }, (_, i) => i)
      )
    ]);
    await drawn();
    const over = host.querySelector('.u-over') as HTMLElement;
    const width = Number.parseFloat(over.style.width);
    over.getBoundingClientRect = () => new DOMRect(0, 0, width, 200);
    const mouse = (type: string, x: number, target: EventTarget = over) => {
      const event = new MouseEvent(type, { clientX: x, clientY: 50, bubbles: true, button: 0 });
      // The library passes over what a browser makes up when its window is clicked into.
      Object.defineProperty(event, 'movementX', { value: 1 });
      target.dispatchEvent(event);
    };
    mouse('mouseenter', 0.2 * width);
    mouse('mousemove', 0.2 * width);
    mouse('mousedown', 0.2 * width);
    mouse('mousemove', 0.6 * width);
    await new Promise(requestAnimationFrame);
    mouse('mouseup', 0.6 * width, document);
    const zoom = said.find(one => (one as unknown[])[0] === 'zoom') as [string, IStretch] | undefined;
    expect(zoom?.[1].from).toBeCloseTo(20, 0);
    expect(zoom?.[1].to).toBeCloseTo(60, 0);
    expect(said.some(one => (one as unknown[])[0] === 'cursor')).toBe(true);
    mouse('dblclick', 10);
    expect(said.at(-1)).toEqual(['reset']);
  });

  it('shows the cursor at a place, and how far down values are', async () => {
    draw([line('a', [0, 1, 2])]);
    await drawn();
    chart.showCursor(1);
    await drawn();
    expect(host.querySelector<HTMLElement>('.u-cursor-x')?.style.transform).not.toContain('-10');
    expect(chart.heightOf(2)).toBeLessThan(chart.heightOf(0) as number);
    chart.focus = 'a';
    chart.focus = 'nobody';
    chart.resize();
    chart.redraw();
    expect(host.childElementCount).toBe(1);
  });
});
