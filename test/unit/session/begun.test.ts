import { expect, it } from 'vitest';
import { begunBetween } from '../../../src/core/session/begun.js';
import { replay, type Told } from '../../../src/core/session/replay.js';
import type { ISession } from '../../../src/core/session/session.js';
import type { Attempt, GroupEvent, SessionEvent } from '../../../src/core/wire/messages.js';
import { replayed } from './replays.js';
import { cellOf, cpuNode, inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

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

const started = (task: string): SessionEvent => told({ task });

const statesOf = ({ state }: ISession): unknown[] =>
  state.tasks.map(({ status, attempts }) => [
    status,
    attempts.map(({ number, node, devices, outcome }) => [number, node, devices, outcome])
  ]);

it('is told with the event that it answers, and with no other', () => {
  const sim = running();
  const [{ attempts }] = sim.session.state.tasks as [(typeof sim.session.state.tasks)[0]];
  const begun = [{ task: 'a', attempt: attempts[0] }];
  const answers = sim.log.filter(one => Object.keys(one.begun).length > 0);
  expect(answers.map(one => [one.event.kind, one.begun])).toEqual([['run-requested', { attempts: begun }]]);
  expect(sim.feed(started('a'))).toEqual([]);
  expect(sim.log.at(-1)!.begun).toEqual({});
});

const IDLE: SessionEvent = { kind: 'clock' };

const attempt: Attempt = { number: 1, strategy: ALONE!, node: 'node', devices: ['cpu1'], requestedAt: 1990 };

it('is what the journal says, not what follows from the rules by which it is read', () => {
  const sim = running();
  const last = sim.log.findIndex(({ event }) => event.kind === 'run-requested');
  const other: Told = { ...sim.log[last]!, begun: { attempts: [{ task: 'b', attempt }] } };
  const session = replayed([...sim.log.slice(0, last), other]);
  expect(statesOf(session)).toEqual([
    ['ready', []],
    ['starting', [[1, 'node', ['cpu1'], undefined]]]
  ]);
});

it('is known after an upgrade: what was trained in it stays trained, and a stop that was asked for is one', () => {
  const sim = waiting();
  const events: Told[] = [
    { event: IDLE, time: 2000, begun: { attempts: [{ task: 'a', attempt }] } },
    { event: started('a'), time: 2001, begun: {} },
    { event: { kind: 'stop-requested', tasks: ['a'] }, time: 2002, begun: {} },
    { event: told({ kind: 'checkpoint', step: 4 }), time: 2003, begun: {} },
    { event: told({ kind: 'stopped', step: 5 }), time: 2004, begun: {} }
  ];
  let { session } = sim;
  const seen = events.map(one => {
    session = replay(session, one).session;
    const [{ status, checkpointStep }] = session.state.tasks as [(typeof session.state.tasks)[0]];
    return [status, checkpointStep];
  });
  expect(seen).toEqual([
    ['starting', undefined],
    ['running', undefined],
    ['stopping', undefined],
    ['stopping', 4],
    ['stopped', 5]
  ]);
});

it('takes over when the one before has left', () => {
  const sim = waiting();
  const next: Attempt = { ...attempt, number: 2, devices: ['cpu0'] };
  const begins: Attempt = { ...next, requestedAt: 2000, fromStep: 5 };
  const events: Told[] = [
    { event: IDLE, time: 2000, begun: { attempts: [{ task: 'a', attempt }] } },
    { event: started('a'), time: 2001, begun: {} },
    { event: IDLE, time: 2002, begun: { attempts: [{ task: 'a', attempt: next, takesOver: true }] } },
    {
      event: told({ kind: 'stopped', step: 5 }),
      time: 2003,
      begun: { attempts: [{ task: 'a', attempt: begins }] }
    }
  ];
  const session = events.reduce((before, one) => replay(before, one).session, sim.session);
  expect(statesOf(session)[0]).toEqual([
    'starting',
    [
      [1, 'node', ['cpu1'], 'stopped'],
      [2, 'node', ['cpu0'], undefined]
    ]
  ]);
});

/** A session that was asked to measure, and the trials that it made. */
function measuring(): SessionHarness {
  const sim = waiting();
  sim.feed({ kind: 'profile-requested' });
  return sim;
}

const measured = (id: string, seconds: number): SessionEvent => ({
  kind: 'trial-finished',
  trial: id,
  cell: { ...cellOf('sig', STRATEGIES[1]!), stepSeconds: seconds }
});

it('may be a trial: what it finds is known, whichever trial the rules would have made first', () => {
  const sim = measuring();
  const trial = {
    id: 'trial-7',
    task: 'b',
    signature: 'sig',
    strategy: STRATEGIES[1]!,
    status: 'running' as const,
    node: 'node',
    devices: ['cpu0', 'cpu1']
  };
  const last = sim.log.length - 1;
  const session = replayed([
    ...sim.log.slice(0, last),
    { ...sim.log[last]!, begun: { trials: [trial] } },
    { event: measured('trial-7', 3), time: 2000, begun: {} }
  ]);
  expect(session.state.cells.map(({ strategy, stepSeconds }) => [strategy.devices, stepSeconds])).toEqual([
    [2, 3]
  ]);
  expect(session.state.trials.filter(({ status }) => status !== 'queued')).toEqual([]);
  expect(session.trialCount).toBe(7);
});

it('is not guessed of a trial: in journals of before, one of that number may have been of something else', () => {
  const sim = measuring();
  const [{ body }] = sim.take('trial') as [ReturnType<typeof sim.take<'trial'>>[0]];
  const other = STRATEGIES.find(({ devices }) => devices !== body.strategy.devices)!;
  const old = sim.log.map(({ event, time }): Told => ({ event, time }));
  const find = (strategy: typeof other): number => {
    const cell = cellOf('sig', strategy);
    const event: SessionEvent = { kind: 'trial-finished', trial: body.trial, cell };
    return replayed([...old, { event, time: 2000 }]).state.cells.length;
  };
  expect([find(body.strategy), find(other)]).toEqual([1, 0]);
});

it('is told of a number that comes again, as what had it first never ran', () => {
  const sim = waiting();
  const again: Attempt = { ...attempt, requestedAt: 1995, devices: ['cpu0'] };
  const events: Told[] = [
    { event: IDLE, time: 2000, begun: { attempts: [{ task: 'a', attempt }] } },
    { event: started('a'), time: 2001, begun: {} },
    {
      event: IDLE,
      time: 2002,
      begun: { attempts: [{ task: 'a', attempt: { ...attempt, number: 2 }, takesOver: true }] }
    }
  ];
  const before = events.reduce((session, one) => replay(session, one).session, sim.session);
  const hello = { node: cpuNode(2), groups: [], trials: [], inspecting: [] };
  const lost: Told = { event: { kind: 'agent-connected', hello }, time: 2003, begun: {} };
  const after = replay(before, {
    ...lost,
    begun: { attempts: [{ task: 'a', attempt: { ...again, number: 2 } }] }
  });
  expect(begunBetween(before, after.session).attempts).toEqual([
    { task: 'a', attempt: { ...again, number: 2 } }
  ]);
  expect(statesOf(after.session)[0]).toEqual([
    'starting',
    [
      [1, 'node', ['cpu1'], 'stopped'],
      [2, 'node', ['cpu0'], undefined]
    ]
  ]);
});
