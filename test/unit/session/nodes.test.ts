import { describe, expect, it } from 'vitest';
import { dueEvent } from '../../../src/core/session/dueEvent.js';
import { AWAY_SECONDS, overdueNodes } from '../../../src/core/session/nodes.js';
import { wishesEvent } from '../../../src/core/session/wishRequests.js';
import type {
  NodeState,
  Plan,
  PlanRequest,
  Segment,
  SweepSpec,
  TaskState
} from '../../../src/core/wire/messages.js';
import { cpuNode, inspection, SessionHarness, spec } from './sessionHarness.js';

const ONE = { technique: 'single', devices: 1 };

/** Each task on the device that is free first, those that train where they do. */
function spreadPlan(request: PlanRequest): Plan {
  const free = new Map<string, number>();
  const devices = request.cluster.nodes.flatMap(({ id: node, devices }) =>
    devices.map(({ id }) => ({ node, id, key: `${node} ${id}` }))
  );
  const segments: Segment[] = [];
  const unplanned: Plan['unplanned'] = [];
  const before = [...request.tasks].sort((a, b) => Number(!a.running) - Number(!b.running));
  for (const { name, steps, running, options, reason = 'nothing fits' } of before) {
    const at = (one: (typeof devices)[0]): number => free.get(one.key) ?? 0;
    const among = running
      ? devices.filter(({ node, id }) => node === running.node && running.devices.includes(id))
      : devices;
    const [first] = [...among].sort((a, b) => at(a) - at(b));
    if (!first || !options.some(({ strategy }) => strategy.devices === 1)) {
      unplanned.push({ task: name, reason });
      continue;
    }
    const start = at(first);
    const end = start + steps;
    free.set(first.key, end);
    segments.push({ task: name, strategy: ONE, node: first.node, devices: [first.id], start, end, steps });
  }
  const makespan = Math.max(0, ...free.values());
  const base = { unplanned, optimal: false, method: 'construction' as const, baselines: [] };
  return { ...base, segments, makespan, lowerBound: 0, gap: 0, binding: 'none' };
}

/** A session that trains some tasks, which are known, on its own node and on one far from it. */
class Cluster extends SessionHarness {
  constructor(
    readonly names: readonly string[],
    far: readonly string[] = ['far']
  ) {
    super();
    this.connect(1);
    for (const id of far) {
      this.join(id);
    }
    this.add(...names);
    this.look();
    this.feed({ kind: 'run-requested' });
    this.plan();
  }

  add(...names: readonly string[]): void {
    this.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
    this.feed({
      kind: 'cells-recalled',
      cells: names.map(name => ({
        signature: `sig-${name}`,
        strategy: ONE,
        status: 'ok' as const,
        source: 'measured' as const,
        stepSeconds: 1,
        startSeconds: 1
      }))
    });
  }

  /** Inspections are answered. */
  look(): void {
    for (const { body } of this.take('inspect')) {
      for (const { name, hash } of body.tasks) {
        const found = inspection(`sig-${name}`, 10, [ONE]);
        this.feed({ kind: 'inspected', results: [{ task: name, hash, inspection: found, kind: 'cpu' }] });
      }
    }
  }

  /** The planner answers whatever it is asked last. */
  plan(): void {
    for (let last = this.take('plan').at(-1); last; last = this.take('plan').at(-1)) {
      this.feed({ kind: 'plan-made', plan: spreadPlan(last.request), basis: last.planRevision });
    }
  }

  /** What was told to begin, and where, since it was asked last; all of it trains now. */
  begun(): string[] {
    return this.take('start').map(({ node, body }) => {
      this.group(body.task.name, body.attempt, 'started', { step: 0 });
      return `${body.task.name} ${body.attempt} on ${node}`;
    });
  }

  task(name: string): TaskState {
    return this.session.state.tasks.find(({ spec }) => spec.name === name)!;
  }

  node(id: string): NodeState | undefined {
    return this.session.state.nodes?.find(node => node.id === id);
  }

