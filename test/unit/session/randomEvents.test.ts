import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { emptySession, type ISession, isActive, lastAttempt } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { SaturnError } from '../../../src/core/wire/failure.js';
import type {
  AgentHello,
  GroupEvent,
  Message,
  ProfileCell,
  TaskState
} from '../../../src/core/wire/messages.js';
import { eventOfRequest } from '../../../src/engine/requestEvents.js';
import { cpuNode, SessionHarness, spec } from './sessionHarness.js';

/** What clients order of one task: two of them may contradict each other. */
type Order = 'run' | 'stop' | 'resume' | 'retry' | 'tasks.remove';

/** What users, an agent or fate may do next. */
type Move =
  | { do: 'add'; task: string; hash: string }
  | {
      do:
        | 'profile'
        | 'plan'
        | 'run'
        | 'run early'
        | 'stop'
        | 'reset'
        | 'perform'
        | 'fail trial'
        | 'set devices'
        | 'away'
        | 'connect'
        | 'reconnect';
    }
  | { do: 'order'; type: Order; task: string }
  | { do: 'fail inspection'; code: string }
  | { do: 'device fails'; code: string; of: 'trial' | 'group' }
  | {
      do: 'group';
      kind: GroupEvent['kind'];
      stepSeconds: number;
    };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      task: fc.constantFrom('a', 'b', 'c', 'd'),
      hash: fc.constantFrom('1', '2')
    })
  },
  { weight: 24, arbitrary: fc.constant({ do: 'perform' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'fail trial' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'set devices' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail inspection' as const),
      code: fc.constantFrom('hidden-state', 'host-out-of-memory')
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('device fails' as const),
      code: fc.constantFrom('device-lost', 'device-shared', 'device-busy'),
      of: fc.constantFrom('trial' as const, 'group' as const)
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'profile' as const,
        'plan' as const,
        'run' as const,
        'run early' as const,
        'stop' as const
      )
    })
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      type: fc.constantFrom<Order>('run', 'stop', 'resume', 'retry', 'tasks.remove'),
      task: fc.constantFrom('a', 'b', 'c', 'd')
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'away' as const,
        'connect' as const,
        'reconnect' as const,
        'reconnect' as const,
        'reset' as const
      )
    })
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('group' as const),
      stepSeconds: fc.constantFrom(0.5, 1, 3, 9),
      kind: fc.constantFrom(
        'started' as const,
        'step' as const,
        'measured' as const,
        'checkpoint' as const,
        'finished' as const,
        'failed' as const,
        'oom' as const,
        'lost' as const,
        'stopped' as const
      )
    })
  }
);

