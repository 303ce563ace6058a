import { MessageLoop } from '@lumino/messaging';
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plan as solve } from '../../../src/core/planner/plan.js';
import type { Conflict, PlanRequest } from '../../../src/core/wire/messages.js';
import type { IWhatIfPlanner } from '../../../src/lab/whatIf/whatIfPlanner.js';
import { plainQuestion } from '../../../src/lab/whatIf/whatIfQuestion.js';
import * as states from '../../fixtures/sessionStates.js';
import { openPanel } from '../panel/panelHarness.js';

/** Plans in this thread; remembers what it was asked. */
class Planner implements IWhatIfPlanner {
  readonly asked: PlanRequest[] = [];
  conflicts: Conflict[] = [];

  async plan(request: PlanRequest) {
    this.asked.push(request);
    const found = await solve({ ...request, budget: { iterations: 50 } });
    return { ...found, optimal: true, conflicts: this.conflicts };
  }

  prepare(): void {}
  cancel(): void {}
  dispose(): void {}
}

/** The last question's task. */
const last = (planner: Planner, name: string | undefined) =>
  planner.asked.at(-1)?.tasks.find(task => task.name === name);

describe('What if', () => {
  let planner: Planner;
  let ui: ReturnType<typeof openPanel>;

  const settled = async () => {
    await act(() => vi.waitFor(() => expect(ui.whatIf.view.solving).toBe(false)));
    MessageLoop.flush();
  };
  const click = async (label: string) => {
    act(() => ui.button(label).click());
    await settled();
  };
  const bars = () => ui.all('.jp-SaturnWhatIf [data-kind="planned"]');
  const single = () =>
    bars().find(bar => bar.getAttribute('aria-label')?.includes('single x1')) as HTMLElement;
  const pointer = (target: EventTarget, type: string, clientX: number, clientY: number) =>
    target.dispatchEvent(new PointerEvent(type, { clientX, clientY, bubbles: true, button: 0 }));
  const drag = async (bar: HTMLElement, x: number, y: number) => {
    act(() => {
      pointer(bar, 'pointerdown', 100, 100);
      pointer(document, 'pointermove', 100 + x / 2, 100 + y / 2);
      pointer(document, 'pointermove', 100 + x, 100 + y);
      pointer(document, 'pointerup', 100 + x, 100 + y);
    });
    await settled();
  };
  const press = async (bar: HTMLElement, key: string, shiftKey = false) => {
    act(() => {
      bar.focus();
      bar.dispatchEvent(new KeyboardEvent('keydown', { key, shiftKey, bubbles: true, cancelable: true }));
    });
    await settled();
  };
  const constraints = () => ui.all('.jp-SaturnWhatIf-wishes li').map(item => item.textContent);

  beforeEach(async () => {
    planner = new Planner();
    ui = openPanel(planner);
    ui.show({ state: states.explainedState() });
    await click('Move tasks by hand');
  });

  afterEach(() => ui.close());

  it('begins with the question that the plan answers', () => {
    expect(planner.asked).toHaveLength(1);
    expect(bars()).toHaveLength(12);
    expect(constraints()).toEqual([]);
    expect(bars()[0]?.getAttribute('aria-keyshortcuts')).toContain('Shift+ArrowUp');
  });

  it('pins a bar that is dragged to another device, and lets it go', async () => {
    const bar = single();
    const { task } = bar.dataset;
    const before = last(planner, task);
    expect(before).not.toHaveProperty('pin');
    const from = bar.getAttribute('aria-label')?.includes('on cpu0') ? 'cpu0' : 'cpu1';
    const to = from === 'cpu0' ? 'cpu1' : 'cpu0';
    await drag(bar, 0, to === 'cpu1' ? 26 : -26);
    expect(last(planner, task)?.pin).toEqual({ node: 'local', devices: [to] });
    expect(constraints()).toEqual([`${task}on local ${to} ✕`]);
    const moved = bars().find(one => one.dataset.task === task);
    expect(moved?.classList.contains('jp-mod-pinned')).toBe(true);
    act(() => ui.find('.jp-SaturnWhatIf-wish')?.click());
    await settled();
    expect(last(planner, task)).not.toHaveProperty('pin');
    expect(constraints()).toEqual([]);
  });

  it('asks for a later start of a bar dragged to the right, for an end of one dragged to the left', async () => {
    const [first] = bars().filter(one => one.getAttribute('aria-label')?.includes(', 0 s to')) as [
      HTMLElement
    ];
    const { task } = first.dataset;
    await drag(first, 60, 0);
    expect(last(planner, task)?.earliestStart).toBeGreaterThan(0);
    const other = bars().find(
      one => one.dataset.task !== task && !one.getAttribute('aria-label')?.includes(', 0 s to')
    );
    await drag(other as HTMLElement, -30, 0);
    expect(last(planner, other?.dataset.task)?.deadline).toBeGreaterThan(0);
    expect(constraints()).toHaveLength(2);
    expect(ui.find('.jp-SaturnWhatIf .jp-SaturnGantt')?.textContent).toContain(`${other?.dataset.task} by`);
  });

  it('shows where a bar would land, and leaves it when the drag is given up', async () => {
    const bar = single();
    act(() => {
      pointer(bar, 'pointerdown', 100, 100);
      pointer(document, 'pointermove', 160, 100);
    });
    expect(ui.find('.jp-SaturnGantt-ghost')?.getAttribute('transform')).toBe('translate(60 0)');
    expect(ui.find('.jp-SaturnWhatIf .jp-SaturnGantt-details')?.textContent).toMatch(/: on cpu\d, from /);
    act(() => {
      document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
      pointer(document, 'pointerup', 160, 100);
    });
    expect(ui.find('.jp-SaturnGantt-ghost')).toBeNull();
    expect(planner.asked).toHaveLength(1);
  });

  it('does all that by keyboard, and the bar keeps the focus', async () => {
    const { task } = single().dataset;
    const bar = () => bars().find(one => one.dataset.task === task) as HTMLElement;
    await press(bar(), 'ArrowRight', true);
    expect(last(planner, task)?.earliestStart).toBeGreaterThan(0);
    expect((document.activeElement as HTMLElement).dataset.task).toBe(task);
    const down = bar().getAttribute('aria-label')?.includes('on cpu0');
    await press(bar(), down ? 'ArrowDown' : 'ArrowUp', true);
    expect(last(planner, task)?.pin?.devices).toEqual([down ? 'cpu1' : 'cpu0']);
    await press(bar(), 'Enter');
    expect(last(planner, task)?.pin?.strategy).toEqual({ technique: 'single', devices: 1 });
    expect(constraints()[0]).toMatch(/as single x1 ✕on local cpu\d ✕not before/);
    await press(bar(), 'Delete');
    expect(last(planner, task)).not.toHaveProperty('pin');
    expect(constraints()).toEqual([]);
  });

  it('sets a deadline for all tasks or one', async () => {
    const amount = ui.find('.jp-SaturnWhatIf input[type="number"]') as HTMLInputElement;
    const set = async (value: string) => {
      const { set: write } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value') ?? {};
      act(() => {
        write?.call(amount, value);
        amount.dispatchEvent(new Event('input', { bubbles: true }));
      });
      await click('Set');
    };
    expect(ui.button('Set').disabled).toBe(true);
    await set('40');
    expect(planner.asked.at(-1)?.tasks.every(task => task.deadline === 40)).toBe(true);
    expect(ui.find('.jp-SaturnWhatIf .jp-SaturnGantt')?.textContent).toContain('deadline 40 s');
    const choice = ui.find('.jp-SaturnWhatIf-deadline .jp-SaturnWhatIf-wide') as HTMLSelectElement;
    const task = choice.options[3]?.value as string;
    act(() => {
      choice.value = task;
      choice.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await set('20');
    expect(
      planner.asked
        .at(-1)
        ?.tasks.filter(one => one.deadline === 20)
        .map(one => one.name)
    ).toEqual([task]);
    expect(constraints()).toEqual(['all tasksdone by 40 s ✕', `${task}done by 20 s ✕`]);
  });

  it('says what cannot be met and what would help', async () => {
    planner.conflicts = [{ constraint: 'pin', task: 'a', message: 'No such device.', relax: 'the pin' }];
    await press(single(), 'Enter');
    expect(ui.find('.jp-SaturnWhatIf .jp-SaturnList.jp-mod-warning')?.textContent).toContain(
      'No such device.What would help: the pin'
    );
  });

  it('leaves a pin aside while its device is not there', async () => {
    const state = states.explainedState();
    const task = state.tasks[0]?.spec.name as string;
    const pin = { node: 'local', devices: ['cpu1'] as [string] };
    const question = { ...plainQuestion(state), constraints: new Map([[task, { pin, deadline: 50 }]]) };
    act(() => ui.whatIf.ask(state, { ...question, devices: { local: 1 } }));
    await settled();
    expect(last(planner, task)).not.toHaveProperty('pin');
    expect(last(planner, task)?.deadline).toBe(50);
    expect(constraints()).toEqual([`${task}on local cpu1 (not there) ✕done by 50 s ✕`]);
    act(() => ui.whatIf.ask(state, question));
    await settled();
    expect(last(planner, task)?.pin).toEqual(pin);
  });

  it('shows another plan under the answer, on the same scale', () => {
    const choice = ui.all('.jp-SaturnWhatIf-answer select')[0] as HTMLSelectElement;
    expect([...choice.options].slice(0, 2).map(option => option.value)).toEqual(['', 'current plan']);
    act(() => {
      choice.value = 'current plan';
      choice.dispatchEvent(new Event('change', { bubbles: true }));
    });
    MessageLoop.flush();
    expect(ui.all('.jp-SaturnWhatIf [data-kind="baseline"]')).toHaveLength(12);
    expect(ui.find('.jp-SaturnWhatIf .jp-SaturnGantt')?.textContent).toContain('Baseline: current plan');
  });

  it('has a slider per node when there are several', () => {
    const state = states.explainedState();
    const [local] = state.cluster?.nodes ?? [];
    state.cluster = { nodes: [local!, { ...local!, id: 'far' }] };
    ui.show({ state });
    const sliders = ui.all('.jp-SaturnWhatIf input[type="range"]') as HTMLInputElement[];
    expect(sliders.map(slider => slider.labels?.[0]?.textContent)).toEqual(['local', 'far']);
    expect(sliders.map(slider => slider.min)).toEqual(['0', '0']);
  });

  it('does not move what runs', async () => {
    ui.show({ state: states.runningState() });
    await click('Clear');
    await click('Move tasks by hand');
    const running = states.runningState().tasks.find(task => task.status === 'running')?.spec.name;
    const bar = bars().find(one => one.dataset.task === running);
    expect(bar?.classList.contains('jp-mod-movable')).toBe(false);
    const count = planner.asked.length;
    await drag(bar as HTMLElement, 60, 0);
    expect(planner.asked).toHaveLength(count);
  });
});
