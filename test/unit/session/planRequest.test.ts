import { expect, it } from 'vitest';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { Simulation, spec } from './simulation.js';

it('says once why several strategies failed, and nothing of those never tried', () => {
  const sim = new Simulation();
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
