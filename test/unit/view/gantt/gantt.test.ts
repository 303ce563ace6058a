// @vitest-environment jsdom
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import {
  ganttSvg,
  type IGanttBar,
  type IGanttInput,
  type IRect,
  layoutGantt
} from '../../../../src/core/view/gantt/gantt.js';
import { planGantt, sessionGantt } from '../../../../src/core/view/gantt/sessionGantt.js';
import { BUILT_IN_TECHNIQUES } from '../../../../src/core/wire/techniqueCatalogue.js';
import {
  definedSession,
  explainedSession,
  finishedSession,
  plannedSession,
  runningSession,
  T0
} from '../sessionStates.js';

const TECHNIQUES = [...BUILT_IN_TECHNIQUES.keys(), 'mine'];

function parse(svg: string): SVGSVGElement {
  const document = new DOMParser().parseFromString(svg, 'image/svg+xml');
  expect(document.querySelector('parsererror')).toBeNull();
  return document.documentElement as unknown as SVGSVGElement;
}

/** Bars of one kind that never share a device at a time, as from a correct schedule, names of any characters. */
function schedules(most: number): fc.Arbitrary<IGanttInput> {
  const piece = fc.record({
    rows: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }),
    wait: fc.double({ min: 0, max: 50, noNaN: true }),
    length: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5000, noNaN: true })),
    label: fc.string({ unit: 'binary', maxLength: 30 }),
    kind: fc.constantFrom('planned' as const, 'actual' as const),
    state: fc.constantFrom(
      undefined,
      'running' as const,
      'failed' as const,
      'oom' as const,
      'stopped' as const,
      'left' as const
    ),
    technique: fc.constantFrom(...TECHNIQUES),
    colour: fc.nat(20)
  });
  return fc
    .tuple(fc.array(piece, { maxLength: most }), fc.string({ unit: 'binary' }))
    .map(([pieces, title]) => {
      const free = new Map<string, number>();
      const bars = pieces.map((p, i): IGanttBar => {
        const rows = p.rows.map(row => `n/cpu${row}`);
        const lanes = rows.map(row => `${p.kind}${row}`);
        const start = Math.max(...lanes.map(lane => free.get(lane) ?? 0)) + p.wait;
        for (const lane of lanes) {
          free.set(lane, start + p.length);
        }
        const { label, kind, state, technique, colour } = p;
        const task = label;
        return {
          id: `${i}`,
          task,
          label,
          rows,
          start,
          end: start + p.length,
          kind,
          state,
          colour,
          technique,
          detail: label
        };
      });
      const rows = [0, 1, 2, 3, 4, 5].map(i => ({ key: `n/cpu${i}`, label: `${title}${i}` }));
      return { title, rows, bars, groups: ['a', title] };
    });
}

const overlap = (a: IRect, b: IRect): number =>
  Math.min(
    Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x),
    Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  );