  get planned(): string[] {
    return this.session.state.cluster!.nodes.map(({ id }) => id);
  }
}

const GONE = { code: 'actor-died', message: 'Ray says that it died.' };

describe('a node that is lost', () => {
  it('has its tasks go on elsewhere, from what they have saved, by no fault of theirs', () => {
    const sim = new Cluster(['a', 'b']);
    expect(sim.begun()).toEqual(['a 1 on node', 'b 1 on far']);
    sim.group('b', 1, 'checkpoint', { step: 4 });
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.planned).toEqual(['node']);
    expect(sim.node('far')).toMatchObject({ state: 'away', since: sim.time });
    expect(sim.task('b')).toMatchObject({ status: 'ready', checkpointStep: 4 });
    expect(sim.task('b').attempts[0]).toMatchObject({ outcome: 'lost', blameless: true, endedAt: sim.time });
    expect(sim.session.state.notices.at(-1)?.message).toBe(
      'Node far is away: nothing was heard of it for too long. It trained b: what was saved is not lost.'
    );
    // A plan is made at once, though one was made just before.
    expect(sim.pending.filter(({ kind }) => kind === 'plan')).toHaveLength(1);
    expect(sim.session.question?.causes).toEqual([{ kind: 'devices' }]);
    sim.plan();
    sim.group('a', 1, 'finished', { step: 10 });
    sim.plan();
    expect(sim.begun()).toEqual(['b 2 on node']);
    sim.group('b', 2, 'finished', { step: 10 });
    expect(sim.session.state.goal).toBe('none');
  });

  it('again and again with one task: that is given up, others are not', () => {
    const sim = new Cluster(['a', 'b'], []);
    sim.begun();
    const lose = (times: number, saves = false): void => {
      for (let time = 0; time < times; time++) {
        sim.join('far');
        sim.plan();
        sim.begun();
        expect(sim.task('b').attempts.at(-1)?.node).toBe('far');
        if (saves) {
          sim.group('b', sim.task('b').attempts.length, 'checkpoint', { step: time + 1 });
        }
        sim.feed({ kind: 'node-away', node: 'far' });
        sim.plan();
      }
    };
    lose(6, true);
    lose(3);
    expect(sim.task('b').status).toBe('ready');
    lose(1);
    expect(sim.task('b')).toMatchObject({
      status: 'failed',
      error: {
        code: 'node-away',
        message:
          'Node far is away: nothing was heard of it for too long. This was time 5 without a new checkpoint; it is not started again.',
        hint: 'Try it again with %saturn retry b.'
      }
    });
    expect(sim.task('a').status).toBe('running');
  });

  it('again and again with a task of which nothing is known yet: it is not tried for ever', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.join('far');
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    for (const command of sim.take('inspect')) {
      sim.perform(command);
    }
    sim.feed({ kind: 'run-requested' });
    const begun: string[] = [];
    for (let time = 0; time < 10; time++) {
      begun.push(...sim.take('start').map(({ node, body }) => `${body.task.name} on ${node}`));
      sim.feed({ kind: 'node-away', node: 'far' });
      sim.join('far');
    }
    expect(begun).toEqual(['a on node', ...Array.from({ length: 5 }, () => 'b on far')]);
    expect(sim.status('b')).toBe('failed');
  });

  it('tells why, if somebody knows', () => {
    const sim = new Cluster(['a']);
    sim.feed({ kind: 'node-away', node: 'far', error: GONE });
    expect(sim.node('far')?.error).toEqual(GONE);
    expect(sim.session.state.notices.at(-1)).toMatchObject({
      code: 'actor-died',
      message: 'Node far is away: Ray says that it died.'
    });
    sim.join('far');
    expect(sim.node('far')).toMatchObject({ state: 'connected', since: sim.time });
    expect(sim.node('far')?.error).toBeUndefined();
    expect(sim.session.state.notices).toEqual([]);
  });

  it('is known to be gone once: what is said of it again, or of one that never was there, changes nothing', () => {
    const sim = new Cluster(['a', 'b']);
    sim.feed({ kind: 'node-away', node: 'far' });
    const { state } = sim.session;
    sim.feed({ kind: 'node-away', node: 'far' });
    sim.feed({ kind: 'node-away', node: 'nowhere' });
    expect({ ...sim.session.state, rev: 0 }).toEqual({ ...state, rev: 0 });
  });

  it('is told of for ten minutes, then no more', () => {
    const sim = new Cluster(['a', 'b'], ['far', 'other']);
    sim.feed({ kind: 'node-away', node: 'far' });
    const due = (seconds: number) => dueEvent(sim.session, sim.time, sim.time + seconds);
    expect([due(599)?.kind, due(600)?.kind]).toEqual([undefined, 'clock']);
    sim.feed({ kind: 'clock' }, 599);
    expect(sim.node('far')?.state).toBe('away');
    sim.feed({ kind: 'clock' });
    expect(sim.session.state.nodes!.map(({ id }) => id)).toEqual(['node', 'other']);
    expect(due(600)?.kind).not.toBe('clock');
    expect(sim.session.state.notices.at(-1)?.message).toContain('Node far is away');
    sim.join('far');
    expect(sim.node('far')?.state).toBe('connected');
    expect(sim.session.state.notices).toEqual([]);
  });

  it('while its task starts', () => {
    const sim = new Cluster(['a', 'b']);
    sim.take('start');
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.task('b').status).toBe('ready');
    expect(sim.task('b').attempts[0]?.outcome).toBe('lost');
  });

  it.each(['b', null])('while its task stops (%s): nothing waits for it', name => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    sim.feed({ kind: 'stop-requested', ...(name && { tasks: [name] }) });
    expect(sim.task('b').status).toBe('stopping');
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.task('b').status).toBe('stopped');
    sim.join('far');
    expect(sim.take('start')).toEqual([]);
  });

  it('while its task leaves to pause: back with it, it is told so once more', () => {
    const sim = new Cluster(['a', 'b', 'c', 'd']);
    const rule = { kind: 'asha', first: 3 } as const;
    const sweep: SweepSpec = {
      name: 'fn',
      space: { x: { values: [1] } },
      search: 'grid',
      seed: 0,
      stop: rule
    };
    sim.feed({ kind: 'tasks-added', tasks: sim.names.map(name => spec(name)), sweep });
    sim.begun();
    sim.group('b', 1, 'rung', { step: 3, loss: 1 });
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.task('b')).toMatchObject({ status: 'ready', pausedAt: 3 });
    sim.take('stop');
    sim.join('far', 1, { groups: [{ task: 'b', attempt: 1 }] });
    expect(sim.task('b')).toMatchObject({ status: 'stopping', pausedAt: 3 });
    expect(sim.take('stop')).toMatchObject([{ node: 'far', body: { task: 'b', attempt: 1 } }]);
    sim.group('b', 1, 'stopped', { step: 4 });
    expect(sim.task('b')).toMatchObject({ status: 'ready', pausedAt: 3, checkpointStep: 4 });
  });

  it('while its task is being removed', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    sim.feed({ kind: 'tasks-removed', tasks: ['b'] });
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.session.state.tasks.map(({ spec }) => spec.name)).toEqual(['a']);
    expect(sim.take('archive').map(({ tasks }) => tasks)).toEqual([['b']]);
  });

  it('while its task is taken over by another group there', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    const b = sim.task('b');
    const next = { ...b.attempts[0]!, number: 2 };
    const tasks = sim.session.state.tasks.map(task => (task === b ? { ...b, next } : task));
    sim.session = { ...sim.session, state: { ...sim.session.state, tasks } };
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.task('b').next).toBeUndefined();
    // It may have begun there, unheard: another is told apart from it.
    expect(sim.task('b').attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'lost'],
      [2, 'lost']
    ]);
    sim.group('b', 2, 'started', { step: 0 });
    expect(sim.task('b').status).toBe('ready');
  });

  it('while the session is paused: the pause goes on, and its task with it', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    sim.feed({ kind: 'storage-short', freeBytes: 1, neededBytes: 2 });
    expect(sim.task('b')).toMatchObject({ status: 'stopping', moving: true });
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.task('b').status).toBe('ready');
    sim.group('a', 1, 'stopped', { step: 3 });
    expect(sim.take('start')).toEqual([]);
    sim.feed({ kind: 'storage-free', freeBytes: 1e12 });
    sim.plan();
    expect(sim.begun()).toEqual(['a 2 on node']);
  });

  it('while it measures: the trial is made elsewhere', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.join('far');
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    for (const command of sim.take('inspect')) {
      sim.perform(command);
    }
    sim.feed({ kind: 'profile-requested' });
    const trials = sim.take('trial');
    expect(trials.map(({ node }) => node)).toEqual(['node', 'far']);
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.session.state.trials.map(({ node }) => node)).toEqual(['node', undefined]);
    sim.perform(trials[0]!);
    const [again] = sim.take('trial');
    expect(again).toMatchObject({ node: 'node', body: { signature: trials[1]!.body.signature } });
    sim.perform(again!);
    sim.settle();
    expect(sim.session.state.goal).toBe('none');
  });

  it('while a task explores there: nothing is said of its strategy', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.join('far');
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    for (const command of sim.take('inspect')) {
      sim.perform(command);
    }
    sim.feed({ kind: 'run-requested' });
    const [, far] = sim.take('start');
    expect(far).toMatchObject({ node: 'far', body: { explores: true } });
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.session.state.cells.filter(({ status }) => status === 'failed')).toEqual([]);
    sim.settle();
    expect(sim.session.state.goal).toBe('run');
  });

  it('takes its devices that were left out along, and what it was asked for them', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    const error = { code: 'device-lost', message: 'It fell off.' };
    sim.group('b', 1, 'failed', { error });
    expect(sim.session.state.excludedDevices).toHaveLength(1);
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.session.state.excludedDevices).toEqual([]);
    sim.feed({ kind: 'devices-freed', node: 'far', devices: ['cpu0'] });
    expect(sim.planned).toEqual(['node']);
  });

  it('is forgotten when many others have left since', () => {
    const sim = new Cluster(['a']);
    for (let index = 0; index < 30; index++) {
      sim.join(`n${index}`);
      sim.feed({ kind: 'node-away', node: `n${index}` });
    }
    const ids = sim.session.state.nodes!.map(({ id }) => id);
    expect(ids).toHaveLength(22);
    expect(ids).toContain('far');
    expect(ids).not.toContain('n0');
    expect(ids).toContain('n29');
  });
});

