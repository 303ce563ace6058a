import { expect } from 'vitest';
import { cloneSpec } from '../../../src/core/session/clones.js';
import type { Command } from '../../../src/core/session/command.js';
import { emptySession, findSweep } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type {
  FusedTask,
  GroupStart,
  Inspection,
  Plan,
  PlanRequest,
  Segment,
  Strategy,
  SweepSpec,
  TaskState
} from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, serialPlan, spec } from './sessionHarness.js';

const SINGLE: Strategy = { technique: 'single', devices: 1 };
const BOTH: Strategy = { technique: 'ddp', devices: 2, nodes: 2 };
const MEETING = { host: '10.0.0.1', port: 4000, name: 'here' };
const STEPS = 50;

/** A sweep of so many points that is trained as a population. */
export function population(points: number, more: Partial<SweepSpec> = {}): SweepSpec {
  return {
    name: 'fn',
    space: { lr: { low: 1e-4, high: 1, scale: 'log' }, width: { values: [1, 2] } },
    points,
    search: 'random',
    seed: 3,
    by: { metric: 'accuracy', goal: 'max' },
    stop: { kind: 'pbt' },
    ...more
  };
}

/** Each device has the next task as soon as it is free, or the next run of as many as may be. */
function spread(request: PlanRequest): Plan {
  const plan = serialPlan(request);
  const runOf = new Map<string, string>();
  for (const { tasks } of [...(request.fusions ?? [])].sort((a, b) => b.tasks.length - a.tasks.length)) {
    for (const name of tasks.some(one => runOf.has(one)) ? [] : tasks) {
      runOf.set(name, tasks.join(' '));
    }
  }
  const free = new Map<string, number>();
  const runs = new Map<string, Pick<Segment, 'devices' | 'start' | 'end' | 'fusion'>>();
  const segments = plan.segments.map(segment => {
    const fusion = runOf.get(segment.task);
    const run = fusion === undefined ? undefined : runs.get(fusion);
    if (run) {
      return { ...segment, ...run };
    }
    const own = request.tasks.find(({ name }) => name === segment.task)?.running?.devices;
    const devices = request.cluster.nodes[0]!.devices.map(({ id }) => id);
    const [device] = own ?? devices.sort((a, b) => (free.get(a) ?? 0) - (free.get(b) ?? 0));
    const start = own ? 0 : (free.get(device!) ?? 0);
    const end = start + segment.end - segment.start;
    free.set(device!, end);
    const place = { devices: [device!], start, end, ...(fusion !== undefined && { fusion }) };
    if (fusion !== undefined) {
      runs.set(fusion, place);
    }
    return { ...segment, ...place };
  });
  return { ...plan, segments, makespan: Math.max(0, ...segments.map(({ end }) => end)) };
}

/** One task after the other, over both nodes. */
function wide({ tasks }: PlanRequest): Plan {
  let clock = 0;
  const before = [...tasks].sort((a, b) => Number(!a.running) - Number(!b.running));
  const segments = before.map(({ name, steps }): Segment => {
    const start = clock;
    clock += steps;
    const elsewhere = [{ node: 'far', devices: ['cpu0'] }];
    const place = { strategy: BOTH, node: 'node', devices: ['cpu0'], elsewhere };
    return { task: name, ...place, start, end: clock, steps };
  });
  const base = { unplanned: [], optimal: false, method: 'construction' as const, baselines: [] };
  return { ...base, segments, makespan: clock, lowerBound: 0, gap: 0, binding: 'none' };
}

/** What decides what happens in a world. */
export interface IFate {
  /** Of one node; of none when tasks are to train over two. */
  readonly devices: number;
  /** Which of those that could happens next, in turn. */
  readonly order: readonly number[];
  /** How good a member is after a step; null diverges. */
  readonly value: (name: string, at: number) => number | null;
}

/** A session with a population, and what happens to it. */
export class World {
  readonly sim = new SessionHarness();
  /** Groups that train, by task. */
  readonly groups = new Map<string, GroupStart>();
  /** How many tasks began together, in order. */
  readonly runs: number[] = [];
  /** Steps made of each task. */
  readonly trained = new Map<string, number>();
  private _turn = 0;

  constructor(
    readonly sweep: SweepSpec,
    private readonly _fate: IFate,
    private readonly _inspected: (name: string) => Partial<Inspection> = () => ({})
  ) {
    this.sim.connect(Math.max(1, _fate.devices));
    if (this._spans) {
      this.sim.join('far', 1, { address: '10.0.0.2' });
      this.sim.feed({ kind: 'wishes-set', session: { set: { span: 2 } } });
    }
    const tasks = Array.from({ length: sweep.points! }, (_, place) => ({
      ...spec(`m${place}`),
      params: { lr: 1e-3 * (place + 1), width: 1 + (place % 2) }
    }));
    this.sim.feed({ kind: 'tasks-added', tasks, sweep });
    const cell = { signature: 'sig', strategy: SINGLE, status: 'ok', source: 'measured' } as const;
    const together = { ...cell, signature: 'base', fused: 4, stepSeconds: 1.5, startSeconds: 1 };
    this.sim.feed({
      kind: 'cells-recalled',
      cells: [
        { ...cell, stepSeconds: 1, startSeconds: 1 },
        { ...cell, strategy: BOTH, stepSeconds: 0.6, startSeconds: 1 },
        together
      ]
    });
  }