describe('layoutGantt', () => {
  it('never lets bars overlap, and keeps all inside the plot', () => {
    fc.assert(
      fc.property(schedules(25), fc.integer({ min: 100, max: 1600 }), (input, width) => {
        const layout = layoutGantt(input, ENGLISH, { width });
        const { plot, bars } = layout;
        const rects = bars.flatMap(bar => bar.rects);
        const overlaps = rects.flatMap((a, i) => rects.slice(i + 1).map(b => overlap(a, b)));
        expect(Math.max(0, ...overlaps)).toBeLessThanOrEqual(1e-6);
        const outside = rects.filter(
          r =>
            r.x < plot.x ||
            r.x + r.width > plot.x + plot.width + 1e-6 ||
            r.y < plot.y ||
            r.y + r.height > plot.y + plot.height
        );
        expect(outside).toEqual([]);
        expect(layout.plot.x + layout.plot.width).toBeLessThanOrEqual(layout.width);
        expect(layout.plot.y + layout.plot.height).toBeLessThan(layout.height);
      })
    );
  });

  it('draws a task over adjacent devices as one rectangle, over others as several', () => {
    const bar = {
      id: 'a',
      task: 'a',
      label: 'a',
      start: 0,
      end: 1,
      kind: 'planned',
      colour: 0,
      detail: ''
    } as const;
    const rows = ['0', '1', '2', '3'].map(key => ({ key, label: key }));
    const rects = (keys: string[]): number =>
      layoutGantt({ title: '', rows, bars: [{ ...bar, rows: keys }] }, ENGLISH, { width: 600 }).bars[0]?.rects
        .length ?? 0;
    expect(rects(['0', '1', '2', '3'])).toBe(1);
    expect(rects(['2', '1'])).toBe(1);
    expect(rects(['0', '2', '3'])).toBe(2);
    expect(rects(['elsewhere'])).toBe(0);
  });

  it('shortens a label to its room, and leaves it out of a sliver', () => {
    const rows = [{ key: 'd', label: 'd' }];
    const text = (share: number): string | undefined => {
      const bar = {
        ...{ id: 'a', task: 'a', label: 'digits-vit-64-3e-3', brief: '64-3e-3', note: 'ddp x2', rows: ['d'] },
        ...{ start: 0, end: share * 100, kind: 'planned' as const, colour: 0, detail: '' }
      };
      return layoutGantt({ title: '', rows, bars: [bar], makespan: 100 }, ENGLISH, { width: 600 }).bars[0]
        ?.texts[0]?.text;
    };
    expect([0.5, 0.25, 0.15, 0.08, 0.01].map(text)).toEqual([
      'digits-vit-64-3e-3 · ddp x2',
      'digits-vit-64-3e-3',
      '64-3e-3',
      '64-…',
      undefined
    ]);
  });

  it('writes behind the edge of the start, unless that costs words', () => {
    const rows = [{ key: 'n/cpu0', node: 'n', label: 'cpu0' }];
    const placed = (overhead: number) => {
      const common = {
        task: 't',
        rows: ['n/cpu0'],
        kind: 'planned',
        technique: 'single',
        colour: 0,
        detail: ''
      };
      const bar: IGanttBar = {
        ...common,
        id: 't',
        kind: 'planned',
        label: 'digits',
        start: 0,
        end: 100,
        overhead
      };
      return layoutGantt({ title: '', rows, bars: [bar], makespan: 100 }, ENGLISH, { width: 600 }).bars[0]!;
    };
    const short = placed(10);
    expect(short.texts[0]!.x).toBeGreaterThan(short.rects[0]!.x + short.lead);
    const long = placed(99);
    expect(long.texts[0]).toMatchObject({ text: 'digits' });
    expect(long.texts[0]!.x).toBeLessThan(long.rects[0]!.x + long.lead);
  });

  it('turns a label upright where only that fits', () => {
    const keys = [...'abcdef'];
    const rows = keys.map(key => ({ key, label: key }));
    const bar = {
      id: 'a',
      task: 'a',
      label: 'digits-vit-64-3e-3',
      rows: keys,
      kind: 'planned',
      colour: 0,
      detail: ''
    } as const;
    const input = { title: '', rows, bars: [{ ...bar, start: 0, end: 5 }], makespan: 100 };
    const [text] = layoutGantt(input, ENGLISH, { width: 600 }).bars[0]!.texts;
    expect(text).toMatchObject({ text: 'digits-vit-64-3e-3', upright: true, anchor: 'middle' });
  });

  it('keeps a bar of no length visible', () => {
    const rows = [{ key: 'd', label: 'd' }];
    const bar = {
      id: 'a',
      task: 'a',
      label: 'a',
      rows: ['d'],
      kind: 'actual',
      colour: 0,
      detail: ''
    } as const;
    const bars = [
      { ...bar, start: 5, end: 5 },
      { ...bar, id: 'b', start: 100, end: 100 }
    ];
    const { bars: placed } = layoutGantt({ title: '', rows, bars }, ENGLISH, { width: 600 });
    expect(placed.map(({ rects }) => rects[0]?.width)).toEqual([2, 2]);
  });

  it('takes bars shorter than any clock tells', () => {
    const rows = [{ key: 'd', label: 'd' }];
    const bar = {
      id: 'a',
      task: 'a',
      label: 'a',
      rows: ['d'],
      kind: 'actual',
      colour: 0,
      detail: ''
    } as const;
    const layout = layoutGantt({ title: '', rows, bars: [{ ...bar, start: 0, end: 5e-324 }] }, ENGLISH, {
      width: 600
    });
    expect(layout.ticks.length).toBeLessThan(10);
  });

  it('takes an empty chart', () => {
    const svg = ganttSvg(layoutGantt({ title: 'Nothing', rows: [], bars: [] }, ENGLISH, { width: 300 }));
    expect(parse(svg).querySelectorAll('.jp-saturn-bar')).toHaveLength(0);
  });
});