describe('a node that is back', () => {
  it('gets work by a new plan', () => {
    const sim = new Cluster(['a', 'b', 'c', 'd']);
    sim.begun();
    sim.feed({ kind: 'node-away', node: 'far' });
    sim.plan();
    expect(sim.begun()).toEqual([]);
    sim.join('far');
    expect(sim.session.question?.causes).toEqual([{ kind: 'devices' }]);
    sim.plan();
    expect(sim.begun()).toEqual(['b 2 on far']);
  });

  it('goes on with a group that it has still, if that has not begun elsewhere', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    sim.feed({ kind: 'node-away', node: 'far' });
    const order = { hash: 'h', strategy: ONE, devices: ['cpu0'] };
    sim.join('far', 1, { groups: [{ task: 'b', attempt: 1, order }] });
    expect(sim.task('b').status).toBe('running');
    expect(sim.task('b').attempts).toHaveLength(1);
    expect(sim.task('b').attempts[0]).not.toHaveProperty('outcome');
    sim.plan();
    expect(sim.take('start')).toEqual([]);
    expect(sim.take('stop')).toEqual([]);
    sim.group('b', 1, 'finished', { step: 10 });
    expect(sim.task('b').status).toBe('finished');
  });

  it('tells the end of a group that ended meanwhile', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    sim.feed({ kind: 'node-away', node: 'far' });
    sim.join('far', 1, { groups: [{ task: 'b', attempt: 1 }] });
    sim.group('b', 1, 'stopped', { step: 7 });
    expect(sim.task('b').checkpointStep).toBe(7);
    expect(sim.task('b').attempts[0]?.outcome).toBe('stopped');
    // By the plan that there is until another one is made.
    expect(sim.begun()).toEqual(['b 2 on far']);
  });

  it('ends at once a group of a task that goes on elsewhere', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    sim.feed({ kind: 'node-away', node: 'far' });
    sim.plan();
    sim.group('a', 1, 'finished', { step: 10 });
    sim.plan();
    expect(sim.begun()).toEqual(['b 2 on node']);
    const order = { hash: 'h', strategy: ONE, devices: ['cpu0'] };
    sim.join('far', 1, { groups: [{ task: 'b', attempt: 1, order }] });
    expect(sim.take('stop')).toEqual([
      { kind: 'stop', node: 'far', body: { task: 'b', attempt: 1, graceSeconds: 0 } }
    ]);
    sim.group('b', 1, 'checkpoint', { step: 9 });
    expect(sim.task('b').checkpointStep).toBeUndefined();
  });

  it('has a group leave that nobody wants any more', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    sim.feed({ kind: 'node-away', node: 'far' });
    sim.feed({ kind: 'stop-requested' });
    const order = { hash: 'h', strategy: ONE, devices: ['cpu0'] };
    sim.take('stop');
    sim.join('far', 1, { groups: [{ task: 'b', attempt: 1, order }] });
    expect(sim.task('b').status).toBe('stopping');
    expect(sim.take('stop').map(({ node, body }) => [node, body.task, body.attempt])).toEqual([
      ['far', 'b', 1]
    ]);
    sim.group('b', 1, 'stopped', { step: 5 });
    expect(sim.task('b').status).toBe('stopped');
  });

  it('without its groups, before it was away: they go on from their checkpoint', () => {
    const sim = new Cluster(['a', 'b']);
    sim.begun();
    sim.join('far');
    expect(sim.begun()).toEqual(['b 2 on far']);
    expect(sim.task('a').attempts).toHaveLength(1);
  });
});

