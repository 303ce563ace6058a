import { expect, it } from 'vitest';
import type { GroupStart, SwitchPolicy } from '../../../src/core/wire/messages.js';
import { cellOf, inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

const [ALONE, BOTH] = STRATEGIES;

/** A run on two devices that is asked for before any of its tasks is inspected; what those of one kind take is known. */
function asked(names: readonly string[], switches: SwitchPolicy = 'pays'): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.feed({ kind: 'cells-recalled', cells: [cellOf('known', ALONE!)] });
  sim.feed({ kind: 'run-requested', switches });
  sim.take('inspect');
  return sim;
}

function inspect(sim: SessionHarness, task: string, found = inspection('known', 100, [ALONE!])): void {
  sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: found } });
}

const starts = (sim: SessionHarness): GroupStart[] => sim.take('start').map(({ body }) => body);

it('devices that are left for a trial that needs several are kept for it', () => {
  const small = ['a', 'b', 'c', 'd', 'e', 'f'];
  const sim = asked([...small, 'wide', 'late']);
  for (const name of small) {
    inspect(sim, name);
  }
  expect(starts(sim).map(({ task }) => task.name)).toEqual(['a', 'b']);
  sim.group('a', 1, 'started', { step: 0 });
  sim.group('b', 1, 'started', { step: 0 });
  inspect(sim, 'wide', inspection('unknown', 100, [BOTH!]));
  expect(sim.take('stop').map(({ body }) => body.task)).toEqual(['a', 'b']);
  sim.group('a', 1, 'stopped', { step: 4 });
  expect(starts(sim)).toEqual([]);
  sim.group('b', 1, 'stopped', { step: 4 });
  expect(starts(sim)).toMatchObject([{ task: { name: 'wide' }, explores: true, strategy: BOTH }]);
  expect(sim.status('late')).toBe('inspecting');
});

it('nothing begins by a plan of a part of the tasks where it could not be moved', () => {
  const sim = asked(['a', 'b'], 'never');
  inspect(sim, 'a');
  expect([starts(sim), sim.take('trial'), sim.take('plan')]).toEqual([[], [], []]);
  inspect(sim, 'b');
  const [first] = sim.take('plan');
  expect(first!.request.tasks.map(({ name }) => name)).toEqual(['a', 'b']);
});

it('what needs a device to be inspected is given one of those that are in use', () => {
  const sim = asked(['a', 'b', 'c', 'd', 'needy']);
  for (const name of ['a', 'b', 'c', 'd']) {
    inspect(sim, name);
  }
  sim.take('start');
  sim.group('a', 1, 'started', { step: 0 });
  sim.group('b', 1, 'started', { step: 0 });
  const error = { code: 'factory-failed', message: 'No CUDA GPUs are available' };
  sim.feed({ kind: 'inspected', result: { task: 'needy', hash: 'h', error, needsDevice: true } });
  expect(sim.take('stop').map(({ body }) => body.task)).toEqual(['a']);
  sim.group('a', 1, 'stopped', { step: 4 });
  expect(sim.take('inspect').map(({ body }) => [body.tasks.map(({ name }) => name), body.device])).toEqual([
    [['needy'], 'cpu0']
  ]);
  expect([starts(sim), sim.take('stop')]).toEqual([[], []]);
});
