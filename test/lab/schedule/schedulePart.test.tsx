import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plan as solve } from '../../../src/core/planner/plan.js';
import {
  type Envelope,
  type PlanRequest,
  type SessionState,
  validate
} from '../../../src/core/wire/messages.js';
import { TaskSelection } from '../../../src/lab/context/taskSelection.js';
import { schedulePart } from '../../../src/lab/schedule/schedulePart.js';
import type { IWhatIfPlanner } from '../../../src/lab/whatIf/whatIfPlanner.js';
import * as states from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

// React asks for it before it lets `act` batch updates.
Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

/** Plans in this thread; remembers what it was asked. */
class Planner implements IWhatIfPlanner {
  readonly asked: PlanRequest[] = [];
  isDisposed = false;
  error: Error | null = null;

  async plan(request: PlanRequest) {
    this.asked.push(request);
    if (this.error) {
      throw this.error;
    }
    return { ...(await solve({ ...request, budget: { iterations: 50 } })), optimal: true };
  }

  prepare(): void {}
  cancel(): void {}
  dispose(): void {
    this.isDisposed = true;
  }
}

const LOAD = {
  nodes: [
    {
      node: 'local',
      starts: [states.EPOCH, states.EPOCH + 10],
      ends: [states.EPOCH + 10, states.EPOCH + 20],
      devices: [
        {
          id: 'cpu0',
          loads: [0.5, 1],
          memory: [0.25, 0.5],
          now: { id: 'cpu0', load: 0.87, memoryBytes: 2 ** 30, totalBytes: 2 ** 31, others: ['a kernel'] }
        }
      ]
    }
  ]
};

