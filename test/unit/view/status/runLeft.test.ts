import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { leftWords, runLeft } from '../../../../src/core/view/status/runLeft.js';
import type { SessionState, TaskState } from '../../../../src/core/wire/messages.js';
import { runningSession, T0 } from '../sessionStates.js';

const NOW = T0 + 12;

/** A run in which some tasks are otherwise than they are. */
function run(other: (task: TaskState) => TaskState, more: Partial<SessionState> = {}): SessionState {
  const state = runningSession();
  return { ...state, ...more, tasks: state.tasks.map(other) };
}

const waits = ({ status }: TaskState): boolean => status === 'ready';
const unknown = (task: TaskState): TaskState =>
  waits(task) ? { ...task, status: 'inspecting', inspection: undefined } : task;
const same = (task: TaskState): TaskState => task;

describe('how long a run still takes', () => {
  it('is that of its plan when that has all', () => {
    expect(leftWords(run(same), NOW, ENGLISH)).toBe('about 14 s left');
  });

  it('counts tasks that no plan has yet by what was measured of them', () => {
    const unplanned = run(same, { plan: undefined });
    const [alone, all] = [run(task => (waits(task) ? { ...task, status: 'stopped' } : task)), unplanned].map(
      state => runLeft({ ...state, plan: undefined }, NOW)!
    );
    expect(all!.isLeast).toBe(false);
    expect(all!.seconds).toBeGreaterThan(2 * alone!.seconds);
    // Without gaps it would take no longer than by the plan there was.
    expect(all!.seconds).toBeLessThanOrEqual(runLeft(run(same), NOW)!.seconds);
  });

  it('counts them after all that the plan has, on as many devices', () => {
    const state = run(same);
    const planned = runLeft(state, NOW)!.seconds;
    const more = state.tasks.flatMap(task =>
      [0, 1]
        .map(copy => ({ ...task, spec: { ...task.spec, name: `${task.spec.name}-${copy}` } }))
        .filter(waits)
    );
    const all = runLeft({ ...state, tasks: [...state.tasks, ...more] }, NOW)!.seconds;
    expect(all).toBeGreaterThan(2 * planned);
    expect(all).toBeLessThan(3 * planned);
    const most = (tasks: readonly TaskState[]) =>
      runLeft({ ...state, tasks: [...tasks] }, NOW, 'most')!.seconds;
    expect(most([...state.tasks, ...more])).toBeGreaterThan(2 * most(state.tasks));
  });

  it('is at least what is known while nothing is known of some', () => {
    const state = run(unknown, { plan: undefined });
    expect(runLeft(state, NOW)!.isLeast).toBe(true);
    expect(leftWords(state, NOW, ENGLISH)).toMatch(/^at least \d+ s left$/);
  });

  it('leaves out what the run is not to train', () => {
    const trained = run(same).tasks.filter(({ status }) => status === 'running');
    const chosen = run(unknown, { plan: undefined, selected: trained.map(({ spec }) => spec.name) });
    expect(runLeft(chosen, NOW)!.isLeast).toBe(false);
    expect(runLeft(run(unknown, { plan: undefined, goal: 'none' }), NOW)!.isLeast).toBe(false);
  });

  it('is not told where nothing trains and nothing is known', () => {
    const state = run(task => ({ ...task, status: 'inspecting', inspection: undefined, attempts: [] }), {
      plan: undefined
    });
    expect(leftWords(state, NOW, ENGLISH)).toBeUndefined();
  });
});
