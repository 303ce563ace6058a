import { expect, it } from 'vitest';
import { plan } from '../../../src/core/planner/plan.js';
import { inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

/** Strategies tried before training begins, of a task of so many steps of a second on one device, two of which are there. */
async function tried(steps: number, goal: 'profile' | 'run'): Promise<number> {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
  const found = inspection('sig-a', steps, STRATEGIES);
  sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: found } });
  sim.pending = [];
  sim.feed(goal === 'run' ? { kind: 'run-requested' } : { kind: 'profile-requested' });
  while (sim.pending.length > 0 && sim.pending[0]!.kind !== 'start') {
    const command = sim.pending.shift()!;
    if (command.kind === 'plan') {
      const made = await plan({ ...command.request, budget: { iterations: 200 } });
      sim.feed({ kind: 'plan-made', plan: made, basis: command.planRevision });
    } else if (command.kind === 'trial') {
      const { trial, signature, strategy } = command.body;
      sim.feed({
        kind: 'trial-finished',
        trial,
        cell: {
          signature,
          strategy,
          status: 'ok',
          source: 'measured',
          stepSeconds: 1 / strategy.devices ** 0.9,
          startSeconds: 5,
          steps: 10
        }
      });
    }
  }
  return sim.session.state.cells.filter(({ source, status }) => source === 'measured' && status === 'ok')
    .length;
}

it('a run waits for no trial that takes longer than it can save', async () => {
  expect(await tried(8, 'run')).toBe(1);
  expect(await tried(1000, 'run')).toBe(2);
});

it('who asks for measurements gets them', async () => {
  expect(await tried(8, 'profile')).toBe(2);
});