describe('ganttSvg', () => {
  it('is well-formed whatever the names', () => {
    fc.assert(
      fc.property(schedules(6), input => {
        const svg = parse(ganttSvg(layoutGantt(input, ENGLISH, { width: 500 })));
        expect(svg.querySelectorAll('.jp-saturn-bar')).toHaveLength(input.bars.length);
      }),
      { numRuns: 50 }
    );
  });

  it('escapes hostile names', () => {
    const name = `"><script>alert('x')</script><!--&amp;\u0000\u001b[31m`;
    const rows = [{ key: 'd', label: name }];
    const bar = {
      id: name,
      task: name,
      label: name,
      rows: ['d'],
      start: 0,
      end: 9,
      note: name,
      detail: name
    };
    const input = {
      title: name,
      rows,
      bars: [{ ...bar, kind: 'actual' as const, colour: 0, technique: name }]
    };
    const svg = parse(ganttSvg(layoutGantt(input, ENGLISH, { width: 900 })));
    expect(svg.querySelectorAll('script')).toHaveLength(0);
    const shown = name.replace('\u0000', ' ').replace('\u001b[31m', '');
    expect(svg.querySelector('.jp-saturn-bar')?.getAttribute('data-task')).toBe(shown);
    expect(svg.querySelector('.jp-saturn-bar > title')?.textContent).toBe(shown);
  });

  it('is one named picture', () => {
    const layout = layoutGantt(sessionGantt(runningSession(), T0 + 12, ENGLISH) as IGanttInput, ENGLISH, {
      width: 860
    });
    const picture = parse(ganttSvg(layout));
    expect(picture.getAttribute('role')).toBe('img');
    for (const attribute of ['aria-labelledby', 'aria-describedby']) {
      const label = picture.querySelector(`[id="${picture.getAttribute(attribute)}"]`);
      expect(label?.textContent).not.toBe('');
    }
    expect(picture.querySelectorAll('[tabindex]')).toHaveLength(0);
  });

  it('refers only to patterns it defines, under ids of its own', () => {
    const ids = [plannedSession(), finishedSession()].map(state => {
      const layout = layoutGantt(sessionGantt(state, T0, ENGLISH) as IGanttInput, ENGLISH, { width: 860 });
      const svg = ganttSvg(layout);
      const defined = [...parse(svg).querySelectorAll('pattern')].map(pattern => pattern.id);
      const used = [...svg.matchAll(/url\(#([^)]+)\)/g)].map(match => match[1]);
      expect(used.length).toBeGreaterThan(0);
      expect(used.filter(id => !defined.includes(id as string))).toEqual([]);
      return layout.id;
    });
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('draws a thousand bars', () => {
    const rows = [...Array(8).keys()].map(i => ({ key: `${i}`, label: `cuda${i}` }));
    const bars = [...Array(1000).keys()].map((i): IGanttBar => {
      const start = Math.floor(i / 8) * 60;
      const common = { id: `${i}`, task: `t${i}`, label: `t${i}`, detail: `t${i}`, kind: 'planned' as const };
      return { ...common, rows: [`${i % 8}`], start, end: start + 60, colour: i % 5, technique: 'fsdp' };
    });
    const svg = ganttSvg(layoutGantt({ title: 'Many', rows, bars }, ENGLISH, { width: 1200 }));
    expect(parse(svg).querySelectorAll('.jp-saturn-bar')).toHaveLength(1000);
    expect(svg.length).toBeLessThan(1_000_000);
  });

  it.each([
    ['plan', () => planGantt(plannedSession().plan!.plan, definedSession().cluster!, ENGLISH)],
    ['running', () => sessionGantt(runningSession(), T0 + 12, ENGLISH)],
    ['finished', () => sessionGantt(finishedSession(), T0 + 60, ENGLISH)],
    [
      'baseline',
      () => {
        const state = explainedSession();
        const { plan } = state.plan!;
        return planGantt(plan, state.cluster!, ENGLISH, {
          baseline: plan.baselines[0],
          pinned: new Set([plan.segments[2]!.task]),
          deadlines: [{ seconds: 20, label: 'deadline 20 s' }]
        });
      }
    ]
  ] as const)('looks as approved: %s', async (name, input) => {
    const svg = ganttSvg(layoutGantt(input() as IGanttInput, ENGLISH, { width: 860 }));
    await expect(`${svg}\n`).toMatchFileSnapshot(`../output/gantt-${name}.svg`);
  });

  it('looks as approved where there is little room', async () => {
    const svg = ganttSvg(
      layoutGantt(sessionGantt(finishedSession(), T0 + 60, ENGLISH) as IGanttInput, ENGLISH, { width: 340 })
    );
    await expect(`${svg}\n`).toMatchFileSnapshot('../output/gantt-narrow.svg');
  });
});
