import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Replan, SessionState } from '../../../src/core/wire/messages.js';
import { finishedState, runningState } from '../../fixtures/sessionStates.js';
import { openPanel } from './panelHarness.js';

const planner = {
  plan: () => Promise.reject(new Error('nobody asks')),
  prepare: () => undefined,
  cancel: () => undefined,
  dispose: () => undefined
};

const since = runningState().run!.startedAt;

function replan(number: number): Replan {
  const at = since + 5 * number;
  return { number, at, adoptedAt: at + 1, causes: [{ kind: 'wishes' }], moves: [], makespan: 60 };
}

/** A session whose plan was made anew twice. */
function replanned(state = runningState()): SessionState {
  return { ...state, replans: [replan(1), replan(2)] };
}

/** How it was: less had happened. */
function before(): SessionState {
  const state = replanned();
  const tasks = state.tasks.map(task => ({ ...task, attempts: task.attempts.slice(0, 0) }));
  const [segment] = state.plan!.plan.segments;
  const plan = { ...state.plan!, plan: { ...state.plan!.plan, segments: [segment!], makespan: 1234 } };
  return { ...state, tasks, plan };
}

describe('the list of plans', () => {
  let ui: ReturnType<typeof openPanel>;

  beforeEach(() => {
    ui = openPanel(planner);
    ui.store.past = before();
    ui.show({ state: replanned() });
  });

  afterEach(() => ui.close());

  const bars = () => ui.all('[data-section="plan"] [data-id]').length;
  const click = async (label: string) => {
    await act(async () => ui.button(label).click());
  };

  it('is there once the plan was made anew, newest first, with the first one', () => {
    // What follows on another session's state, or on none, does not wait for its turn.
    ui.show({ state: null });
    ui.show({ state: runningState() });
    expect(ui.find('.jp-SaturnPlanHistory')).toBeNull();
    ui.show({ state: null });
    ui.show({ state: replanned() });
    expect(ui.find('.jp-SaturnPlanHistory')?.closest('details')?.textContent).toMatch(
      /^Planned anew 2 times/
    );
    const labels = ui.all('.jp-SaturnPlanHistory button').map(node => node.textContent);
    expect(labels).toEqual(['Plan 2', 'Plan 1', 'Plan 0']);
  });

  it('shows a plan as it was in the one chart, and goes back to now', async () => {
    const now = bars();
    await click('Plan 1');
    expect(ui.store.sent.filter(([type]) => type === 'state.at')).toEqual([
      ['state.at', { time: since + 6 }]
    ]);
    expect(bars()).toBeLessThan(now);
    expect(ui.find('.jp-SaturnPast[role="status"]')?.textContent).toContain('The plan as it was at ');
    expect(ui.find('[data-section="plan"]')?.textContent).toContain('The plan: 1 task in 20 min 34 s.');
    expect(ui.button('Plan 1').getAttribute('aria-pressed')).toBe('true');
    await click('Back to now');
    expect(bars()).toBe(now);
    expect(ui.find('.jp-SaturnPast')).toBeNull();
    expect(document.activeElement?.tagName).toBe('SUMMARY');
  });

  it('stays where people look when the session goes on, until it begins anew', async () => {
    await click('Plan 0');
    expect(ui.store.sent.filter(([type]) => type === 'state.at')).toEqual([['state.at', { time: since }]]);
    const then = bars();
    ui.show({ state: replanned(finishedState()) });
    expect(bars()).toBe(then);
    ui.show({ state: { ...replanned(), run: { startedAt: since + 100 } } });
    expect(ui.find('.jp-SaturnPast')).toBeNull();
  });

  it('goes back when the same plan is chosen again, and stays at now when it cannot be told', async () => {
    await click('Plan 2');
    await click('Plan 2');
    expect(ui.find('.jp-SaturnPast')).toBeNull();
    ui.store.past = null;
    await click('Plan 1');
    expect(ui.find('.jp-SaturnPast')).toBeNull();
    expect(ui.button('Plan 1').getAttribute('aria-pressed')).toBe('false');
  });
});