function act(sim: SessionHarness, m: Move): void {
  const { tasks } = sim.session.state;
  switch (m.do) {
    case 'add': {
      const old = tasks.find(t => t.spec.name === m.task);
      if (!old || (!isActive(old) && old.spec.hash !== m.hash)) {
        // All hashes of one task train the same.
        const renewed = { ...spec(m.task, m.hash), trainingHash: m.task };
        const commands = sim.feed({ kind: 'tasks-added', tasks: [renewed] });
        expect(commands.filter(({ kind }) => kind === 'archive')).toEqual([]);
        const added = sim.session.state.tasks.find(t => t.spec.name === m.task);
        expect(added?.checkpointStep).toBe(old?.checkpointStep);
      }
      return;
    }
    case 'profile':
      sim.feed({ kind: 'profile-requested' });
      return;
    case 'plan':
      sim.feed({ kind: 'plan-requested' });
      return;
    case 'run':
      sim.feed({ kind: 'run-requested' });
      return;
    case 'run early':
      sim.feed({ kind: 'run-requested', early: 0.3 });
      return;
    case 'stop':
      sim.feed({ kind: 'stop-requested' });
      return;
    case 'reset':
      if (!tasks.some(isActive)) {
        sim.feed({ kind: 'reset' });
      }
      return;
    case 'order':
      order(sim, m.type, m.task);
      return;
    case 'reconnect': {
      // The engine was away: what it had not sent is lost, what the agent was doing goes on.
      const lost = sim.pending.map(command => JSON.stringify(command)).join();
      sim.pending = [];
      const groups = tasks
        .filter(t => isActive(t) && !lost.includes(`"start"`))
        .map(t => ({ task: t.spec.name, attempt: lastAttempt(t)!.number }));
      const commands = sim.connect(2, groups, surviving(sim.session, lost));
      const wanted = sim.session.state.trials
        .filter(trial => trial.status === 'stopping')
        .map(trial => trial.id);
      const ended = commands.flatMap(command => (command.kind === 'stop-trial' ? [command.body.trial] : []));
      expect(ended).toEqual(wanted);
      const stopping = tasks.filter(t => t.status === 'stopping').map(t => t.spec.name);
      const now = sim.session.state.tasks;
      // What is to make room from now on is told that, too.
      const moves = now.filter(t => t.moving && !stopping.includes(t.spec.name)).map(t => t.spec.name);
      const told = commands
        .flatMap(command => (command.kind === 'stop' ? [command.body.task] : []))
        .filter(name => !moves.includes(name));
      expect(told).toEqual(groups.map(group => group.task).filter(name => stopping.includes(name)));
      return;
    }
    case 'away':
      sim.pending = [];
      sim.feed({ kind: 'agent-away' });
      return;
    case 'connect':
      sim.pending = [];
      sim.connect(2);
      return;
    case 'perform': {
      const next = sim.pending.shift();
      if (next && next.kind !== 'start') {
        sim.perform(next, name => (name === 'd' ? 'sig-d' : 'sig'));
      }
      return;
    }
    case 'set devices':
      sim.feed({ kind: 'node-changed', node: cpuNode(2) });
      expect(sim.session.state.excludedDevices ?? []).toEqual([]);
      return;
    case 'device fails':
      failDevice(sim, m.code, m.of);
      return;
    case 'fail inspection': {
      const place = sim.pending.findIndex(one => one.kind === 'inspect' && one.body.part !== undefined);
      const [asked] = place < 0 ? [] : sim.pending.splice(place, 1);
      for (const { name, hash } of asked?.kind === 'inspect' ? asked.body.tasks : []) {
        const error = { code: m.code, message: 'No.' };
        sim.feed({ kind: 'inspected', result: { task: name, hash, kind: 'cpu', error } });
      }
      return;
    }
    case 'fail trial': {
      const [trial, ...others] = sim.take('trial');
      sim.pending.push(...others);
      if (trial) {
        const { signature, strategy } = trial.body;
        const error = { code: 'task-failed', message: 'No.' };
        sim.feed({
          kind: 'trial-finished',
          trial: trial.body.trial,
          cell: { signature, strategy, source: 'measured', status: 'failed', error }
        });
      }
      return;
    }
    case 'group': {
      const active = tasks.find(isActive);
      if (active) {
        const from = active.progress.step;
        sim.group(active.spec.name, lastAttempt(active)!.number, m.kind, {
          step: m.kind === 'finished' ? 10 : Math.min(9, from + 1),
          ...(m.kind === 'step' && { stepSeconds: m.stepSeconds }),
          ...(m.kind === 'measured' && { cell: measured(active, m.stepSeconds) })
        });
      }
    }
  }
}

/** What a rank group of a task tells of its speed. */
function measured(task: TaskState, stepSeconds: number): ProfileCell {
  const { strategy } = lastAttempt(task)!;
  const { signature } = task.inspection!;
  return { signature, strategy, status: 'ok', source: 'measured', stepSeconds, spreadSeconds: 0, steps: 9 };
}

/** A session without what is not journaled, and what comes of it. */
function lasting({ state, strikes: _, ...session }: ISession): unknown {
  const { rev: __, ...rest } = state;
  return { ...session, state: { ...rest, tasks: state.tasks.map(({ progress: ___, ...task }) => task) } };
}

/** An order of a client, as the engine takes it in: what it is answered is true. */
function order(sim: SessionHarness, type: Order, task: string): void {
  const before = sim.session;
  try {
    const body = { tasks: [task] };
    sim.feed(eventOfRequest({ v: 1, id: '1', type, body } as Message<'client'>, sim.session, sim.time)!);
  } catch (error) {
    expect(error).toBeInstanceOf(SaturnError);
    expect(sim.session).toBe(before);
    return;
  }
  const after = sim.session.state.tasks.find(({ spec }) => spec.name === task);
  const old = before.state.tasks.find(({ spec }) => spec.name === task)!;
  switch (type) {
    case 'tasks.remove':
      expect(after === undefined || (isActive(after) && after.removing)).toBe(true);
      return;
    case 'stop':
      expect(after!.status).not.toBe('running');
      expect(after!.moving).toBeUndefined();
      return;
    case 'run':
    case 'resume':
    case 'retry':
      // It trains, or is to; or had nothing left to train, and is as it was.
      expect(
        ['inspecting', 'ready', 'starting', 'running'].includes(after!.status) ||
          (after!.status === 'stopping' && after!.moving === true) ||
          (type === 'run' && after!.status === old.status)
      ).toBe(true);
  }
}

