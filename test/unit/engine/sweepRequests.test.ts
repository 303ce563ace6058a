import { expect, it } from 'vitest';
import type { SweepSpec } from '../../../src/core/wire/messages.js';
import { PointSource } from '../../../src/engine/pointSource.js';
import { wantedTasks } from '../../../src/engine/sweepRequests.js';
import { SessionHarness, spec } from '../session/sessionHarness.js';

const SWEEP: SweepSpec = {
  name: 'fn',
  space: { lr: { low: 1e-4, high: 1, scale: 'log' } },
  points: 4,
  search: 'random',
  seed: 3,
  by: { metric: 'accuracy', goal: 'max' },
  template: spec('fn')
};
const PBT = { ...SWEEP, stop: { kind: 'pbt' } } as const;

/** How many points there are when the cell of a sweep is run again, and how many of them are new. */
function again(before: SweepSpec, after: SweepSpec): { points: number; added: number; made: number } {
  const sim = new SessionHarness();
  const source = new PointSource({});
  sim.connect(1);
  for (const sweep of [before, after]) {
    const { tasks, made, sweep: told } = wantedTasks({ tasks: [], sweep }, sim.session, source);
    const known = sim.session.state.tasks.length;
    sim.feed({ kind: 'tasks-added', tasks: [...tasks], sweep: told!, made });
    if (sweep === after) {
      const points = sim.session.state.tasks.length;
      return { points, added: points - known, made };
    }
  }
  throw new Error('unreachable');
}

it('the points of a population stay, whatever would choose others without that rule', () => {
  const same = { points: 4, added: 0, made: 4 };
  for (const search of ['random', 'qmc', 'tpe'] as const) {
    expect(again(PBT, { ...SWEEP, search })).toEqual(same);
  }
  expect(again({ ...SWEEP, search: 'qmc' }, PBT)).toEqual(same);
});

it('another search has points of its own', () => {
  expect(again({ ...SWEEP, search: 'qmc' }, SWEEP).added).toBeGreaterThan(0);
});
