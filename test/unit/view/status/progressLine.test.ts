import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { paceOf } from '../../../../src/core/view/status/pace.js';
import { progressLine } from '../../../../src/core/view/status/progressLine.js';
import { sessionTimeLeft, taskTimeLeft } from '../../../../src/core/view/status/timeLeft.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import {
  definedSession,
  emptySession,
  finishedSession,
  plannedSession,
  profiledSession,
  profilingSession,
  runningSession,
  T0
} from '../sessionStates.js';

const inspecting: SessionState = definedSession();
inspecting.tasks[0]!.status = 'inspecting';
const stopped: SessionState = { ...runningSession(), goal: 'none' };
stopped.tasks = stopped.tasks.map(task =>
  task.status === 'running' ? { ...task, status: 'stopped' } : task
);
const stopping: SessionState = { ...stopped };
stopping.tasks = stopped.tasks.map(task =>
  task.status === 'stopped' ? { ...task, status: 'stopping' } : task
);

const carrying: SessionState = {
  ...stopping,
  bridge: {
    kind: 'ray',
    address: '10.0.0.1:6379',
    request: { ray: { address: 'auto' } },
    state: 'connected',
    since: T0,
    nodes: stopping.cluster!.nodes.map(({ id }) => ({ id, address: '10.0.0.2', carries: true }))
  }
};

describe('progressLine', () => {
  it.each([
    [emptySession(), 'Saturn: no tasks yet'],
    [{ ...emptySession(), agent: 'away' as const }, 'Saturn: no tasks yet, agent away'],
    [inspecting, 'Saturn: looking at 1 new task'],
    [definedSession(), 'Saturn: 12 tasks ready'],
    [profilingSession(), 'Saturn: measuring, 12 of 16 trials done'],
    [{ ...profiledSession(), probing: true }, 'Saturn: choosing what to measure next, 16 trials done'],
    [{ ...profiledSession(), planning: true }, 'Saturn: planning 12 tasks'],
    [plannedSession(), 'Saturn: 12 tasks planned'],
    [runningSession(), 'Saturn: 2/12 trained, 2 running, 44 % done, about 14 s left'],
    [
      { ...runningSession(), agent: 'away' as const },
      'Saturn: 2/12 trained, 2 running, agent away, 44 % done, about 14 s left'
    ],
    [
      { ...runningSession(), planning: true },
      'Saturn: 2/12 trained, 2 running, planning 10 tasks, 44 % done, about 14 s left'
    ],
    [
      { ...runningSession(), trials: profilingSession().trials.slice(0, 1), trialsDone: 1 },
      'Saturn: 2/12 trained, 2 running, measuring, 1 of 2 trials done, 44 % done, about 14 s left'
    ],
    [stopping, 'Saturn: 2/12 trained, 2 stopping, 8 ready, 44 % done'],
    [carrying, 'Saturn: 2/12 trained, 2 stopping, 8 ready, waiting for files of local, 44 % done'],
    [stopped, 'Saturn: 2/12 trained, 2 stopped, 8 ready'],
    [finishedSession(), 'Saturn: 11/12 trained, 1 failed']
  ])('%#', (state, line) => expect(progressLine(state, T0 + 12, ENGLISH)).toBe(line));
});

describe('time left', () => {
  it('is what is likely, and what it is at most, where a rule may end tasks', () => {
    const state = runningSession();
    const { plan } = state.plan!;
    const doubtful = {
      ...plan,
      atMost: 10 * plan.makespan,
      segments: plan.segments.map(one => ({ ...one, likely: one.steps / 10 }))
    };
    const line = progressLine({ ...state, plan: { ...state.plan!, plan: doubtful } }, T0 + 12, ENGLISH);
    expect(line).toMatch(/^Saturn: .* % done, at most 14 s, likely \d+ s left$/);
  });

  it('counts the steps to go, and the time since the last one up to a step', () => {
    const state = runningSession();
    const task = state.tasks.find(({ status }) => status === 'running')!;
    task.progress = { step: 40, stepSeconds: 0.5, at: T0 };
    expect(taskTimeLeft(task, state, T0)).toBe(25);
    expect(taskTimeLeft(task, state, T0 + 0.25)).toBe(24.75);
    expect(taskTimeLeft(task, state, T0 + 1000)).toBe(24.5);
  });

  it('takes the profile while a task has no step time of its own, and what comes after the last step', () => {
    const state = runningSession();
    const task = state.tasks.find(({ status }) => status === 'running')!;
    task.progress = { step: 40 };
    const left = taskTimeLeft(task, state, T0)!;
    task.progress = { step: 90 };
    expect(left - taskTimeLeft(task, state, T0)!).toBeCloseTo(50 * 0.048 * paceOf(state).stretch);
    state.cells = [];
    task.progress = { step: 40 };
    expect(taskTimeLeft(task, state, T0)).toBeUndefined();
  });

  it('lets waiting tasks start when all their devices are free', () => {
    const state = runningSession();
    expect(sessionTimeLeft(plannedSession(), T0)).toBeCloseTo(state.plan!.plan.makespan);
    expect(sessionTimeLeft(finishedSession(), T0)).toBeUndefined();
    expect(sessionTimeLeft(definedSession(), T0)).toBeUndefined();
  });
});