describe('a node that joins', () => {
  it('has nothing inspected again, nor measured, and gets work at once', () => {
    const sim = new Cluster(['a', 'b', 'c'], []);
    expect(sim.begun()).toEqual(['a 1 on node']);
    const { cells } = sim.session.state;
    sim.join('far');
    expect(sim.take('inspect')).toEqual([]);
    expect(sim.session.state.cells).toBe(cells);
    sim.plan();
    expect(sim.begun()).toEqual(['b 1 on far']);
  });

  it('with more devices lets what is known of begin, while tasks train, and has more found out', () => {
    const sim = new Cluster(['a', 'b', 'c'], []);
    sim.begun();
    sim.join('far', 2);
    expect(['b', 'c'].map(name => sim.task(name).status)).toEqual(['ready', 'ready']);
    const asked = sim.take('inspect');
    expect(
      asked.map(({ node, body }) => [node, body.maxDevices, body.tasks.map(({ name }) => name)])
    ).toEqual([['node', 2, ['b', 'c']]]);
    sim.plan();
    expect(sim.begun()).toEqual(['b 1 on far', 'c 1 on far']);
    // An agent that begins anew is asked again.
    sim.connect(1, [{ task: 'a', attempt: 1 }]);
    sim.pending = sim.pending.filter(({ kind }) => kind === 'inspect');
    expect(sim.pending).toMatchObject([{ node: 'node', body: { maxDevices: 2 } }]);
    const found = inspection('sig-b', 10, [ONE, { technique: 'ddp', devices: 2 }]);
    sim.feed({ kind: 'inspected', results: [{ task: 'b', hash: 'h', inspection: found, kind: 'cpu' }] });
    expect(sim.task('b').verdicts).toEqual([{ kind: 'cpu' }]);
    expect(sim.task('b').inspection?.feasibility).toHaveLength(2);
  });

  it('with more devices has no inspection tell of fewer that is under way', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.pending = [];
    const commands = sim.join('far', 2);
    expect(commands).toMatchObject([
      { kind: 'stop-inspection', node: 'node', body: { tasks: ['a'] } },
      { kind: 'inspect', node: 'node', body: { maxDevices: 2 } }
    ]);
  });

  it('has its troubles told by its name', () => {
    const sim = new Cluster(['a', 'b']);
    const error = { code: 'device-lost', message: 'It fell off.' };
    sim.feed({ kind: 'node-changed', node: cpuNode(1, 'far'), error });
    expect(sim.session.state.notices.at(-1)?.message).toBe('far: It fell off.');
    sim.begun();
    sim.group('b', 1, 'failed', { error });
    expect(sim.session.state.notices.at(-1)?.message).toBe('far cpu0 is left out of the plan: It fell off.');
  });

  it('while another inspects: that goes on alone', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    expect(sim.take('inspect').map(({ node }) => node)).toEqual(['node']);
    sim.join('far');
    expect(sim.take('inspect')).toEqual([]);
    sim.feed({ kind: 'tasks-added', tasks: [spec('c')] });
    expect(sim.take('inspect').map(({ node, body }) => [node, body.tasks.length])).toEqual([['node', 1]]);
  });

  it('is no news when it was there before', () => {
    const sim = new Cluster(['a', 'b', 'c']);
    sim.begun();
    const revision = sim.session.planRevision;
    sim.join('far', 1, { groups: [{ task: 'b', attempt: 1 }] });
    expect(sim.session.planRevision).toBe(revision);
  });

  it('with more devices has tasks inspected for so many', () => {
    const sim = new Cluster(['a', 'b', 'c'], []);
    sim.begun();
    sim.join('far', 2);
    expect(sim.take('inspect').map(({ node, body }) => [node, body.maxDevices])).toEqual([['node', 2]]);
  });
});

