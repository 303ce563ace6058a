import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import {
  ganttSvg,
  type IGanttBar,
  type IGanttInput,
  type IGanttLayoutOptions,
  layoutGantt
} from '../../../../src/core/view/gantt/gantt.js';

const rows = ['a', 'b'].flatMap(node =>
  ['cpu0', 'cpu1'].map(device => ({
    key: `${node}/${device}`,
    label: `${node} ${device}`,
    device,
    node
  }))
);

function bar(
  id: string,
  keys: string[],
  start: number,
  end: number,
  kind: IGanttBar['kind'] = 'actual'
): IGanttBar {
  return { id, task: id, label: id, rows: keys, start, end, kind, colour: 0, detail: id };
}

const INPUT: IGanttInput = {
  title: '',
  rows,
  bars: [
    bar('planned', ['a/cpu0', 'a/cpu1'], 0, 50, 'planned'),
    bar('wide', ['a/cpu0', 'a/cpu1'], 0, 50),
    bar('late', ['b/cpu0'], 50, 100)
  ]
};
const layout = (input = INPUT, options: Partial<IGanttLayoutOptions> = {}) =>
  layoutGantt(input, ENGLISH, { width: 600, ...options });
const placed = (of: ReturnType<typeof layout>, id: string) => of.bars.find(({ bar }) => bar.id === id);

describe('a part of time', () => {
  const near = layout(INPUT, { window: { from: 40, to: 60 } });

  it('has the bars in it alone, as far as they are in it', () => {
    const { plot, bars } = layout(INPUT, { window: { from: 60, to: 80 } });
    expect(bars.map(({ bar }) => bar.id)).toEqual(['late']);
    expect(bars[0]?.rects[0]).toMatchObject({ x: plot.x });
    expect(bars[0]!.rects[0]!.width).toBeCloseTo(plot.width, -1);
    expect(near.bars).toHaveLength(3);
  });

  it('says what it shows, and what one pixel stands for', () => {
    expect([near.window, near.end]).toEqual([{ from: 40, to: 60 }, 100]);
    expect(near.secondsPerPixel).toBeCloseTo(layout().secondsPerPixel / 5);
  });

  it('marks the moments in it', () => {
    const lines = { makespan: 70, now: 50 };
    const kinds = (from: number, to: number) =>
      layout({ ...INPUT, ...lines }, { window: { from, to } }).lines.map(({ kind }) => kind);
    expect(kinds(0, 100)).toEqual(['makespan', 'now']);
    expect(kinds(40, 60)).toEqual(['now']);
    expect(kinds(80, 90)).toEqual([]);
  });
});

describe('nodes', () => {
  it('have a line of their own where there are several, and devices their own names', () => {
    const chart = layout(INPUT, { byNode: true });
    expect(chart.nodes.map(({ text }) => text.text)).toEqual(
      ['a', 'b', 'a', 'b'].map(node => `▾ ${node} · 2 devices`)
    );
    expect(new Set(chart.lanes.map(({ label }) => label))).toEqual(new Set(['cpu0', 'cpu1']));
    const one = { ...INPUT, rows: rows.slice(0, 2) };
    expect(layout(one, { byNode: true }).nodes).toEqual([]);
  });

  it('are narrow when folded: their bars are there, without a word', () => {
    const chart = layout(INPUT, { byNode: true, folded: new Set(['a']) });
    expect(chart.nodes.map(({ isFolded }) => isFolded)).toEqual([true, false, true, false]);
    const heights = chart.lanes.filter(({ node }) => node === 'a').map(({ height }) => height);
    expect(heights).toEqual([12, 12, 12, 12]);
    expect(placed(chart, 'wide')?.rects).toHaveLength(1);
    expect(chart.height).toBeLessThan(layout(INPUT, { byNode: true }).height);
  });
});

describe('loads', () => {
  const load = {
    spans: [
      { from: 0, to: 50, load: 1, memory: 0.5 },
      { from: 50, to: 100, load: null, memory: 0.25 }
    ],
    text: '87 %',
    detail: 'cpu0 is busy'
  };
  const chart = layout({ ...INPUT, loads: new Map([['a/cpu0', load]]) });

  it('are drawn under what happened on the device, in no other part', () => {
    expect(chart.loads).toHaveLength(1);
    const [strip] = chart.loads;
    const lanes = chart.lanes.filter(({ key }) => key === 'a/cpu0');
    expect(strip?.rect.y).toBeGreaterThan(lanes[1]!.y + lanes[1]!.height);
    expect(strip?.rect.y).toBeLessThan(chart.lanes.find(lane => lane.y > lanes[1]!.y)!.y);
    expect(strip?.text.text).toBe('87 %');
  });

  it('are an area over the time of which the load is known, and a line of the memory', () => {
    const [strip] = chart.loads;
    expect(strip?.load.match(/M/g)).toHaveLength(1);
    expect(strip?.memory.match(/M/g)).toHaveLength(2);
    expect(ganttSvg(chart)).toContain('<title>cpu0 is busy</title>');
  });

  it('part a bar of several devices, that none is hidden behind it', () => {
    expect(placed(chart, 'wide')?.rects).toHaveLength(2);
    expect(placed(chart, 'planned')?.rects).toHaveLength(1);
  });
});

describe('what a chart marks', () => {
  const event = { id: 'plan:1', seconds: 30, sign: '1', detail: 'planned anew' };
  const chart = layout({
    ...INPUT,
    events: [event, { ...event, id: 'plan:2', seconds: 90 }],
    ghosts: [bar('ghost', ['b/cpu1'], 0, 40, 'planned')]
  });

  it('has a line above for its signs', () => {
    expect(chart.events.map(({ event: { id } }) => id)).toEqual(['plan:1', 'plan:2']);
    expect(chart.plot.y - layout().plot.y).toBe(16);
    expect(ganttSvg(chart)).toContain('<title>planned anew</title>');
  });

  it('has one sign for those that would lie on one another, which tells of all', () => {
    const many = Array.from({ length: 400 }, (_, i) => ({
      ...{ id: `plan:${i}`, seconds: i / 4, sign: String(i), detail: `Plan ${i}` }
    }));
    const { events } = layout({ ...INPUT, events: many });
    expect(events.length).toBeGreaterThan(3);
    expect(events.at(-1)?.event.id).toBe('plan:399');
    for (const [i, { x }] of events.slice(1).entries()) {
      expect(x - events[i]!.x).toBeGreaterThanOrEqual(20);
    }
    expect(events.at(-1)?.event.detail).toMatch(
      /^Plan 399\nPlan 398\nPlan 397\nPlan 396\nand \d+ more before$/
    );
  });

  it('draws bars that are to be replaced as outlines, which are no bars', () => {
    expect(chart.ghosts).toHaveLength(1);
    const svg = ganttSvg(chart);
    expect(svg).toContain('data-old="ghost"');
    expect(svg).not.toContain('data-id="ghost"');
  });
});
