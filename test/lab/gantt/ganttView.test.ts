import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import type { Row } from '../../../src/core/view/format/table.js';
import type { IGanttBar, IGanttInput } from '../../../src/core/view/gantt/gantt.js';
import { sessionGantt } from '../../../src/core/view/gantt/sessionGantt.js';
import { neighbour } from '../../../src/lab/gantt/ganttKeys.js';
import { ganttTable } from '../../../src/lab/gantt/ganttTable.js';
import { GanttView } from '../../../src/lab/gantt/ganttView.js';
import { EPOCH, explainedState, plannedState, runningState } from '../../fixtures/sessionStates.js';

describe('GanttView', () => {
  let view: GanttView;
  const selections: (string | null)[] = [];

  const bars = () => [...view.node.querySelectorAll<SVGElement>('[data-id]')];
  const stops = () => bars().filter(bar => bar.getAttribute('tabindex') === '0');
  const press = (key: string) =>
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  const draw = () => MessageLoop.flush();

  beforeEach(() => {
    selections.length = 0;
    view = new GanttView({ trans: nullTranslator.load('') });
    view.selectionChanged.connect((_, bar: IGanttBar | null) => void selections.push(bar?.task ?? null));
    Widget.attach(view, document.body);
    view.input = sessionGantt(runningState(), EPOCH + 20, ENGLISH);
    draw();
  });

  afterEach(() => view.dispose());

  it('draws a list box of bars, one of which is a tab stop', () => {
    expect(view.node.querySelector('svg')?.getAttribute('role')).toBe('listbox');
    expect(bars()).toHaveLength(15); // 12 planned, 3 actual
    expect(stops()).toHaveLength(1);
    expect(bars().every(bar => bar.getAttribute('aria-label'))).toBe(true);
  });

  it('selects what is clicked and tells about it', () => {
    bars()[3]?.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    expect(selections).toEqual([view.input?.bars[3]?.task]);
    expect(bars()[3]?.getAttribute('aria-selected')).toBe('true');
    expect(stops()).toEqual([bars()[3]]);
    expect(view.node.querySelector('[aria-live]')?.textContent).toBe(view.input?.bars[3]?.detail);
  });

  it('lets go of what is let go elsewhere, and selects it again', () => {
    const click = (node: Element | null | undefined) =>
      node?.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    const task = view.input?.bars[3]?.task as string;
    click(bars()[3]);
    view.chosen = new Set([task]);
    expect(bars()[3]?.getAttribute('aria-selected')).toBe('true');
    view.chosen = new Set();
    expect(bars()[3]?.getAttribute('aria-selected')).toBe('false');
    expect(view.node.querySelector('[aria-live]')?.textContent).toBe('');
    click(bars()[3]);
    expect(selections).toEqual([task, task]);
  });

  it('lets go of what was selected elsewhere by a click on the ground', () => {
    view.chosen = new Set([view.input?.bars[3]?.task as string]);
    const ground = view.node.querySelector('svg');
    ground?.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    expect(selections).toEqual([null]);
    view.chosen = new Set();
    ground?.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    expect(selections).toEqual([null]);
  });

  it('moves with the arrow keys and lets go with Escape', () => {
    stops()[0]?.focus();
    press('ArrowRight');
    press('ArrowRight');
    press('End');
    press('Escape');
    expect(selections).toHaveLength(4);
    expect(new Set(selections.slice(0, 3)).size).toBe(3);
    expect(selections[3]).toBeNull();
    expect(view.node.querySelector('[aria-live]')?.textContent).toBe('');
  });

  it('keeps focus and selection when the state moves on', () => {
    stops()[0]?.focus();
    press('ArrowRight');
    const id = (document.activeElement as SVGElement).dataset.id;
    view.input = sessionGantt(runningState(), EPOCH + 25, ENGLISH);
    draw();
    expect((document.activeElement as SVGElement).dataset.id).toBe(id);
    expect(view.selection?.id).toBe(id);
  });

  it('does not touch the document when nothing changed', () => {
    const svg = view.node.querySelector('svg');
    view.input = sessionGantt(runningState(), EPOCH + 20, ENGLISH);
    draw();
    expect(view.node.querySelector('svg')).toBe(svg);
  });

  it('says the same as a table', () => {
    const toggle = view.node.querySelector('button') as HTMLButtonElement;
    toggle.click();
    draw();
    expect(view.node.querySelector('svg')).toBeNull();
    expect(view.node.querySelectorAll('tbody tr')).toHaveLength(15);
    toggle.click();
    draw();
    expect(bars()).toHaveLength(15);
  });

  it('shows nothing without input', () => {
    view.input = null;
    draw();
    expect(view.node.querySelector('svg')).toBeNull();
    expect(view.node.querySelector('button')?.hidden).toBe(true);
  });

  it('escapes what tasks are called', () => {
    const state = plannedState();
    const segment = state.plan?.plan.segments[0];
    if (segment) {
      segment.task = '<img src=x onerror=alert(1)>';
    }
    view.input = sessionGantt(state, EPOCH, ENGLISH);
    draw();
    expect(view.node.querySelector('img')).toBeNull();
  });
});

