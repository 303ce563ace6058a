import { strategyKey } from '../../../src/core/model/strategy.js';
import { isPaused } from '../../../src/core/model/sweepTasks.js';
import { mulberry32, type Random } from '../../../src/core/planner/common/random.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { Command } from '../../../src/core/session/command.js';
import { awaitsNodes, isInCluster } from '../../../src/core/session/nodes.js';
import { isReplanDue } from '../../../src/core/session/replanTiming.js';
import { isActive } from '../../../src/core/session/session.js';
import { stretchesLeft } from '../../../src/core/session/stretches.js';
import type {
  FusedTask,
  GroupEvent,
  GroupStart,
  Inspection,
  PlanBudget,
  PlanRequest,
  ProfileCell,
  SessionEvent,
  SessionState,
  Strategy,
  SweepSpec,
  SwitchPolicy,
  TrialStart
} from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

const BUDGET: PlanBudget = { iterations: 200 };
const PLANNING_SECONDS = 0.5;
export const START_SECONDS = 1;
const COSTS: IRunCosts = { startSeconds: START_SECONDS, saveSeconds: 0.5 };
const LOAD_SECONDS = 0.2;
const PLANNED_BY = 300;
const WARM_UP = 2;

/** Steps that a rank group times to know how long one takes, of so many seconds, where all are alike: as ranks do. */
function timedSteps(seconds: number): number {
  return Math.min(Math.ceil(0.5 / seconds), Math.max(5, Math.ceil(0.25 / seconds)));
}

/** Steps after which it tells. */
const stepsUntilTold = (seconds: number): number => WARM_UP + timedSteps(seconds);

const STRATEGIES: Strategy[] = [1, 2, 4].map(devices => ({
  technique: devices === 1 ? 'single' : 'ddp',
  devices
}));

/** What a rank group costs besides its steps, in seconds. */
export interface IRunCosts {
  readonly startSeconds: number;
  readonly saveSeconds: number;
}

/** A task of a world: what is believed of it, and what is true. */
export interface IWorldTask {
  readonly name: string;
  /** Tasks of equal signature run at equal speed; one of its own when absent. */
  readonly signature?: string;
  readonly steps: number;
  /** Seconds a step, by strategy key. */
  readonly believed: ReadonlyMap<string, number>;
  readonly truth: ReadonlyMap<string, number>;
  /** When it is added, in seconds. */
  readonly arrival: number;
  /** How long it is built; one second when absent. */
  readonly factorySeconds?: number;
  /** Whether nothing was measured: what is believed tells only what it may be run by. */
  readonly unknown?: boolean;
  /** What it has in common with those that it can be trained with in one run; nothing when absent. */
  readonly base?: string;
}

/** What happens in a world besides training, at a time in seconds. */
export interface IFate {
  readonly at: number;
  readonly kind: FateKind;
  readonly task: string;
}

const FATES = ['kill', 'kill next', 'stop', 'resume', 'remove', 'agent dies', 'engine dies'] as const;

type FateKind = (typeof FATES)[number];

/** What befalls a task so many seconds after another group is told to take over from the one that trains it. */
export interface IAmbush {
  readonly seconds: number;
  /** The group that takes over is not even begun, as the engine dies before. */
  readonly kind: FateKind | 'engine dies before';
}

export interface IWorld {
  readonly devices: number;
  /** What there is to run tasks by; on one, two and four devices when absent. */
  readonly strategies?: readonly Strategy[];
  readonly costs?: (task: string, strategy: Strategy) => IRunCosts;
  /** How long the planner looks for the plan to begin with, and for others; not for long when absent. */
  readonly budgets?: { readonly first: PlanBudget; readonly later: PlanBudget };
  readonly tasks: readonly IWorldTask[];
  /** Seconds a step takes of so many tasks of a base in one run; infinite where they do not fit. */
  readonly together?: (count: number) => number;
  readonly fates: readonly IFate[];
  /** One takeover after the other is ambushed, until none of these is left. */
  readonly ambushes: readonly IAmbush[];
  /** Whether host memory is too small for two groups of a task at once. */
  readonly cramped: boolean;
  /** The tasks are points of a sweep with a rule, as good after a step, at a time in seconds, as is said here. */
  readonly sweep?: {
    readonly spec: SweepSpec;
    readonly loss: (task: string, step: number, time: number) => number | null;
  };
  /** Whether it is planned as if no rule gave up any. */
  readonly sure?: boolean;
  /** Whether the tasks there are first are planned, and the others added before the run begins. */
  readonly plannedFirst?: boolean;
  /** Whether all is profiled before the run begins. */
  readonly profiledFirst?: boolean;
  /** Seconds that the planner takes for a question; half a second when absent. */
  readonly planningSeconds?: (request: PlanRequest) => number;
  /** What a measurement of some seconds comes to; those seconds when absent. */
  readonly timed?: (seconds: number) => number;
}

