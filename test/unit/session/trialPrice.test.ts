import { expect, it } from 'vitest';
import { plan } from '../../../src/core/planner/plan.js';
import type { Command } from '../../../src/core/session/command.js';
import type { ProfileCell, Strategy } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

function cellOf(signature: string, strategy: Strategy): ProfileCell {
  return {
    signature,
    strategy,
    status: 'ok',
    source: 'measured',
    stepSeconds: 1 / strategy.devices ** 0.9,
    startSeconds: 5,
    steps: 10
  };
}

/** Strategies tried before training begins, of a task of so many steps of a second on one device, two of which are there. */
async function tried(steps: number, goal: 'profile' | 'run'): Promise<number> {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
  const found = inspection('sig-a', steps, STRATEGIES);
  sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: found } });
  sim.pending = [];
  sim.feed(goal === 'run' ? { kind: 'run-requested' } : { kind: 'profile-requested' });
  const isPlanned = (command: Command): boolean => command.kind === 'start' && !command.body.explores;
  while (sim.pending.length > 0 && !isPlanned(sim.pending[0]!)) {
    const command = sim.pending.shift()!;
    if (command.kind === 'start') {
      const { task, attempt, signature, strategy } = command.body;
      sim.group(task.name, attempt, 'started', { step: 0 });
      sim.group(task.name, attempt, 'measured', { cell: cellOf(signature!, strategy) });
    } else if (command.kind === 'stop') {
      sim.group(command.body.task, command.body.attempt, 'stopped', { step: 3 });
    } else if (command.kind === 'plan') {
      const made = await plan({ ...command.request, budget: { iterations: 200 } });
      sim.feed({ kind: 'plan-made', plan: made, basis: command.planRevision });
    } else if (command.kind === 'trial') {
      const { trial, signature, strategy } = command.body;
      sim.feed({ kind: 'trial-finished', trial, cell: cellOf(signature, strategy) });
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
