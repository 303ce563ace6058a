import { describe, expect, it } from 'vitest';
import type { Command } from '../../../src/core/session/command.js';
import { emptySession, isActive } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { AgentHello, GroupEvent, Plan, PlanRequest, Segment } from '../../../src/core/wire/messages.js';
import { refuseBusy } from '../../../src/engine/requestEvents.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

const STEPS = 10;
const ONE = { technique: 'single', devices: 1 };
const BOTH = { technique: 'ddp', devices: 2, nodes: 2 };
const MEETING = { host: '10.0.0.1', port: 4000, name: 'here' };
const NODES = ['node', 'far'] as const;
const ERROR = { code: 'training-failed', message: 'It fails.' };

type Node = (typeof NODES)[number];

/** The task over both nodes where that is known to work and both are there; else on the first. */
function widestPlan(request: PlanRequest): Plan {
  const [task] = request.tasks;
  const [first, second] = request.cluster.nodes;
  const wide = task?.options.find(({ span }) => span === 2);
  const segments: Segment[] = [];
  if (task && first && task.options.length > 0) {
    const spans = wide && second;
    const place = task.running ?? {
      strategy: spans ? BOTH : ONE,
      node: first.id,
      devices: ['cpu0'],
      ...(spans && { elsewhere: [{ node: second.id, devices: ['cpu0'] }] })
    };
    segments.push({ task: task.name, ...place, start: 0, end: task.steps, steps: task.steps });
  }
  const base = { unplanned: [], optimal: false, method: 'construction' as const, baselines: [] };
  return { ...base, segments, makespan: STEPS, lowerBound: 0, gap: 0, binding: 'none' };
}

/** What a node's agent has of an attempt. */
interface IPart {
  readonly node: Node;
  readonly number: number;
  readonly spans: boolean;
  readonly state: 'starting' | 'waiting' | 'training';
  readonly leaving: boolean;
}

/** A run of one task that may span two nodes, whose agents do what the protocol allows, in any order. */
class Scene {
  constructor(
    readonly sim: SessionHarness,
    readonly parts: readonly IPart[],
    readonly away: readonly Node[] = [],
    readonly done: readonly string[] = []
  ) {}