describe('neighbour', () => {
  const input = sessionGantt(plannedState(), EPOCH, ENGLISH);
  const ids = input?.bars.map(bar => bar.id) ?? [];
  const go = (from: string, ...keys: string[]) =>
    keys.reduce<string | null>((id, key) => (id && input ? neighbour(input, id, key) : null), from);

  it('walks all bars of a lane from the first to the last, and stops there', () => {
    const seen: string[] = [];
    for (let id = go(ids[0] as string, 'Home'); id; id = go(id, 'ArrowRight')) {
      seen.push(id);
    }
    // Four on both devices, then those on the first device alone.
    expect(seen.length).toBeGreaterThan(4);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('goes back the way it came', () => {
    const first = go(ids[0] as string, 'Home') as string;
    expect(go(first, 'ArrowRight', 'ArrowLeft')).toBe(first);
    expect(go(first, 'ArrowLeft')).toBeNull();
    const last = go(first, 'End') as string;
    expect(go(last, 'ArrowDown', 'ArrowUp') ?? last).toBeTruthy();
  });

  it('goes down from the plan to the baseline shown under it', () => {
    const state = explainedState();
    const chart = sessionGantt(state, EPOCH, ENGLISH, state.plan?.plan.baselines[0]) as IGanttInput;
    const seen: (string | undefined)[] = [];
    for (let id = neighbour(chart, ids[0] as string, 'Home'); id; id = neighbour(chart, id, 'ArrowDown')) {
      seen.push(chart.bars.find(bar => bar.id === id)?.kind);
    }
    expect(seen).toContain('planned');
    expect(seen.at(-1)).toBe('baseline');
    const table = ganttTable(chart, nullTranslator.load(''));
    expect(new Set(table.rows.map(row => (row as Row)[1]))).toEqual(new Set(['planned', 'max']));
  });

  it('knows nothing of other keys and other bars', () => {
    expect(go(ids[0] as string, 'x')).toBeNull();
    expect(go('nobody', 'ArrowRight')).toBeNull();
  });
});

describe('a chart of very many bars', () => {
  const rows = [...Array(8).keys()].map(i => ({ key: `${i}`, label: `cuda${i}` }));
  const bars = [...Array(1200).keys()].map((i): IGanttBar => {
    const start = Math.floor(i / 8) * 60;
    const common = { id: `${i}`, task: `t${i}`, label: `t${i}`, detail: `t${i}`, kind: 'planned' as const };
    return { ...common, rows: [`${i % 8}`], start, end: start + 60, colour: 0 };
  });
  let view: GanttView;
  const drawn = () => [...view.node.querySelectorAll<SVGElement>('[data-id]')];

  beforeEach(() => {
    view = new GanttView({ trans: nullTranslator.load('') });
    Widget.attach(view, document.body);
    view.input = { title: 'Many', rows, bars, makespan: 9000 };
  });

  afterEach(() => view.dispose());

  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));

  it('is drawn a part at a time, in the order of the chart', async () => {
    MessageLoop.flush();
    expect(drawn()).toHaveLength(200);
    while (drawn().length < bars.length) {
      await frame();
      MessageLoop.flush();
    }
    expect(drawn().map(bar => bar.dataset.id)).toEqual(bars.map(({ id }) => id));
  });

  it('has the bar that a key leads to at once, however many are left', () => {
    MessageLoop.flush();
    drawn()[0]!.focus();
    const event = new KeyboardEvent('keydown', { key: 'End', bubbles: true });
    document.activeElement?.dispatchEvent(event);
    expect(view.selection?.id).toBe('1199');
    expect((document.activeElement as SVGElement).dataset.id).toBe('1199');
  });

  it('leaves what is as it was in the document, and has tooltips where they are wanted', () => {
    MessageLoop.flush();
    const [first, second] = drawn() as [SVGElement, SVGElement];
    view.input = {
      title: 'Many',
      rows,
      makespan: 9000,
      bars: [{ ...bars[0]!, end: 30 }, ...bars.slice(1, 3)]
    };
    MessageLoop.flush();
    expect(drawn()).toHaveLength(3);
    expect(drawn()[0]).not.toBe(first);
    expect(drawn()[1]).toBe(second);
    expect(second.querySelector('title')).toBeNull();
    second.dispatchEvent(new MouseEvent('pointerover', { bubbles: true }));
    expect(second.querySelector('title')?.textContent).toBe('t1');
  });
});