describe('the schedule', () => {
  let store: FakeStore;
  let planner: Planner;
  let selection: TaskSelection;
  let part: ReturnType<typeof schedulePart>;
  let now = states.EPOCH + 20;

  const draw = () => MessageLoop.flush();
  const show = async (state: SessionState) => {
    await act(async () => store.set({ state }));
    draw();
  };
  const find = (selector: string) => part.node.querySelector<HTMLElement>(selector);
  const all = (selector: string) => [...part.node.querySelectorAll<HTMLElement>(selector)];
  const button = (label: string) =>
    all('button').find(
      one => one.textContent === label || one.getAttribute('aria-label') === label
    ) as HTMLButtonElement;
  const click = async (target: Element | undefined | null, options: MouseEventInit = {}) => {
    await act(async () => {
      target?.dispatchEvent(new MouseEvent('click', { bubbles: true, ...options }));
    });
    draw();
  };
  const bars = (kind = 'planned') => all(`[data-kind="${kind}"]`);
  const key = (target: Element, name: string, options: KeyboardEventInit = {}) => {
    act(() => {
      target.dispatchEvent(
        new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...options })
      );
    });
    draw();
  };
  const settled = async () => {
    await vi.waitFor(async () => {
      await act(async () => undefined);
      draw();
      expect(find('.jp-SaturnDraft')?.getAttribute('aria-busy')).toBe('false');
    });
  };
  const pointer = (target: EventTarget, type: string, clientX: number, clientY: number) =>
    target.dispatchEvent(new PointerEvent(type, { clientX, clientY, bubbles: true, button: 0 }));
  const drag = async (bar: Element, x: number, y: number) => {
    act(() => {
      pointer(bar, 'pointerdown', 100, 100);
      pointer(document, 'pointermove', 100 + x / 2, 100 + y / 2);
      pointer(document, 'pointermove', 100 + x, 100 + y);
      pointer(document, 'pointerup', 100 + x, 100 + y);
    });
    draw();
  };
  const single = () =>
    bars().find(bar => bar.getAttribute('aria-label')?.includes('single x1')) as HTMLElement;
  const window = () => find('[role="scrollbar"]')?.getAttribute('aria-valuetext');

  beforeEach(() => {
    now = states.EPOCH + 20;
    store = new FakeStore();
    store.answer = () => ({ v: 1, id: 'a', re: 'b', type: 'load', body: LOAD }) satisfies Envelope as never;
    planner = new Planner();
    selection = new TaskSelection();
    part = schedulePart(
      {
        session: store,
        selection,
        commands: new CommandRegistry(),
        trans: nullTranslator.load('jupyterlab_saturn'),
        clock: () => now
      },
      () => undefined,
      () => planner
    );
    act(() => {
      Widget.attach(part, document.body);
      draw();
    });
  });

  afterEach(() => act(() => part.dispose()));

  it('says what to do while there is nothing to show', async () => {
    await show(states.emptyState());
    expect(find('svg.jp-saturn-gantt')).toBeNull();
    expect(part.node.textContent).not.toBe('');
  });

  describe('and the selection', () => {
    beforeEach(() => show(states.runningState()));

    it('is one: a bar selects its task, which stands out in plan and training', async () => {
      const [bar] = bars('actual');
      await click(bar);
      const task = bar?.dataset.task as string;
      expect(selection.tasks).toEqual([task]);
      expect(all('.jp-mod-chosen').map(one => one.dataset.task)).toEqual([task, task]);
      expect(find('svg.jp-mod-choosing')).not.toBeNull();
    });

    it('follows what is selected elsewhere', () => {
      const task = bars()[3]?.dataset.task as string;
      act(() => selection.select([task]));
      draw();
      expect(all('.jp-mod-chosen').map(one => one.dataset.task)).toEqual([task]);
      act(() => selection.select([]));
      draw();
      expect(all('.jp-mod-chosen')).toEqual([]);
    });

    it('has the others fade, but not for a task that has no bar', () => {
      const faint = () => all('.jp-mod-faint').length;
      act(() => selection.select([bars()[3]?.dataset.task as string]));
      draw();
      expect(faint()).toBe(all('[data-of]').length - all('.jp-mod-chosen').length);
      const failed = states
        .runningState()
        .tasks.find(({ spec }) => bars().every(bar => bar.dataset.task !== spec.name));
      expect(failed).toBeDefined();
      act(() => selection.select([failed?.spec.name as string]));
      draw();
      expect(find('svg.jp-mod-choosing')).toBeNull();
      expect(faint()).toBe(0);
    });

    it('takes in more with Ctrl, by pointer and by key, and lets go with Escape', async () => {
      const [one, two] = bars() as [HTMLElement, HTMLElement];
      await click(one);
      await click(two, { ctrlKey: true });
      expect(selection.tasks).toEqual([one.dataset.task, two.dataset.task]);
      key(two, ' ', { ctrlKey: true });
      expect(selection.tasks).toEqual([one.dataset.task]);
      key(one, 'Escape');
      expect(selection.tasks).toEqual([]);
    });
  });

  describe('and time', () => {
    beforeEach(() => show(states.runningState()));

    it('is zoomed and fitted by buttons', async () => {
      expect(button('Fit').disabled).toBe(true);
      const before = window();
      await click(button('Zoom in (+)'));
      expect(window()).not.toBe(before);
      expect(button('Fit').disabled).toBe(false);
      await click(button('Fit'));
      expect(window()).toBe(before);
    });

    it('is zoomed round the pointer by a wheel with Ctrl, and moved by one with Shift', () => {
      const chart = find('.jp-SaturnGantt-chart') as HTMLElement;
      const wheel = (options: WheelEventInit) => {
        const event = new WheelEvent('wheel', { bubbles: true, cancelable: true, ...options });
        act(() => void chart.dispatchEvent(event));
        draw();
        return event.defaultPrevented;
      };
      const whole = window();
      expect(wheel({ deltaY: 100 })).toBe(false);
      expect(wheel({ deltaY: 100, shiftKey: true })).toBe(false);
      expect(window()).toBe(whole);
      expect(wheel({ deltaY: -400, ctrlKey: true, clientX: 0 })).toBe(true);
      const near = window();
      expect(near?.startsWith('0 s to')).toBe(true);
      expect(wheel({ deltaY: 100, shiftKey: true })).toBe(true);
      expect(window()?.startsWith('0 s to')).toBe(false);
    });

    it('draws only what is in it', async () => {
      const number = bars().length;
      for (let i = 0; i < 8; i++) {
        await click(button('Zoom in (+)'));
      }
      expect(bars().length).toBeLessThan(number);
      expect(bars().length).toBeGreaterThan(0);
    });

    it('is moved by dragging the ground, which is no click', async () => {
      const [bar] = bars('actual');
      await click(bar);
      await click(button('Zoom in (+)'));
      const before = window();
      const ground = find('[data-layer="back"] > rect') as HTMLElement;
      await drag(ground, -50, 0);
      await click(ground);
      expect(window()).not.toBe(before);
      expect(selection.tasks).toEqual([bar?.dataset.task]);
    });

    it('is moved and zoomed by keys, in the chart and at a glance', () => {
      const focused = () => document.activeElement as Element;
      bars()[0]?.focus();
      key(focused(), '+');
      key(focused(), '+');
      const first = window();
      key(focused(), 'ArrowLeft');
      const second = window();
      expect(second).not.toBe(first);
      key(focused(), 'PageDown');
      expect(window()).not.toBe(second);
      expect(part.node.contains(focused())).toBe(true);
      const map = find('[role="scrollbar"]') as HTMLElement;
      key(map, 'Home');
      expect(window()?.startsWith('0 s')).toBe(true);
      key(map, 'End');
      expect(window()?.startsWith('0 s')).toBe(false);
      key(map, '0');
      expect(button('Fit').disabled).toBe(true);
    });

    it('shows the selected tasks as near as can be', async () => {
      await click(bars('actual')[1]);
      await click(button('Selected'));
      const shown = new Set(bars('actual').map(bar => bar.dataset.task));
      expect(shown).toContain(selection.current);
      expect(button('Fit').disabled).toBe(false);
    });

    it('goes where a task is that is selected elsewhere', async () => {
      for (let i = 0; i < 10; i++) {
        key(bars()[0] ?? (find('[role="scrollbar"]') as HTMLElement), '+');
      }
      key(find('[role="scrollbar"]') as HTMLElement, 'Home');
      const { segments } = states.runningState().plan!.plan;
      const late = [...segments].sort((a, b) => b.start - a.start)[0]!.task;
      expect(bars().map(bar => bar.dataset.task)).not.toContain(late);
      act(() => selection.select([late]));
      draw();
      expect(bars().map(bar => bar.dataset.task)).toContain(late);
    });
  });

  describe('and how busy devices are', () => {
    it('shows it under what happened, in words too, and asks again while it trains only', async () => {
      await show(states.runningState());
      expect(store.sent.map(([type]) => type)).toEqual(['load.read']);
      expect(() => validate('LoadRead', store.sent[0]?.[1])).not.toThrow();
      expect(find('.jp-saturn-load text')?.textContent).toBe('87 %');
      const row = find('details td')?.closest('tr')?.textContent;
      expect(row).toContain('87 %');
      expect(row).toContain('1 GiB of 2 GiB');
      expect(row).toContain('a kernel');
      now += 1;
      await show({ ...states.runningState() });
      expect(store.sent).toHaveLength(1);
      now += 1;
      await show({ ...states.runningState() });
      expect(store.sent).toHaveLength(2);
    });

    it('can be hidden', async () => {
      await show(states.runningState());
      const box = find('.jp-SaturnSchedule-toolbar input[type="checkbox"]') as HTMLInputElement;
      await act(async () => box.click());
      draw();
      expect(find('.jp-saturn-load')).toBeNull();
    });

    it('does without where nobody tells', async () => {
      store.answer = () => {
        throw new Error('an older engine');
      };
      await show(states.runningState());
      expect(bars()).not.toEqual([]);
      expect(find('.jp-saturn-load')).toBeNull();
    });
  });

  describe('and a draft', () => {
    beforeEach(() => show(states.explainedState()));

    it('is made by dragging a bar to another device, over the plan as it is', async () => {
      const bar = single();
      const task = bar.dataset.task as string;
      const label = bar.getAttribute('aria-label') as string;
      const other = label.includes('cpu0') ? 'cpu1' : 'cpu0';
      await drag(bar, 0, other === 'cpu1' ? 26 : -26);
      await settled();
      expect(planner.asked.at(-1)?.tasks.find(({ name }) => name === task)?.pin).toEqual({
        node: 'local',
        devices: [other]
      });
      expect(all('[data-old]')).toHaveLength(12);
      expect(find('.jp-SaturnDraft-price')?.textContent).toContain('Draft');
      expect(find('.jp-SaturnDraft li')?.textContent).toContain(`on local ${other}`);
      expect(button('Use this plan').disabled).toBe(false);
      expect(store.sent).toEqual([]);
    });

    it('is made the plan, which says what that asks', async () => {
      const { task } = single().dataset;
      single().focus();
      key(single(), 'Enter');
      await settled();
      expect(find('.jp-SaturnWhatIf-changes')?.textContent).toBe(
        `Asks of every plan: ${task}: only single x1.`
      );
      await click(button('Use this plan'));
      expect(store.sent.map(([type]) => type)).toEqual(['wishes.set', 'plan']);
      expect(() => validate('WishesSet', store.sent[0]?.[1])).not.toThrow();
      expect(find('.jp-SaturnDraft')).toBeNull();
      expect(all('[data-old]')).toEqual([]);
    });

    it('is discarded, and nothing was asked', async () => {
      key(single(), 'ArrowRight', { shiftKey: true });
      await settled();
      await click(button('Discard'));
      expect(find('.jp-SaturnDraft')).toBeNull();
      expect(store.sent).toEqual([]);
      expect(bars()).toHaveLength(12);
    });

    it('is gone when what was asked is taken back', async () => {
      key(single(), 'Enter');
      await settled();
      await click(find('.jp-SaturnDraft li button'));
      expect(find('.jp-SaturnDraft')).toBeNull();
    });

    it('stays when the session refuses it', async () => {
      key(single(), 'Enter');
      await settled();
      store.accepts = false;
      await click(button('Use this plan'));
      expect(find('.jp-SaturnDraft')).not.toBeNull();
    });

    it('says why there is none', async () => {
      planner.error = new Error('There is no such plan.');
      key(single(), 'Enter');
      await settled();
      expect(find('.jp-SaturnDraft .jp-SaturnFailure')?.textContent).toContain('There is no such plan.');
      expect(button('Use this plan')).toBeUndefined();
      await click(button('Discard'));
      expect(bars()).toHaveLength(12);
    });

    it('leaves what trains, or has, where it is; moments are those of the clock', async () => {
      await show(states.runningState());
      const waiting = bars().filter(bar => bar.classList.contains('jp-mod-movable'));
      expect(waiting).toHaveLength(9);
      const [bar] = waiting as [HTMLElement];
      const { start } = states
        .runningState()
        .plan!.plan.segments.find(({ task }) => task === bar.dataset.task)!;
      await drag(bar, 100, 0);
      await settled();
      const asked = planner.asked.at(-1)!.tasks.find(({ name }) => name === bar.dataset.task)!;
      expect(asked.earliestStart).toBeGreaterThan(start - 20);
      const [one] = all('[data-old]');
      expect(one).toBeDefined();
      await click(button('Use this plan'));
      const sent = store.sent.filter(([type]) => type !== 'load.read');
      expect(sent.map(([type]) => type)).toEqual(['wishes.set']);
      expect(sent[0]?.[1]).toEqual({
        tasks: [{ tasks: [bar.dataset.task], set: { earliestStart: now + asked.earliestStart! } }]
      });
    });

    it('is asked for again when the plan is another one', async () => {
      key(single(), 'Enter');
      await settled();
      const asked = planner.asked.length;
      const state = states.explainedState();
      await show({ ...state, rev: 99 });
      await settled();
      expect(planner.asked).toHaveLength(asked);
      await show({ ...state, plan: { ...state.plan!, madeAt: now } });
      await settled();
      expect(planner.asked).toHaveLength(asked + 1);
    });

    it('ends with the part, and its planner too', async () => {
      key(single(), 'Enter');
      await settled();
      act(() => part.dispose());
      expect(planner.isDisposed).toBe(true);
    });
  });

  describe('and other plans', () => {
    it('has a simple rule shown under the plan, and followed', async () => {
      await show(states.explainedState());
      const select = find('select') as HTMLSelectElement;
      const name = select.options[1]?.value as string;
      await act(async () => {
        select.value = name;
        select.dispatchEvent(new Event('change', { bubbles: true }));
      });
      draw();
      expect(bars('baseline')).toHaveLength(12);
      await click(button('Use this plan'));
      const [sent] = store.sent;
      expect(sent?.[0]).toBe('plan.use');
      expect(() => validate('PlanUse', sent?.[1])).not.toThrow();
      expect(bars('baseline')).toEqual([]);
    });

    it('marks when it was planned anew and why, and shows the plan of then', async () => {
      const state = states.runningState();
      const replan = {
        ...{ number: 1, at: states.EPOCH + 9, adoptedAt: states.EPOCH + 10, makespan: 60 },
        ...{ causes: [{ kind: 'wishes' as const }], moves: [] }
      };
      await show({ ...state, replans: [replan] });
      const event = find('[data-event="1"]');
      expect(event?.querySelector('title')?.textContent).toContain('something else was asked for');
      store.past = state;
      await click(event?.querySelector('circle'));
      expect(store.sent.at(-1)).toEqual(['state.at', { time: replan.adoptedAt }]);
      expect(find('.jp-SaturnPast')).not.toBeNull();
      expect(all('.jp-mod-movable')).toEqual([]);
      await click(button('Back to now'));
      expect(find('.jp-SaturnPast')).toBeNull();
    });
  });

  it('folds nodes where there are several', async () => {
    const state = states.explainedState();
    const nodes = ['a', 'b'].map(id => ({ ...state.cluster!.nodes[0]!, id }));
    await show({ ...state, cluster: { nodes } });
    const height = () => Number(find('svg.jp-saturn-gantt')?.getAttribute('height'));
    const before = height();
    const fold = all('[aria-expanded]').find(one => one.textContent?.includes('a')) as HTMLElement;
    await click(fold);
    expect(fold.getAttribute('aria-expanded')).toBe('false');
    expect(height()).toBeLessThan(before);
    await click(find('[data-node="a"] text'));
    expect(height()).toBe(before);
  });

  it('offers to fold all of many nodes, whatever was folded of those that have left', async () => {
    const state = states.explainedState();
    const [node] = state.cluster!.nodes;
    const cluster = (ids: string[]) => ({ nodes: ids.map(id => ({ ...node!, id })) });
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await show({ ...state, cluster: cluster(ids) });
    expect(button('Fold all nodes')).toBeDefined();
    await click(all('[aria-expanded]').find(one => one.textContent?.endsWith('h')));
    expect(button('Unfold all nodes')).toBeDefined();
    await show({ ...state, cluster: cluster(ids.slice(0, -1)) });
    await click(button('Fold all nodes'));
    expect(all('[aria-expanded="true"]')).toEqual([]);
  });
});
