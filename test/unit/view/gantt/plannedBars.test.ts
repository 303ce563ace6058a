import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { ganttSvg, layoutGantt } from '../../../../src/core/view/gantt/gantt.js';
import { plannedBars } from '../../../../src/core/view/gantt/plannedBars.js';
import { planGantt } from '../../../../src/core/view/gantt/sessionGantt.js';
import { taskGroups } from '../../../../src/core/view/gantt/taskGroups.js';
import { textWidth } from '../../../../src/core/view/gantt/textFit.js';
import type { Segment } from '../../../../src/core/wire/messages.js';
import { explainedSession, intricateSession } from '../sessionStates.js';

const segment = (task: string, start: number, end: number, part: Partial<Segment> = {}): Segment => ({
  ...{
    task,
    start,
    end,
    strategy: { technique: 'ddp', devices: 1 },
    node: 'n',
    devices: ['cpu0'],
    steps: 10
  },
  ...part
});
const bars = (segments: Segment[], pinned?: ReadonlySet<string>) =>
  plannedBars(segments, {
    groups: taskGroups(
      segments.map(one => one.task),
      ENGLISH
    ),
    trans: ENGLISH,
    pinned
  });
const drawn = () => {
  const state = intricateSession();
  const { plan } = state.plan!;
  return layoutGantt(planGantt(plan, state.cluster!, ENGLISH), ENGLISH, { width: 860 });
};

describe('plannedBars', () => {
  it('numbers the parts of a task that switches, each naming the next, whatever their order', () => {
    const [second, first] = bars([segment('a', 5, 9), segment('a', 0, 5)]);
    expect([first?.id, second?.id]).toEqual(['plan:0:a', 'plan:1:a']);
    expect([first?.label, second?.label]).toEqual(['a (1/2)', 'a (2/2)']);
    expect([first?.next, second?.next]).toEqual(['plan:1:a', undefined]);
    expect(second?.detail).toContain('part 2 of 2');
  });

  it('makes one bar of tasks fused in one run', () => {
    const fused = { fusion: 'f' };
    const found = bars([segment('a', 0, 5, fused), segment('b', 0, 5, fused), segment('c', 5, 9)]);
    expect(found.map(bar => bar.label)).toEqual(['a + b', 'c']);
    expect(found[0]?.detail).toContain('a and b, fused in one run');
    expect(found[0]?.brief).toBe('2 fused');
  });

  it('occupies the devices of all nodes it spans', () => {
    const [bar] = bars([segment('a', 0, 5, { elsewhere: [{ node: 'far', devices: ['cpu1', 'cpu2'] }] })]);
    expect(bar?.rows).toEqual(['n/cpu0', 'far/cpu1', 'far/cpu2']);
    expect(bar?.detail).toContain('cpu0 of n and cpu1, cpu2 of far');
  });

  it('tells what of a segment is overhead, and which are pinned', () => {
    const [bar] = bars([segment('a', 0, 5, { overheadSeconds: 2 })], new Set(['a']));
    expect(bar).toMatchObject({ overhead: 2, pinned: true });
    expect(bar?.detail).toContain('2 s of it to start');
    expect(bars([segment('a', 0, 5)])[0]).not.toHaveProperty('pinned');
  });
});

describe('a plan with switches, fused and spanning runs', () => {
  it('has one bar per run, and rectangles that do not overlap', () => {
    const { bars: placed } = drawn();
    expect(placed).toHaveLength(6);
    const rects = placed.flatMap(({ rects }) => rects);
    for (const [i, a] of rects.entries()) {
      for (const b of rects.slice(i + 1)) {
        const apart =
          a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
        expect(apart).toBe(true);
      }
    }
  });

  it('draws the overhead as the beginning of its bar, in proportion', () => {
    const { bars: placed, secondsPerPixel } = drawn();
    const second = placed.find(({ bar }) => bar.id === 'plan:1:digits-vit-32-1e-3');
    expect(second?.lead).toBeCloseTo(1.7 / secondsPerPixel);
    expect(placed.every(({ lead, rects }) => lead > 0 && lead < rects[0]!.width)).toBe(true);
  });

  it('ties the parts of a task together and explains the marks', () => {
    const layout = drawn();
    expect(layout.links).toHaveLength(1);
    expect(layout.legend.map(item => item.text)).toContain('start, checkpoint');
  });
});

describe('a baseline in the same chart', () => {
  const state = explainedSession();
  const { plan } = state.plan!;
  const rule = plan.baselines.find(({ name }) => name === 'random');
  const chart = planGantt(plan, state.cluster!, ENGLISH, { baseline: rule });

  it('stands below the plan, on the same axis, which reaches to its end', () => {
    const layout = layoutGantt(chart, ENGLISH, { width: 600 });
    expect(layout.sections.map(section => section.text)).toEqual(['Plan', 'Baseline: random']);
    const lanes = layout.lanes.map(lane => lane.kind);
    expect(lanes).toEqual(['planned', 'planned', 'baseline', 'baseline']);
    const line = layout.lines.find(({ kind }) => kind === 'baseline');
    expect(line?.text.text).toMatch(/^random ends 40.6 s/);
    const ends = layout.bars.flatMap(({ rects }) => rects.map(rect => rect.x + rect.width));
    expect(line!.x).toBeGreaterThanOrEqual(Math.max(...ends));
  });

  it('keeps ids apart', () => {
    expect(new Set(chart.bars.map(bar => bar.id)).size).toBe(24);
  });
});

describe('a narrow chart', () => {
  it.each([240, 300, 340, 420])('clips no text at %i pixels', width => {
    const state = explainedSession();
    const { plan } = state.plan!;
    const names = ['a-technique-of-a-very-long-name-that-no-legend-can-hold', 'short'];
    plan.segments.forEach((one, i) => {
      one.strategy = { technique: names[i % 2]!, devices: 1 };
    });
    const layout = layoutGantt(
      {
        ...planGantt(plan, state.cluster!, ENGLISH, { baseline: plan.baselines[0] }),
        now: 12,
        deadlines: [{ seconds: 2, label: 'digits-vit-64-3e-3 by 2 s, and not a moment later than that' }]
      },
      ENGLISH,
      { width }
    );
    const svg = ganttSvg(layout);
    expect(svg).toContain('a-technique');
    for (const item of layout.legend) {
      expect(item.x + 23 + textWidth(item.text, 11)).toBeLessThanOrEqual(width);
    }
    for (const { text, textWidth: wide } of layout.lines) {
      const left = text.anchor === 'end' ? text.x - wide : text.x;
      expect(left).toBeGreaterThanOrEqual(0);
      expect(left + wide).toBeLessThanOrEqual(width);
    }
  });
});