  static begin(): Scene {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.join('far', 1, { address: '10.0.0.2' });
    sim.feed({ kind: 'wishes-set', session: { set: { span: 2 } } });
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    const found = inspection('sig-a', STEPS, [ONE, { technique: 'ddp', devices: 2 }]);
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: found } });
    const cell = { signature: 'sig-a', status: 'ok' as const, source: 'measured' as const, startSeconds: 0 };
    sim.feed({
      kind: 'cells-recalled',
      cells: [
        { ...cell, strategy: ONE, stepSeconds: 1 },
        { ...cell, strategy: BOTH, stepSeconds: 0.6 }
      ]
    });
    sim.pending = [];
    sim.feed({ kind: 'run-requested' });
    return new Scene(sim, []).obeyed();
  }

  get last(): Segment | undefined {
    return this.sim.session.state.plan?.plan.segments[0];
  }

  /** What can happen next: its name, and what is then. */
  next(): [string, () => Scene][] {
    const own = this.parts.flatMap(part => this._of(part));
    const once: [string, () => Scene][] = [
      ['stop', () => this.after(sim => sim.feed({ kind: 'stop-requested', tasks: ['a'] }))],
      ['engine dies', () => this._engineDies([...NODES])],
      ['engine dies, far first', () => this._engineDies(['far', 'node'])],
      ['agent of node dies', () => this._agentDies('node')],
      ['agent of far dies', () => this._agentDies('far')],
      ['far is away', () => this._leaves()]
    ];
    return [...own, ...once.filter(([name]) => !this.done.includes(name))].map(([name, go]) => [
      name,
      () => {
        const { sim, parts, away } = go();
        return new Scene(sim, parts, away, [...this.done, name]);
      }
    ]);
  }

  after(act: (sim: SessionHarness) => void, parts = this.parts, away = this.away): Scene {
    const sim = new SessionHarness();
    sim.session = this.sim.session;
    sim.time = this.sim.time;
    sim.log.push(...this.sim.log);
    act(sim);
    return new Scene(sim, parts, away).obeyed();
  }

  /** After all commands. */
  obeyed(): Scene {
    let parts = [...this.parts];
    const obey = (command: Command): void => {
      if (command.kind === 'start') {
        const node = command.node as Node;
        if (this.away.includes(node)) {
          return;
        }
        const { attempt: number, part } = command.body;
        if (parts.some(other => other.node === node && !this._isStray(other))) {
          throw new Error(`Two groups train on one device: ${this.done.join(', ')}`);
        }
        expect(part?.meeting).toEqual(node === 'far' && part ? MEETING : undefined);
        parts.push({ node, number, spans: part !== undefined, state: 'starting', leaving: false });
      } else if (command.kind === 'stop') {
        parts = parts.map(part =>
          part.node === command.node && part.number === command.body.attempt
            ? { ...part, leaving: true }
            : part
        );
      } else if (command.kind === 'plan') {
        this.sim.feed(
          { kind: 'plan-made', plan: widestPlan(command.request), basis: command.planRevision },
          0
        );
      } else if (command.kind === 'inspect') {
        this.sim.perform(command);
      }
    };
    while (this.sim.pending.length > 0) {
      obey(this.sim.pending.shift()!);
    }
    return new Scene(this.sim, parts, this.away, this.done);
  }

  /** Whether nobody knows a part any more: its node was away, and ends it itself. */
  private _isStray({ node }: IPart): boolean {
    return this.away.includes(node);
  }

  private _of(part: IPart): [string, () => Scene][] {
    const { node, number, spans, state, leaving } = part;
    const isFirst = node === 'node';
    const others = this.parts.filter(one => one !== part && one.number === number);
    const isAlone = spans && state === 'training' && others.length === 0;
    const to = (next: IPart['state']): IPart[] =>
      this.parts.map(one =>
        one === part || (one.number === number && next === 'training') ? { ...one, state: next } : one
      );
    const tell = (kind: GroupEvent['kind'], more: Partial<GroupEvent>, parts: IPart[]): Scene =>
      this.after(sim => sim.group('a', number, kind, { ...more, ...(spans && { node }) }), parts);
    const end = (kind: GroupEvent['kind'], more: Partial<GroupEvent> = {}): [string, () => Scene] => [
      `${kind} ${node} ${number}`,
      () =>
        tell(
          kind,
          more,
          this.parts.filter(one => one !== part)
        )
    ];
    const trouble = [
      end('lost', { error: { code: 'rank-lost', message: 'Killed.' } }),
      end('failed', { error: ERROR })
    ];
    if (state === 'starting' && spans && isFirst) {
      return [[`meets ${number}`, () => tell('meets', { meeting: MEETING }, to('waiting'))], ...trouble];
    }
    if (state === 'training' || !spans) {
      const begins: [string, () => Scene][] =
        state === 'starting'
          ? [[`started ${node} ${number}`, () => tell('started', { step: 0 }, to('training'))]]
          : [];
      const ends = isAlone && isFirst ? [] : [end('finished', isFirst || !spans ? { step: STEPS } : {})];
      return [
        ...begins,
        ...(leaving ? [end('stopped', isFirst ? { step: 4 } : {})] : []),
        ...ends,
        ...trouble
      ];
    }
    const meets = others.some(one => one.state === 'waiting');
    return [
      ...(meets && !isFirst
        ? ([[`started ${number}`, () => this._started(number)]] as [string, () => Scene][])
        : []),
      ...(leaving ? [end('stopped')] : []),
      ...trouble
    ];
  }

  private _started(number: number): Scene {
    const parts = this.parts.map(one =>
      one.number === number ? { ...one, state: 'training' as const } : one
    );
    return this.after(sim => sim.group('a', number, 'started', { step: 0, node: 'node' }), parts);
  }

  private _groups(node: Node): AgentHello['groups'] {
    return this.parts
      .filter(part => part.node === node)
      .map(({ number, spans }) => ({
        task: 'a',
        attempt: number,
        order: { hash: 'h', strategy: spans ? BOTH : ONE, devices: ['cpu0'] }
      }));
  }

  private _hello(sim: SessionHarness, node: Node): void {
    if (node === 'node') {
      sim.connect(1, this._groups(node));
    } else if (!this.away.includes('far')) {
      sim.join('far', 1, { groups: this._groups(node) });
    }
  }

  private _engineDies(order: Node[]): Scene {
    return this.after(sim => {
      sim.feed({ kind: 'agent-away' });
      for (const node of order) {
        this._hello(sim, node);
      }
    });
  }

  /** Its ranks die with it; another comes in its place. */
  private _agentDies(node: Node): Scene {
    const parts = this.parts.filter(part => part.node !== node);
    const left = new Scene(this.sim, parts, this.away, this.done);
    return left.after(sim => left._hello(sim, node), parts);
  }

  private _leaves(): Scene {
    const parts = this.parts.filter(part => part.node !== 'far');
    return this.after(sim => sim.feed({ kind: 'node-away', node: 'far' }), parts, ['far']);
  }
}

/** What happens when nothing goes wrong any more; first those that are to leave. */
const CALM = [/^stopped/, /^meets/, /^started/, /^finished/, /^lost/];

function atRest(scene: Scene): Scene {
  let last = scene;
  for (let guard = 0; last.parts.length > 0; guard++) {
    if (guard > 40) {
      throw new Error(`No end: ${last.done.join(', ')}`);
    }
    const possible = last.next();
    const chosen = CALM.flatMap(name => possible.filter(([one]) => name.test(one)))[0]!;
    last = chosen[1]();
  }
  return last;
}

function task(scene: Scene) {
  return scene.sim.session.state.tasks[0]!;
}

/** The scene after some of what can happen. */
function played(...names: string[]): Scene {
  return names.reduce((scene, name) => {
    const possible = scene.next();
    const found = possible.find(([one]) => one === name);
    expect(possible.map(([one]) => one)).toContain(name);
    return found![1]();
  }, Scene.begin());
}