  private get _spans(): boolean {
    return this._fate.devices === 0;
  }

  get tasks(): readonly TaskState[] {
    return this.sim.session.state.tasks;
  }

  /** Let everything happen that is to, one after the other: with the named tasks, or all. */
  run(tasks?: string[]): void {
    this.sim.feed({ kind: 'run-requested', ...(tasks && { tasks }) });
    for (let guard = 0; guard < 5000; guard += 1) {
      const { pending } = this.sim;
      // Members are made at once, which no plan is.
      const [command] = pending.splice(
        Math.max(
          0,
          pending.findIndex(({ kind }) => kind === 'renew')
        ),
        1
      );
      if (command) {
        this._perform(command);
        continue;
      }
      const waiting = [...this.groups.values()];
      if (waiting.length === 0) {
        return;
      }
      const turn = this._fate.order[this._turn++ % this._fate.order.length]!;
      this._train(waiting[turn % waiting.length]!);
    }
    throw new Error('The population never comes to rest.');
  }

  private _perform(command: Command): void {
    if (command.kind === 'start') {
      const { fused = [], ...first } = command.body;
      if (first.part && !first.part.meeting) {
        this.sim.group(first.task.name, first.attempt, 'meets', { node: 'node', meeting: MEETING });
        return;
      }
      this.runs.push(1 + fused.length);
      for (const body of [first, ...fused.map(own => memberOf(first, own))]) {
        const { task, attempt } = body;
        const at = this.tasks.find(one => one.spec.name === task.name)!.checkpointStep ?? 0;
        this.groups.set(task.name, body);
        this.sim.group(task.name, attempt, 'started', { step: at });
      }
    } else if (command.kind === 'plan') {
      const plan = this._spans ? wide(command.request) : spread(command.request);
      this.sim.feed({ kind: 'plan-made', plan, basis: command.planRevision });
    } else if (command.kind === 'inspect') {
      for (const { name, hash } of command.body.tasks) {
        const ways = this._spans ? [{ technique: 'ddp', devices: 2 }] : [SINGLE];
        const found = { ...inspection('sig', STEPS, ways), ...this._inspected(name) };
        this.sim.feed({ kind: 'inspected', result: { task: name, hash, inspection: found } });
      }
    } else if (command.kind === 'renew') {
      this.renew(command.sweep);
    } else if (command.kind === 'stop') {
      const { task, attempt } = command.body;
      this.groups.delete(task);
      this.sim.group(task, attempt, 'stopped', { step: this.trained.get(task) ?? 0 });
    } else {
      this.sim.perform(command);
    }
  }

  /** Make members as the engine does, of checkpoints that are there. */
  renew(sweep: string): void {
    const { session } = this.sim;
    const { step: at, members } = findSweep(session.state, sweep)!.renewing!;
    const tasks = members.map(({ parent, params }, place) => {
      expect(this.trained.get(parent)).toBe(at);
      const kept = { checkpoint: `${'0'.repeat(31)}${place}`, step: at, continues: true } as const;
      const name = `${parent}-${at}-${place}`.replace(/^m/, 'n');
      return cloneSpec(session, { task: parent, params, step: at, name }, kept, text => `h${text.length}`);
    });
    this.sim.feed({ kind: 'population-renewed', sweep, tasks });
  }

  private _train({ task: { name }, attempt, steps, until = steps, rungs = [] }: GroupStart): void {
    const from = this.tasks.find(({ spec }) => spec.name === name)!.checkpointStep ?? 0;
    for (const rung of rungs.filter(one => one > from && one <= until)) {
      const value = this._fate.value(name, rung);
      if (value === null) {
        const error = { code: 'loss-not-finite', message: 'Training diverged.' };
        this.groups.delete(name);
        this.trained.set(name, rung);
        this.sim.group(name, attempt, 'failed', { step: rung, error });
        return;
      }
      this.sim.group(name, attempt, 'rung', { step: rung, metrics: { accuracy: value }, loss: 1 });
    }
    this.trained.set(name, until);
    this.groups.delete(name);
    if (until < steps) {
      this.sim.group(name, attempt, 'checkpoint', { step: until });
      this.sim.group(name, attempt, 'stopped', { step: until });
    } else {
      const result = { loss: 1, metrics: { accuracy: this._fate.value(name, steps) } };
      this.sim.group(name, attempt, 'finished', { step: steps, result });
    }
    if (this._spans) {
      this.sim.group(name, attempt, until < steps ? 'stopped' : 'finished', { node: 'far' });
    }
  }
}

/** What is told of a further task of a run, as if it were told of it alone. */
function memberOf({ until: _until, rungs: _rungs, ...shared }: GroupStart, own: FusedTask): GroupStart {
  return { ...shared, ...own };
}

/** Whatever has happened happens again when the journal is read. */
export function replay(sim: SessionHarness): void {
  let session = emptySession('test', '/tmp/test');
  for (const { event, time } of sim.log) {
    session = step(session, event, time).session;
  }
  expect(session).toEqual(sim.session);
}

/** A number in [0, 1) that follows from a text. */
export function chance(text: string): number {
  let hash = 7;
  for (const letter of text) {
    hash = (hash * 31 + letter.charCodeAt(0)) % 1009;
  }
  return hash / 1009;
}
