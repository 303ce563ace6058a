import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { planGantt, sessionGantt } from '../../../../src/core/view/gantt/sessionGantt.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { definedSession, finishedSession, plannedSession, runningSession, T0 } from '../sessionStates.js';

describe('sessionGantt', () => {
  it('is nothing without plan and attempts', () => {
    expect(sessionGantt(definedSession(), T0, ENGLISH)).toBeNull();
  });

  it('shows a plan that waits from second 0, without now', () => {
    const chart = sessionGantt(plannedSession(), T0 + 99, ENGLISH);
    expect(chart?.bars.map(bar => bar.kind)).toEqual(Array(12).fill('planned'));
    expect(Math.min(...chart!.bars.map(bar => bar.start))).toBe(0);
    expect(chart?.now).toBeUndefined();
  });

  it('shows what runs up to now', () => {
    const chart = sessionGantt(runningSession(), T0 + 12, ENGLISH);
    const running = chart?.bars.filter(bar => bar.state === 'running');
    expect(running?.map(bar => bar.end)).toEqual([12, 12]);
    expect(chart?.now).toBe(12);
    expect(running?.[0]?.detail).toContain('47 of 90 steps');
  });

  it('places a plan made anew during the run at the time it began', () => {
    const state = runningSession();
    state.plan!.startedAt = T0 + 5;
    const chart = sessionGantt(state, T0 + 12, ENGLISH);
    const planned = chart!.bars.filter(bar => bar.kind === 'planned');
    expect(Math.min(...planned.map(bar => bar.start))).toBe(5);
    expect(chart?.makespan).toBe(5 + state.plan!.plan.makespan);
    expect(chart?.lowerBound).toBe(5 + state.plan!.plan.lowerBound);
  });

  it('leaves out attempts of earlier runs', () => {
    const state = runningSession();
    const [first] = state.tasks.filter(task => task.status === 'finished');
    first!.attempts[0]!.requestedAt = T0 - 100;
    first!.attempts[0]!.endedAt = T0 - 90;
    const actual = sessionGantt(state, T0 + 12, ENGLISH)!.bars.filter(bar => bar.kind === 'actual');
    expect(actual.map(bar => bar.task)).not.toContain(first!.spec.name);
    expect(actual).toHaveLength(3);
  });

  it('shows every attempt with its outcome', () => {
    const bars = sessionGantt(finishedSession(), T0 + 60, ENGLISH)!.bars.filter(bar => bar.kind === 'actual');
    expect(bars).toHaveLength(13);
    expect(bars.filter(bar => bar.state === 'oom')).toHaveLength(1);
    expect(bars.filter(bar => bar.state === 'failed')).toHaveLength(1);
    expect(new Set(bars.map(bar => bar.id)).size).toBe(13);
  });

  it('tells a task that was moved from one that is stopped', () => {
    const state = runningSession();
    const task = state.tasks.find(({ status }) => status === 'running')!;
    const [first] = task.attempts;
    task.attempts = [{ ...first!, endedAt: T0 + 5, outcome: 'stopped' }];
    const states = (): unknown[] =>
      sessionGantt(state, T0 + 12, ENGLISH)!
        .bars.filter(bar => bar.kind === 'actual' && bar.task === task.spec.name)
        .map(bar => bar.state);
    task.status = 'stopped';
    expect(states()).toEqual(['stopped']);
    task.status = 'ready';
    expect(states()).toEqual(['left']);
    task.attempts = [...task.attempts, { ...first!, number: 2, requestedAt: T0 + 6 }];
    task.status = 'running';
    expect(states()).toEqual(['left', 'running']);
  });

  it('keeps rows of devices that are no longer there, and names nodes when there are several', () => {
    const state: SessionState = runningSession();
    state.cluster!.nodes[0]!.devices.pop();
    expect(sessionGantt(state, T0, ENGLISH)?.rows.map(row => row.label)).toEqual(['cpu0', 'cpu1 (gone)']);
    state.cluster!.nodes.push({ id: 'far', devices: [{ ...state.cluster!.nodes[0]!.devices[0]! }] });
    expect(sessionGantt(state, T0, ENGLISH)?.rows.map(row => row.label)).toEqual([
      'local cpu0',
      'far cpu0',
      'local cpu1 (gone)'
    ]);
  });

  it('gives a task the same colour in the session and in an answer to a what-if question', () => {
    const state = plannedSession();
    const plan = { ...state.plan!.plan, segments: state.plan!.plan.segments.slice(0, 2) };
    const tasks = state.tasks.map(task => task.spec.name);
    const answer = planGantt(plan, state.cluster!, ENGLISH, { tasks });
    const colours = new Map(sessionGantt(state, T0, ENGLISH)!.bars.map(bar => [bar.task, bar.colour]));
    expect(answer.bars.map(bar => bar.colour)).toEqual(
      plan.segments.map(segment => colours.get(segment.task))
    );
  });
});
