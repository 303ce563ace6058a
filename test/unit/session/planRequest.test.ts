import { expect, it } from 'vitest';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { SessionHarness, spec } from './sessionHarness.js';

it('says once why several strategies failed, and nothing of those never tried', () => {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
  sim.settle();
  const state = structuredClone(sim.session.state);
  const [task] = state.tasks;
  const cell = { signature: task!.inspection!.signature, status: 'failed', source: 'measured' } as const;
  const error = { code: 'bad-loss', message: 'No number' };
  const tried = [
    { technique: 'single', devices: 1 },
    { technique: 'ddp', devices: 2 }
  ];
  task!.inspection!.feasibility = [
    ...tried.map(strategy => ({ strategy, feasible: true })),
    { strategy: { technique: 'single', devices: 2 }, feasible: false, reason: 'one device only' }
  ];
  state.cells = tried.map(strategy => ({ ...cell, strategy, error }));
  expect(planRequest(state, 0).tasks[0]?.reason).toBe('single x1, ddp x2: its trial failed (No number)');
});

it('plans with measured cells only, and tells their interval, memory, and what leaving costs', () => {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
  sim.settle();
  const state = structuredClone(sim.session.state);
  const [task] = state.tasks;
  const { signature } = task!.inspection!;
  const strategies = [1, 2, 3].map(devices => ({ technique: 'ddp', devices }));
  task!.inspection!.feasibility = strategies.map(strategy => ({ strategy, feasible: true }));
  const cell = { signature, status: 'ok', stepSeconds: 1 } as const;
  const [one, two, three] = strategies;
  state.cells = [
    { ...cell, source: 'measured', strategy: one!, spreadSeconds: 0.01, peakBytes: 5, saveSeconds: 2 },
    { ...cell, source: 'measured', strategy: two!, spreadSeconds: 10 },
    { ...cell, source: 'interpolated', strategy: three! }
  ];
  const { tasks, explain } = planRequest(state, 0);
  expect(explain).toBe(true);
  expect(tasks[0]?.options).toEqual([
    {
      strategy: one,
      stepSeconds: 1,
      startSeconds: 0,
      stopSeconds: 2,
      stepSecondsLow: 0.97,
      stepSecondsHigh: 1.03,
      peakBytes: 5
    },
    { strategy: two, stepSeconds: 1, startSeconds: 0, stepSecondsLow: 0.1, stepSecondsHigh: 31 }
  ]);
});