describe('inspections', () => {
  function asked(sim: SessionHarness): [string, string[]][] {
    return sim.take('inspect').map(({ node, body }) => [node, body.tasks.map(({ name }) => name)]);
  }

  it('are waited for when it is the own node that is silent', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'agent-away', node: 'node' });
    sim.join('far');
    sim.join('other');
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    // Its own node is waited for.
    expect(asked(sim)).toEqual([]);
    sim.connect(1);
    expect(asked(sim)).toEqual([['node', ['a']]]);
  });

  it('are asked of the next node when theirs is lost', () => {
    const sim = new SessionHarness();
    sim.join('far');
    sim.join('other');
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    expect(asked(sim)).toEqual([['far', ['a', 'b']]]);
    sim.feed({ kind: 'inspected', results: [{ task: 'a', hash: 'h', inspection: inspection('s') }] });
    sim.feed({ kind: 'node-away', node: 'other' });
    expect(asked(sim)).toEqual([]);
    sim.join('other');
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(asked(sim)).toEqual([['other', ['b']]]);
    // It is back, but another has taken its place.
    sim.join('far', 1, { inspecting: ['b'] });
    expect(asked(sim)).toEqual([]);
  });

  it('are repeated for what an agent that is back does not inspect any more', () => {
    const sim = new SessionHarness();
    sim.join('far');
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    sim.take('inspect');
    sim.join('far', 1, { inspecting: ['a'] });
    expect(asked(sim)).toEqual([['far', ['b']]]);
  });

  it('on a device of a node that is lost are made on another', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.join('far');
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    sim.take('inspect');
    for (const task of ['a', 'b']) {
      const error = { code: 'no-gpu', message: 'It wants one.' };
      sim.feed({ kind: 'inspected', results: [{ task, hash: 'h', error, needsDevice: true }] });
    }
    expect(asked(sim)).toEqual([
      ['node', ['a']],
      ['far', ['b']]
    ]);
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(asked(sim)).toEqual([]);
    sim.feed({ kind: 'inspected', results: [{ task: 'a', hash: 'h', inspection: inspection('s') }] });
    expect(asked(sim)).toEqual([['node', ['b']]]);
  });
});