/** A world at random: estimates are wrong, tasks come later, die, are stopped and go on. */
export function randomWorld(seed: number, fates = true): IWorld {
  const random = mulberry32(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const devices = random() < 0.5 ? 2 : 4;
  const count = 3 + Math.floor(5 * random());
  const tasks = Array.from({ length: count }, (_, index): IWorldTask => {
    const base = between(0.3, 3);
    const alpha = between(0.3, 0.95);
    const common = Math.exp(0.3 * normal(random));
    const usable = STRATEGIES.filter(strategy => strategy.devices <= devices);
    const believed = new Map(usable.map(one => [strategyKey(one), base / one.devices ** alpha]));
    const truth = new Map(
      [...believed].map(([key, seconds]) => [key, seconds * common * Math.exp(0.2 * normal(random))])
    );
    const arrival = random() < 0.2 ? between(20, 120) : 0;
    return { name: `t${index}`, steps: Math.round(between(30, 120)), believed, truth, arrival };
  });
  const pick = <T>(all: readonly T[]): T => all[Math.floor(all.length * random())]!;
  return {
    devices,
    tasks,
    fates: Array.from({ length: fates ? Math.floor(5 * random()) : 0 }, () => ({
      at: between(5, 200),
      kind: pick(FATES),
      task: pick(tasks).name
    })),
    ambushes: Array.from({ length: fates ? Math.floor(4 * random()) : 0 }, () => ({
      seconds: between(0, 3),
      kind: pick([...FATES, 'engine dies before'] as const)
    })),
    cramped: fates && random() < 0.2
  };
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A rank group as it truly is. */
export interface IGroup {
  readonly start: GroupStart;
  readonly node: string;
  /** All groups of its run, itself among them, as long as they are there; absent when it runs alone. */
  readonly run?: Set<IGroup>;
  stepSeconds: number;
  /** That from which it takes over, while that is there. */
  held: IGroup | null;
  /** When it waits for nothing else. */
  readonly readyAt: number;
  from: number;
  /** When its first step begins. */
  begun: number;
  until: number;
  leaving: boolean;
  told: 'nothing' | 'ready' | 'started' | 'measured';
  /** The rungs that it has still to tell. */
  rungs: readonly number[];
}

/** What came of a world. */
export interface IOutcome {
  readonly sim: SessionHarness;
  /** Seconds from the wish to train to the end. */
  readonly seconds: number;
  readonly moves: number;
  /** Steps that were trained, by task, and how many of them no checkpoint kept. */
  readonly trained: ReadonlyMap<string, number>;
  readonly lost: ReadonlyMap<string, number>;
}

/** Let a session live in a world to its end: its agent is true to the wire, its planner the real one. */
export async function live(
  world: IWorld,
  switches: SwitchPolicy,
  look: (sim: SessionHarness) => void = () => undefined
): Promise<IOutcome> {
  return new Life(world, switches, look).run();
}

/** What happens in a world, from its beginning to its end. */
export class Life {
  protected readonly _sim = new SessionHarness();
  protected readonly _groups = new Set<IGroup>();
  private readonly _ambushes: IAmbush[];
  private readonly _due: { at: number; do: () => void | Promise<void> }[] = [];
  protected readonly _trained = new Map<string, number>();
  protected readonly _lost = new Map<string, number>();
  private _moves = 0;

  constructor(
    protected readonly _world: IWorld,
    private readonly _switches: SwitchPolicy,
    private readonly _look: (sim: SessionHarness) => void
  ) {
    this._ambushes = [..._world.ambushes];
  }

  async run(): Promise<IOutcome> {
    const { _sim: sim, _world: world } = this;
    this._begin();
    this._add(world.tasks.filter(({ arrival }) => arrival === 0));
    const begin = sim.time;
    const later = world.tasks.filter(({ arrival }) => arrival > 0);
    if (world.profiledFirst) {
      sim.feed({ kind: 'profile-requested' }, 0);
    } else if (world.plannedFirst) {
      sim.feed({ kind: 'plan-requested' }, 0);
      this._at(begin + PLANNED_BY, () => {
        this._add(later);
        sim.feed({ kind: 'run-requested', switches: this._switches }, 0);
      });
    } else {
      sim.feed({ kind: 'run-requested', switches: this._switches }, 0);
    }
    for (const task of world.plannedFirst ? [] : later) {
      this._at(begin + task.arrival, () => {
        this._add([task]);
        const { state, selection } = sim.session;
        // A run that somebody began with some tasks is not of this one.
        if (state.goal === 'none' || selection !== null) {
          sim.feed({ kind: 'run-requested' }, 0);
        }
      });
    }
    for (const fate of world.fates) {
      this._at(begin + fate.at, () => this._suffer(fate));
    }
    for (let guard = 0; ; guard++) {
      this._obey();
      this._look(sim);
      if (world.profiledFirst && sim.session.state.goal === 'none' && !sim.session.state.run) {
        sim.feed({ kind: 'run-requested', switches: this._switches }, 0);
        this._obey();
      }
      const next = this._next();
      if (next === undefined) {
        break;
      }
      if (guard > 20_000) {
        throw new Error('It never ends.');
      }
      sim.time = Math.max(sim.time, next.at);
      await next.do();
    }
    return {
      sim,
      seconds: sim.time - begin,
      moves: this._moves,
      trained: this._trained,
      lost: this._lost
    };
  }

  /** Nodes are there. */
  protected _begin(): void {
    this._sim.connect(this._world.devices);
  }

  /** A node tells something; what it is, as the node that it was when that began. */
  protected _say(_node: string, event: SessionEvent): void {
    this._sim.feed(event, 0);
  }

  protected _at(at: number, action: () => void | Promise<void>): void {
    this._due.push({ at, do: action });
  }

  /** The next thing that happens: what is due, what a group tells, or a look of the engine each second. */
  private _next(): { at: number; do: () => void | Promise<void> } | undefined {
    const { _sim: sim } = this;
    const events = [...this._groups].flatMap(group => this._eventOf(group) ?? []);
    const first = [...this._due, ...events].reduce<(typeof this._due)[0] | undefined>(
      (best, one) => (best === undefined || one.at < best.at ? one : best),
      undefined
    );
    for (let tick = sim.time; first !== undefined && tick < first.at; tick += 1) {
      if (isReplanDue(sim.session, tick)) {
        return { at: tick, do: () => void sim.feed({ kind: 'replan-due' }, 0) };
      }
    }
    const index = first ? this._due.indexOf(first) : -1;
    if (index >= 0) {
      this._due.splice(index, 1);
    }
    return first;
  }

  private _eventOf(group: IGroup): { at: number; do: () => void } | null {
    const { start, from, begun, stepSeconds, until } = group;
    const now = this._sim.time;
    if (group.held) {
      return this._eventOfHeld(group);
    }
    if (!Number.isFinite(stepSeconds)) {
      return { at: Math.max(now, begun), do: () => this._end(group, 'oom') };
    }
    const end = begun + (until - from) * stepSeconds;
    const isBegun = group.told === 'started' || group.told === 'measured';
    if (!isBegun && !(group.leaving && begun > now)) {
      return { at: begun, do: () => this._tell(group, 'started', { step: from }) };
    }
    const [rung = Infinity] = group.rungs.filter(step => step >= from && step <= until);
    const compared = begun + (rung - from) * stepSeconds;
    if (
      isBegun &&
      rung <= until &&
      (group.told === 'measured' || rung < from + stepsUntilTold(stepSeconds))
    ) {
      return { at: Math.max(now, compared), do: () => this._compare(group, rung) };
    }
    const measured = begun + stepsUntilTold(stepSeconds) * stepSeconds;
    if (group.told === 'started' && measured < end) {
      return { at: measured, do: () => this._measure(group) };
    }
    const done = until >= start.steps;
    return {
      at: Math.max(now, end + this._costs(start.task.name, start.strategy).saveSeconds),
      do: () => {
        this._count(this._trained, start.task.name, until - from);
        this._end(group, done ? 'finished' : 'stopped', { step: until });
      }
    };
  }

  private _eventOfHeld(group: IGroup): { at: number; do: () => void } | null {
    if (group.leaving) {
      return { at: this._sim.time, do: () => this._end(group, 'stopped') };
    }
    return group.told === 'nothing'
      ? { at: Math.max(this._sim.time, group.readyAt), do: () => this._tell(group, 'ready') }
      : null;
  }

  /** Nothing is left of a group: it says so, and what waits for it goes on, or has nothing to go on with. */
  protected _end(
    group: IGroup,
    kind: 'finished' | 'stopped' | 'lost' | 'oom',
    more: { step?: number } = {}
  ): void {
    const { _sim: sim, _groups: groups } = this;
    groups.delete(group);
    const { name } = group.start.task;
    this._leaveRun(group);
    this._group(group, kind, more);
    for (const next of [...groups].filter(({ held }) => held === group)) {
      next.held = null;
      next.from = this._checkpointOf(name);
      // It may have been told to leave before it knew where it begins.
      next.until = Math.max(next.until, next.from);
      const start = this._world.cramped ? this._costs(name, next.start.strategy).startSeconds : 0;
      next.begun = Math.max(sim.time + start, next.readyAt) + LOAD_SECONDS;
      if (kind === 'finished') {
        this._end(next, 'stopped');
      }
    }
  }

  /** The others of its run go on without a group, from where they are, at another speed. */
  private _leaveRun(group: IGroup): void {
    const { run } = group;
    run?.delete(group);
    for (const other of run ?? []) {
      const done = Math.max(0, Math.min(other.until, this._nextStep(other)) - other.from);
      if (other.told !== 'nothing') {
        this._count(this._trained, other.start.task.name, done);
        other.from += done;
        other.begun = Math.max(other.begun, this._sim.time);
      }
      other.stepSeconds = this._speedIn(other.start, run!.size);
    }
  }

  private _speedIn(start: Pick<GroupStart, 'task' | 'strategy'>, count: number): number {
    return count > 1 ? this._world.together!(count) : this._truth(start);
  }

  protected _checkpointOf(task: string): number {
    return this._sim.session.state.tasks.find(({ spec: { name } }) => name === task)?.checkpointStep ?? 0;
  }

  private _tell(group: IGroup, kind: 'ready' | 'started', more: { step?: number } = {}): void {
    group.told = kind;
    this._group(group, kind, more);
  }

  private _compare(group: IGroup, rung: number): void {
    group.rungs = group.rungs.filter(step => step > rung);
    const loss = this._world.sweep?.loss(group.start.task.name, rung, this._sim.time) ?? null;
    this._group(group, 'rung', { step: rung, loss });
    // An agent may repeat itself.
    this._group(group, 'rung', { step: rung, loss: -(loss ?? 0) });
  }

  private _measure(group: IGroup): void {
    const { start, stepSeconds } = group;
    group.told = 'measured';
    this._group(group, 'step', { step: group.from + stepsUntilTold(stepSeconds), stepSeconds });
    const timed = this._world.timed?.(stepSeconds) ?? stepSeconds;
    const cell = this._cell(start.task.name, start.strategy, timed);
    const fused = group.run?.size ?? 1;
    this._group(group, 'measured', {
      cell: fused > 1 ? { ...cell, signature: this._baseOf(start.task.name) ?? '', fused } : cell
    });
  }

  private _baseOf(name: string): string | undefined {
    return this._world.tasks.find(task => task.name === name)?.base;
  }

  private _cell(task: string, strategy: Strategy, stepSeconds: number): ProfileCell {
    const cell = { signature: this._signature(task), strategy, source: 'measured' as const };
    return Number.isFinite(stepSeconds)
      ? {
          ...cell,
          status: 'ok',
          steps: timedSteps(stepSeconds),
          stepSeconds,
          spreadSeconds: 0,
          ...this._costs(task, strategy)
        }
      : { ...cell, status: 'oom' };
  }

  /** A trial makes its steps, throws them away, and its devices are free. */
  private _try(node: string, { trial, task, strategy, fused = [], base }: TrialStart): void {
    const stepSeconds = this._speedIn({ task, strategy }, fused.length + 1);
    const { startSeconds, saveSeconds } = this._costs(task.name, strategy);
    const fits = Number.isFinite(stepSeconds);
    const seconds = startSeconds + (fits ? stepsUntilTold(stepSeconds) * stepSeconds + saveSeconds : 0);
    const timed = fits ? (this._world.timed?.(stepSeconds) ?? stepSeconds) : stepSeconds;
    const alone = this._cell(task.name, strategy, timed);
    const cell = base === undefined ? alone : { ...alone, signature: base, fused: fused.length + 1 };
    this._at(this._sim.time + seconds, () => this._say(node, { kind: 'trial-finished', trial, cell }));
  }

  protected _group(group: IGroup, kind: GroupEvent['kind'], more: object): void {
    const { _sim: sim } = this;
    const { task, attempt } = group.start;
    sim.feed({ kind: 'group', event: { task: task.name, attempt, kind, time: sim.time, ...more } }, 0);
  }

  /** Carry out what the session commands. */
  protected _obey(): void {
    const { _sim: sim } = this;
    while (sim.pending.length > 0) {
      this._carryOut(sim.pending.shift()!);
    }
  }

  protected _carryOut(command: Command): void {
    const { _sim: sim, _groups: groups } = this;
    switch (command.kind) {
      case 'start': {
        const { body } = command;
        const { name } = body.task;
        const held = this._find(name, body.after) ?? null;
        const ambush = held ? this._ambushes.shift() : undefined;
        if (ambush?.kind === 'engine dies before') {
          this._suffer({ kind: 'engine dies', task: name });
          return;
        }
        if (ambush) {
          const { kind, seconds } = ambush;
          this._at(sim.time + seconds, () => this._suffer({ kind, task: name }));
        }
        const { startSeconds } = this._costs(name, body.strategy);
        const run = body.fused && new Set<IGroup>();
        for (const start of [body, ...(body.fused ?? []).map(own => memberOf(body, own))]) {
          const group: IGroup = {
            start,
            node: command.node,
            ...(run && { run }),
            held,
            readyAt: sim.time + (held && this._world.cramped ? 0 : startSeconds),
            from: this._checkpointOf(start.task.name),
            begun: held ? Infinity : sim.time + startSeconds,
            stepSeconds: this._speedIn(body, 1 + (body.fused?.length ?? 0)),
            until: start.until ?? start.steps,
            leaving: false,
            told: 'nothing',
            rungs: start.rungs ?? []
          };
          run?.add(group);
          groups.add(group);
        }
        return;
      }
      case 'stop': {
        const group = this._find(command.body.task, command.body.attempt);
        if (group) {
          group.leaving = true;
          group.until = Math.min(group.until, this._nextStep(group));
          this._moves += Number(
            sim.session.state.tasks.find(({ spec: { name } }) => name === command.body.task)?.moving === true
          );
        }
        return;
      }
      case 'until': {
        const group = this._find(command.body.task, command.body.attempt);
        if (group) {
          group.until = Math.min(group.start.steps, Math.max(command.body.step, this._nextStep(group)));
        }
        return;
      }
      case 'trial':
        this._try(command.node, command.body);
        return;
      case 'plan':
        this._at(
          sim.time + (this._world.planningSeconds?.(command.request) ?? PLANNING_SECONDS),
          async () => {
            const made = await plan({
              ...(this._world.sure ? sure(command.request) : command.request),
              explain: false,
              budget: this._budget(command.request)
            });
            sim.feed({ kind: 'plan-made', plan: made, basis: command.planRevision }, 0);
          }
        );
        return;
      case 'inspect': {
        let built = sim.time;
        for (const { name, hash } of command.body.tasks) {
          const task = this._world.tasks.find(one => one.name === name)!;
          const strategies = this._strategies.filter(one => task.believed.has(strategyKey(one)));
          const { base } = task;
          const partial = command.body.part === 'first' && base === undefined;
          const told = partial ? strategies.filter(({ technique }) => technique === 'single') : strategies;
          const found: Inspection = {
            ...inspection(this._signature(name), task.steps, told),
            ...(partial && { partial }),
            ...(base !== undefined && { fusion: { base, sites: 2, rank: 8 } })
          };
          // One after the other.
          built += task.factorySeconds ?? 0;
          this._at(Math.max(built, sim.time + 1), () =>
            this._say(command.node, {
              kind: 'inspected',
              result: { task: name, hash, inspection: found }
            })
          );
        }
        return;
      }
      default:
        return;
    }
  }

  /** The step that a group ends next. */
  protected _nextStep({ from, begun, stepSeconds }: IGroup): number {
    return from + Math.max(0, Math.ceil((this._sim.time - begun) / stepSeconds));
  }

  private _budget({ tasks }: PlanRequest): PlanBudget {
    const { first, later } = this._world.budgets ?? { first: BUDGET, later: BUDGET };
    return tasks.some(({ running }) => running) ? later : first;
  }

  private get _strategies(): readonly Strategy[] {
    return this._world.strategies ?? STRATEGIES;
  }

  private _costs(task: string, strategy: Strategy): IRunCosts {
    return this._world.costs?.(task, strategy) ?? COSTS;
  }

  private _signature(name: string): string {
    return this._world.tasks.find(task => task.name === name)?.signature ?? `sig-${name}`;
  }

  private _truth({ task, strategy }: Pick<GroupStart, 'task' | 'strategy'>): number {
    return this._world.tasks.find(({ name }) => name === task.name)!.truth.get(strategyKey(strategy))!;
  }

  private _add(tasks: readonly IWorldTask[]): void {
    const { _sim: sim } = this;
    const { sweep } = this._world;
    const specs = tasks.map(({ name }) => spec(name));
    const isFirst = sim.session.state.tasks.length === 0;
    sim.feed(
      sweep && !isFirst
        ? { kind: 'points-suggested', sweep: sweep.spec.name, tasks: specs }
        : { kind: 'tasks-added', tasks: specs, ...(sweep && { sweep: sweep.spec }) },
      0
    );
    const cells = tasks
      .filter(({ unknown }) => !unknown)
      .flatMap(({ name, believed }) =>
        this._strategies.flatMap(strategy => {
          const stepSeconds = believed.get(strategyKey(strategy));
          return stepSeconds === undefined ? [] : [this._cell(name, strategy, stepSeconds)];
        })
      );
    sim.feed({ kind: 'cells-recalled', cells }, 0);
  }

  protected _find(task: string, attempt: number | undefined): IGroup | undefined {
    return [...this._groups].find(({ start }) => start.task.name === task && start.attempt === attempt);
  }

  protected _suffer({ kind, task }: Pick<IFate, 'kind' | 'task'>): void {
    const { _sim: sim, _groups: groups } = this;
    const state = sim.session.state.tasks.find(({ spec }) => spec.name === task);
    switch (kind) {
      case 'kill':
      case 'kill next': {
        const isNext = kind === 'kill next';
        const group = [...groups].find(one => one.start.task.name === task && !one.held !== isNext);
        // All of a run are lost together.
        const lost = group ? [...(group.run ?? [group])] : [];
        for (const one of lost) {
          this._die(one);
          one.run?.clear();
        }
        for (const one of lost) {
          this._end(one, 'lost');
        }
        return;
      }
      case 'remove':
        if (state) {
          sim.feed({ kind: 'tasks-removed', tasks: [task] }, 0);
        }
        return;
      case 'stop':
      case 'resume':
        if (state) {
          sim.feed({ kind: kind === 'stop' ? 'stop-requested' : 'resume-requested', tasks: [task] }, 0);
        }
        return;
      case 'agent dies':
        for (const group of groups) {
          this._die(group);
        }
        groups.clear();
        sim.pending = [];
        sim.feed({ kind: 'agent-away' }, 0);
        sim.connect(this._world.devices);
        return;
      case 'engine dies':
        // What it had asked of the planner is lost; agents tell the new one what runs.
        sim.pending = [];
        sim.connect(
          this._world.devices,
          [...groups].map(({ start }) => ({ task: start.task.name, attempt: start.attempt }))
        );
    }
  }

  protected _die(group: IGroup): void {
    const { from, begun, stepSeconds, start, until } = group;
    const done = Math.max(0, Math.min(until - from, Math.floor((this._sim.time - begun) / stepSeconds)));
    const { name } = start.task;
    this._count(this._trained, name, done);
    this._count(this._lost, name, from - this._checkpointOf(name) + done);
  }

  protected _count(counts: Map<string, number>, task: string, steps: number): void {
    counts.set(task, (counts.get(task) ?? 0) + steps);
  }
}

/** A question in which no rule ends a task early. */
function sure(request: PlanRequest): PlanRequest {
  return { ...request, tasks: request.tasks.map(({ likely: _, ...task }) => task) };
}

/** What an agent is told of a further task of a run, as if it were told of it alone. */
function memberOf({ fused: _, ...body }: GroupStart, own: FusedTask): GroupStart {
  const { until: _until, evaluates: _evaluates, rungs: _rungs, ...shared } = body;
  return { ...shared, ...own };
}

/** Devices that tasks train on, or are about to: one as often as it is used by a task, or by a run of several. */
export function devicesInUse({ tasks }: SessionState): string[] {
  const runs = new Set<string>();
  return tasks.filter(isActive).flatMap(task => {
    const { fusion } = task.attempts.at(-1)!;
    if (fusion !== undefined) {
      const isKnown = runs.has(fusion);
      runs.add(fusion);
      if (isKnown) {
        return [];
      }
    }
    const groups = [task.attempts.at(-1)!, ...(task.next ? [task.next] : [])];
    return [...new Set(groups.flatMap(keysOf))];
  });
}

function keysOf({ node = '', devices = [] }: { node?: string; devices?: string[] }): string[] {
  return devices.map(id => `${node} ${id}`);
}

/**
 * Devices that do nothing although the plan has a task next there, on these alone, that waits: from when a run has a plan to
 * follow. And, while nothing is news, tasks that wait and that no plan has.
 */
export function idleBesideWork({ session }: SessionHarness): string[] {
  const { state, news } = session;
  const { plan: planned, goal, run, planning, probing } = state;
  const isBegun = run !== undefined && run.endedAt === undefined;
  if (goal !== 'run' || !planned || (planning && !isBegun) || awaitsNodes(state)) {
    return [];
  }
  const trials = state.trials.filter(({ status }) => status !== 'queued').flatMap(keysOf);
  const taken = new Set([...devicesInUse(state), ...trials]);
  const known = new Set(planned.plan.unplanned.map(({ task }) => task));
  const idle: string[] = [];
  for (const { segment } of stretchesLeft(state, planned.plan)) {
    if (!isInCluster(state, segment.node)) {
      continue;
    }
    const { task: name } = segment;
    const devices = keysOf(segment);
    const status = state.tasks.find(({ spec }) => spec.name === name)?.status;
    if (status === 'ready' && !known.has(name) && devices.every(id => !taken.has(id))) {
      idle.push(...devices);
    }
    known.add(name);
    for (const id of devices) {
      taken.add(id);
    }
  }
  const isSettled = planned.fresh && !planning && !probing && news.length === 0;
  const forgotten = state.tasks
    .filter(task => task.status === 'ready' && !isPaused(task) && !known.has(task.spec.name))
    .map(({ spec }) => spec.name);
  return isSettled ? [...idle, ...forgotten] : idle;
}
