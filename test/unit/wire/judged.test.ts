import { describe, expect, it } from 'vitest';
import { toldState, wholeState } from '../../../src/core/wire/judged.js';
import { asMessage, type SessionState } from '../../../src/core/wire/messages.js';
import { stateChange } from '../../../src/core/wire/stateChange.js';
import { manyTasks } from '../../fixtures/manyTasks.js';
import { plannedState } from '../../fixtures/sessionStates.js';

/** As a message carries it. */
const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Nothing in it is the same object as anywhere else: as the engine has it after it read its journal. */
const many = (): SessionState => sent(manyTasks(1000, 0).at(0));

describe('what is judged of tasks', () => {
  it('is told once for all that are alike', () => {
    const state = many();
    const told = sent(toldState(state));
    asMessage('engine', { v: 1, id: 'e1', type: 'state', body: told });
    expect(told.judged?.map(({ tasks }) => tasks.length)).toEqual([1000]);
    expect(JSON.stringify(told).length).toBeLessThan(1_000_000);
    const whole = wholeState(told);
    expect(whole).toEqual(state);
    expect(new Set(whole.tasks.map(({ inspection }) => inspection?.feasibility)).size).toBe(1);
  });

  it('is told of each kind, and of nothing where there is nothing', () => {
    const state = plannedState();
    expect(wholeState(sent(toldState(state)))).toEqual(sent(state));
    const empty = { ...state, tasks: [] };
    expect(toldState(empty)).toEqual({ state: empty });
  });

  it('is not told again of a task like one that is known', () => {
    const after = many();
    const { inspection: _, ...task } = after.tasks[7]!;
    const before = { ...after, rev: after.rev - 1, tasks: after.tasks.with(7, task) };
    const { judged, tasks } = stateChange(before, after);
    expect(judged).toEqual([{ tasks: [7], like: 0 }]);
    expect(JSON.stringify(tasks)).not.toContain('technique');
  });

  it('of tasks that are not there is refused', () => {
    const { state } = toldState(many());
    expect(() => wholeState({ state, judged: [{ tasks: [1000], feasibility: [] }] })).toThrow('others');
  });
});
