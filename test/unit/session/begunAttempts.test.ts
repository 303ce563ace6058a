import { expect, it } from 'vitest';
import { asJournaled } from '../../../src/core/session/begunAttempts.js';
import { step } from '../../../src/core/session/step.js';
import type { GroupEvent, SessionEvent } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

const [ALONE] = STRATEGIES;

/** Two tasks of which nothing was begun. */
function waiting(): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
  for (const task of ['a', 'b']) {
    sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: inspection('sig', 10) } });
  }
  return sim;
}

function running(): SessionHarness {
  const sim = waiting();
  sim.feed({ kind: 'run-requested' });
  for (let guard = 0; guard < 20 && sim.pending.some(({ kind }) => kind !== 'start'); guard++) {
    sim.perform(
      sim.pending.splice(
        sim.pending.findIndex(({ kind }) => kind !== 'start'),
        1
      )[0]!
    );
  }
  return sim;
}

const told = (event: Partial<GroupEvent>): SessionEvent => ({
  kind: 'group',
  event: { task: 'a', attempt: 1, kind: 'started', time: 2000, step: 0, ...event }
});

const attemptsOf = (sim: SessionHarness): unknown[] =>
  sim.session.state.tasks.map(({ status, attempts }) => [
    status,
    attempts.map(({ number, node, devices, outcome }) => [number, node, devices, outcome])
  ]);

it('is told by the journal when it starts, and no more', () => {
  const sim = running();
  const { task, attempt } = sim.take('start')[0]!.body;
  const own = { task: task.name, attempt };
  const [begun] = sim.session.state.tasks.find(({ spec: { name } }) => name === task.name)!.attempts;
  expect(asJournaled(sim.session, told(own))).toEqual({ ...told(own), begun: { attempt: begun } });
  sim.feed(told(own));
  const later = told({ ...own, kind: 'checkpoint', step: 3 });
  expect(asJournaled(sim.session, later)).toBe(later);
});

it('is nothing where a session that lives knows of none: agents repeat themselves', () => {
  const sim = waiting();
  expect(asJournaled(sim.session, told({ attempt: 3 }))).toEqual({ ...told({ attempt: 3 }), begun: null });
  const before = attemptsOf(sim);
  sim.feed(told({ attempt: 3 }));
  expect(attemptsOf(sim)).toEqual(before);
});

it('takes its devices from what was only supposed to begin there', () => {
  const sim = running();
  const place = { strategy: ALONE!, node: 'node', devices: ['cpu0'] };
  const attempt = { number: 2, ...place, requestedAt: 1990, explores: true };
  const record: SessionEvent = { ...told({ task: 'b', attempt: 2 }), begun: { attempt } } as SessionEvent;
  const { session } = step(sim.session, record, 2000);
  const holders = session.state.tasks.filter(({ attempts }) =>
    attempts.some(({ devices, outcome }) => outcome === undefined && devices.includes('cpu0'))
  );
  expect(holders.map(({ spec: { name }, status }) => [name, status])).toEqual([['b', 'running']]);
  expect(session.state.goal).toBe('run');
});

it('is known after an upgrade: what was trained in it stays trained, and a stop that was asked for is one', () => {
  const sim = waiting();
  const attempt = { number: 1, strategy: ALONE!, node: 'node', devices: ['cpu1'], requestedAt: 1990 };
  const record: SessionEvent = { ...told({}), begun: { attempt, stopping: true } } as SessionEvent;
  const events = [record, told({ kind: 'checkpoint', step: 4 }), told({ kind: 'stopped', step: 5 })];
  let { session } = sim;
  const seen = events.map((event, index) => {
    session = step(session, event, 2000 + index).session;
    const [{ status, checkpointStep }] = session.state.tasks as [(typeof session.state.tasks)[0]];
    return [status, checkpointStep];
  });
  expect(seen).toEqual([
    ['stopping', undefined],
    ['stopping', 4],
    ['stopped', 5]
  ]);
  expect(session.state.goal).toBe('none');
});