/** What a job was doing ends as the last of its devices fails; nobody is blamed. */
function failDevice(sim: SessionHarness, code: string, of: 'trial' | 'group'): void {
  const error = { code, message: 'It is gone.' };
  const trial = sim.session.state.trials.find(({ status }) => status === 'running');
  const active = sim.session.state.tasks.find(isActive);
  const devices = of === 'trial' ? (trial?.devices ?? []) : active ? lastAttempt(active)!.devices : [];
  const named = devices.slice(-1);
  if (of === 'trial' && trial) {
    const { signature, strategy } = trial;
    sim.pending = sim.pending.filter(one => one.kind !== 'trial' || one.body.trial !== trial.id);
    const cell = { signature, strategy, source: 'measured' as const, status: 'failed' as const };
    const told = { ...cell, error: { ...error, devices: named } };
    sim.feed({ kind: 'trial-finished', trial: trial.id, cell: told });
  } else if (of === 'group' && active) {
    sim.pending = sim.pending.filter(one => one.kind !== 'start' || one.body.task.name !== active.spec.name);
    sim.group(active.spec.name, lastAttempt(active)!.number, code === 'device-busy' ? 'failed' : 'lost', {
      error: { ...error, devices: named }
    });
  }
  const { cluster, excludedDevices = [], cells, tasks } = sim.session.state;
  const failures = [...cells, ...tasks].map(one => one.error?.message);
  expect(failures).not.toContain(error.message);
  const there = (cluster?.nodes ?? []).flatMap(node => node.devices.map(device => device.id));
  const out = excludedDevices.map(({ device }) => device.id);
  expect(out).toEqual(expect.arrayContaining(named));
  expect([...there, ...out].sort()).toEqual(['cpu0', 'cpu1']);
}

/** Trials that their agent goes on with. */
function surviving({ state }: ISession, lost: string): string[] {
  return state.trials
    .filter(trial => trial.status !== 'queued' && !lost.includes(`"${trial.id}"`))
    .map(trial => trial.id);
}

function devicesInUse({ state }: ISession): string[] {
  return [
    ...state.tasks.filter(isActive).flatMap(task => lastAttempt(task)!.devices),
    ...state.trials.filter(trial => trial.status !== 'queued').flatMap(trial => trial.devices ?? [])
  ];
}

it('whatever happens: no device is used twice, replay is exact, and all work ends', () => {
  let [trained, partly] = [0, 0];
  fc.assert(
    fc.property(fc.array(move, { minLength: 20, maxLength: 160, size: 'max' }), moves => {
      const sim = new SessionHarness();
      sim.connect(2);
      for (const m of moves) {
        act(sim, m);
        for (const task of sim.session.state.tasks) {
          expect(task.status === 'stopping' || !(task.moving || task.removing)).toBe(true);
        }
        const used = devicesInUse(sim.session);
        expect(new Set(used).size).toBe(used.length);
        const out = (sim.session.state.excludedDevices ?? []).map(({ device }) => device.id);
        expect(used.filter(device => out.includes(device))).toEqual([]);
      }

      trained += sim.log.filter(({ event }) => event.kind === 'group').length;

      expect(replay(sim.log)).toEqual(sim.session);

      let restarted = emptySession('test', '/tmp/test');
      for (const { event, time } of sim.log) {
        const journaled = event.kind !== 'group' || event.event.kind !== 'step';
        restarted = journaled ? step(restarted, event, time).session : restarted;
        // As a snapshot tells it.
        restarted = deserialize(serialize(restarted));
      }
      expect(lasting(restarted)).toEqual(lasting(sim.session));

      // A fresh agent that does all it is told brings everything to an end.
      sim.pending = [];
      sim.connect(2);
      sim.feed({ kind: 'node-changed', node: cpuNode(2) });
      sim.feed({ kind: 'run-requested' });
      sim.settle();
      const { state } = sim.session;
      expect(state.goal).toBe('none');
      expect(state.trials).toEqual([]);
      const hopeless = new Set(state.plan?.plan.unplanned.map(u => u.task));
      for (const task of state.tasks) {
        if (!hopeless.has(task.spec.name)) {
          expect(['finished', 'failed', 'invalid']).toContain(task.status);
          const isRefused = ['hidden-state', 'host-out-of-memory'].includes(task.error?.code ?? '');
          expect(task.status === 'invalid').toBe(isRefused);
        }
      }
      partly += sim.log.filter(
        ({ event }) => event.kind === 'inspected' && event.result?.inspection?.partial
      ).length;
    }),
    { numRuns: 300 }
  );
  // The moves must lead to where trouble is, not stay at its door.
  expect(trained).toBeGreaterThan(150);
  expect(partly).toBeGreaterThan(20);
});