describe("the session's own node", () => {
  it('is waited for when it is silent: what trains there goes on', () => {
    const sim = new Cluster(['a', 'b', 'c']);
    sim.begun();
    sim.feed({ kind: 'agent-away', node: 'node' });
    expect(sim.session.state.agent).toBe('away');
    expect(sim.node('node')?.state).toBe('away');
    expect(sim.node('far')?.state).toBe('connected');
    expect(sim.planned).toEqual(['node', 'far']);
    expect(sim.task('a').status).toBe('running');
    expect(overdueNodes(sim.session, sim.time + 10 * AWAY_SECONDS)).toEqual([]);
    // What far nodes tell is taken in, but nothing is begun.
    sim.group('b', 1, 'finished', { step: 10 });
    expect(sim.take('start')).toEqual([]);
    sim.connect(1, [{ task: 'a', attempt: 1 }]);
    sim.plan();
    expect(sim.begun()).toEqual(['c 1 on far']);
    expect(sim.task('a').attempts).toHaveLength(1);
  });

  it('is another when the session is opened on another machine: the one before has ended', () => {
    const sim = new Cluster(['a', 'b'], []);
    sim.begun();
    sim.feed({ kind: 'agent-away' });
    sim.feed({
      kind: 'agent-connected',
      hello: { node: cpuNode(1, 'elsewhere'), groups: [], trials: [], inspecting: [] }
    });
    expect(sim.planned).toEqual(['elsewhere']);
    sim.plan();
    expect(sim.begun()).toEqual(['a 2 on elsewhere']);
  });
});