describe('a group over two nodes', () => {
  it('begins with the first part, and with the others once that waits for them', () => {
    const begin = Scene.begin();
    expect(begin.parts.map(({ node }) => node)).toEqual(['node']);
    expect(task(begin).attempts[0]).toMatchObject({
      strategy: BOTH,
      node: 'node',
      elsewhere: [{ node: 'far', devices: ['cpu0'] }]
    });
    expect(played('meets 1').parts.map(({ node }) => node)).toEqual(['node', 'far']);
  });

  it('is tried in a run, though a plan was made before that could try nothing', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.join('far', 1);
    sim.feed({ kind: 'wishes-set', session: { set: { span: 2 } } });
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    const found = inspection('sig-a', STEPS, [{ technique: 'ddp', devices: 2 }]);
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: found } });
    sim.pending = [];
    sim.feed({ kind: 'plan-requested' });
    const before = new Scene(sim, []).obeyed();
    expect(sim.session.state.plan?.plan.segments).toEqual([]);
    const run = before.after(one => one.feed({ kind: 'run-requested' }));
    expect(run.parts).toMatchObject([{ node: 'node', spans: true }]);
    expect(task(run).attempts[0]).toMatchObject({ strategy: BOTH, explores: true });
  });

  it('is finished when both parts have ended, whichever first', () => {
    for (const order of [NODES, [...NODES].reverse()]) {
      const half = played('meets 1', 'started 1', `finished ${order[0]} 1`);
      expect(task(half).status).toBe('running');
      const [, go] = half.next().find(([name]) => name === `finished ${order[1]} 1`) ?? [];
      const over = go?.() ?? half;
      if (order[0] === 'node') {
        expect(task(over)).toMatchObject({ status: 'finished', checkpointStep: STEPS });
        expect(task(over).attempts[0]!.ends).toBeUndefined();
      }
    }
  });

  it('stops the other part when one is in trouble, and tells the worst', () => {
    const half = played('meets 1', 'started 1', 'lost far 1');
    expect(half.parts).toMatchObject([{ node: 'node', leaving: true }]);
    expect(task(half).status).toBe('running');
    const failed = played('meets 1', 'started 1', 'lost far 1', 'failed node 1');
    expect(task(failed)).toMatchObject({ status: 'failed', error: ERROR });
  });

  it('goes on from its checkpoint on what is left when a node is lost', () => {
    const lost = played('meets 1', 'started 1', 'far is away', 'stopped node 1');
    expect(
      task(lost).attempts.map(({ node, elsewhere, outcome }) => [node, elsewhere?.length, outcome])
    ).toEqual([
      ['node', 1, 'stopped'],
      ['node', undefined, undefined]
    ]);
  });

  it('goes on in all its parts under another engine', () => {
    for (const engine of ['engine dies', 'engine dies, far first']) {
      const { parts } = played('meets 1', 'started 1', engine);
      expect(parts.map(({ node, leaving }) => [node, leaving])).toEqual([
        ['node', false],
        ['far', false]
      ]);
    }
  });

  it('keeps the devices of each of its nodes, and is beyond the bridge with one part', () => {
    const { sim } = played('meets 1', 'started 1');
    for (const node of NODES) {
      expect(() => refuseBusy(sim.session, 'No', node)).toThrow('1 task is being trained');
    }
    expect(() => refuseBusy(sim.session, 'No', 'other')).not.toThrow();
    sim.feed({ kind: 'bridge-wanted', request: { ray: { address: 'head:1' } } });
    sim.feed({ kind: 'bridge-unwanted' });
    expect(sim.session.state.bridge?.state).toBe('leaving');
    expect(sim.take('stop').map(({ node }) => node)).toEqual(['node', 'far']);
  });

  it('does not start the others when the node is away or the task was stopped meanwhile', () => {
    expect(played('far is away', 'meets 1').parts).toMatchObject([{ node: 'node', leaving: true }]);
    expect(played('stop', 'meets 1').parts).toMatchObject([{ node: 'node', leaving: true }]);
  });

  it('ends sanely in whatever order things happen, and a replay gives the same', () => {
    let edge = [Scene.begin()];
    let count = 0;
    for (let depth = 0; depth < 4; depth++) {
      edge = edge.flatMap(scene => scene.next().map(([, go]) => go()));
      count += edge.length;
    }
    expect(count).toBeGreaterThan(500);
    for (const [index, scene] of edge.entries()) {
      const rest = atRest(scene);
      const what = rest.done.join(', ');
      expect(isActive(task(rest)), what).toBe(false);
      expect(rest.sim.session.state.goal, what).toBe('none');
      expect(
        task(rest).attempts.every(({ endedAt, ends }) => endedAt !== undefined && ends === undefined),
        what
      ).toBe(true);
      if (index % 50 === 0) {
        let replayed = emptySession('test', '/tmp/test');
        for (const { event, time } of rest.sim.log) {
          replayed = step(replayed, event, time).session;
        }
        expect(replayed).toEqual(rest.sim.session);
      }
    }
  });
});