/** Whatever trains, by its agent's word. */
function groupsOf({ state }: ISession): AgentHello['groups'] {
  return state.tasks.filter(isActive).flatMap(task =>
    [lastAttempt(task), task.next].flatMap(attempt =>
      attempt
        ? [
            {
              task: task.spec.name,
              attempt: attempt.number,
              order: { hash: task.spec.hash, strategy: attempt.strategy, devices: attempt.devices }
            }
          ]
        : []
    )
  );
}

const share = fc.nat({ max: 100 }).map(percent => percent / 100);

function replay(log: SessionHarness['log']): ISession {
  return log.reduce(
    (session, { event, time }) => step(session, event, time).session,
    emptySession('test', '/tmp/test')
  );
}

it('whatever is forgotten: what trains is known again or leaves, what is saved counts, and all work ends', () => {
  let known = 0;
  let left = 0;
  fc.assert(
    fc.property(
      fc.array(move, { minLength: 20, maxLength: 160, size: 'max' }),
      fc.tuple(share, share),
      (moves, [happened, remembered]) => {
        const sim = new SessionHarness();
        sim.connect(2);
        for (const m of moves) {
          act(sim, m);
        }
        // Some moment at which tasks trained.
        const moments: { length: number; truth: ISession }[] = [];
        let truth = emptySession('test', '/tmp/test');
        for (const [index, { event, time }] of sim.log.entries()) {
          truth = step(truth, event, time).session;
          if (truth.state.tasks.some(isActive)) {
            moments.push({ length: index + 1, truth });
          }
        }
        const moment = moments[Math.floor(happened * (moments.length - 1))];
        if (!moment) {
          return;
        }
        ({ truth } = moment);
        const log = sim.log.slice(0, moment.length);
        const groups = groupsOf(truth);
        const saved = truth.state.tasks.flatMap(({ spec, checkpointStep }) =>
          checkpointStep === undefined ? [] : [{ task: spec.name, step: checkpointStep }]
        );

        sim.pending = [];
        sim.session = replay(log.slice(0, Math.floor(log.length * remembered)));
        const error = { code: 'journal-damaged', message: 'It was damaged.' };
        sim.feed({ kind: 'history-lost', error, saved });
        expect(sim.session.state.notices.at(-1)).toEqual(error);
        for (const { task, step } of saved) {
          const now = sim.session.state.tasks.find(({ spec }) => spec.name === task);
          expect(now?.checkpointStep ?? step).toBeGreaterThanOrEqual(step);
        }
        const commands = sim.feed({
          kind: 'agent-connected',
          hello: { node: cpuNode(2), groups, trials: [], inspecting: [] }
        });

        const used = devicesInUse(sim.session);
        expect(new Set(used).size).toBe(used.length);
        const training = new Set(groupsOf(sim.session).map(({ task, attempt }) => `${task} ${attempt}`));
        const stops = commands.flatMap(one => (one.kind === 'stop' ? [one.body] : []));
        for (const { task, attempt } of groups) {
          const leaves = stops.some(stop => stop.task === task && stop.attempt === attempt);
          expect(leaves || training.has(`${task} ${attempt}`)).toBe(true);
          known += training.has(`${task} ${attempt}`) ? 1 : 0;
          left += leaves ? 1 : 0;
        }
        const started = commands.flatMap(one => (one.kind === 'start' ? [one.body] : []));
        const there = [
          ...groups.map(({ task, attempt }) => `${task} ${attempt}`),
          ...started.map(({ task, attempt }) => `${task.name} ${attempt}`)
        ];
        expect([...training].filter(group => !there.includes(group))).toEqual([]);

        sim.pending = [];
        sim.connect(2);
        sim.feed({ kind: 'node-changed', node: cpuNode(2) });
        sim.feed({ kind: 'run-requested' });
        sim.settle();
        const { state } = sim.session;
        expect(state.goal).toBe('none');
        const hopeless = new Set(state.plan?.plan.unplanned.map(({ task }) => task));
        for (const { spec, status } of state.tasks) {
          expect(hopeless.has(spec.name) || ['finished', 'failed', 'invalid'].includes(status)).toBe(true);
        }
      }
    ),
    { numRuns: 120 }
  );
  expect(known).toBeGreaterThan(10);
  expect(left).toBeGreaterThan(10);
});