describe('an engine that is started anew', () => {
  it('waits for all its nodes, and goes on as if nothing was', () => {
    const sim = new Cluster(['a', 'b', 'c']);
    sim.begun();
    sim.feed({ kind: 'agent-away' });
    expect(sim.session.state.nodes?.map(({ state }) => state)).toEqual(['away', 'away']);
    sim.connect(1, [{ task: 'a', attempt: 1 }]);
    expect(sim.session.state.agent).toBe('connected');
    sim.group('a', 1, 'finished', { step: 10 });
    expect(sim.take('start')).toEqual([]);
    expect(sim.take('plan')).toEqual([]);
    sim.join('far', 1, { groups: [{ task: 'b', attempt: 1 }] });
    sim.plan();
    expect(sim.begun()).toEqual(['c 1 on node']);
    expect(sim.task('b').status).toBe('running');
  });

  it('waits for a far node no longer than for one that falls silent', () => {
    const sim = new Cluster(['a', 'b', 'c']);
    sim.begun();
    sim.feed({ kind: 'agent-away' });
    sim.connect(1, [{ task: 'a', attempt: 1 }]);
    const silent = sim.node('far')!.since;
    expect(overdueNodes(sim.session, silent + AWAY_SECONDS - 1)).toEqual([]);
    expect(overdueNodes(sim.session, silent + AWAY_SECONDS)).toEqual(['far']);
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(overdueNodes(sim.session, silent + AWAY_SECONDS)).toEqual([]);
    sim.plan();
    sim.group('a', 1, 'finished', { step: 10 });
    sim.plan();
    expect(sim.begun()).toEqual(['b 2 on node']);
  });
});

it('a wish for a node that is away is refused, saying so', () => {
  const sim = new Cluster(['a', 'b']);
  sim.feed({ kind: 'node-away', node: 'far', error: GONE });
  const pinTo = (node: string) => () =>
    wishesEvent(sim.session, { tasks: [{ tasks: ['a'], set: { pin: { node } } }] }, sim.time);
  expect(pinTo('far')).toThrow('Node far is away: Ray says that it died.');
  expect(pinTo('nowhere')).toThrow('There is no node "nowhere".');
});
