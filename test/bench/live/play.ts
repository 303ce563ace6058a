import { setTimeout as sleep } from 'node:timers/promises';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { project } from '../../../src/core/session/projection.js';
import type {
  ProfileCell,
  Replan,
  Segment,
  SessionState,
  TaskState
} from '../../../src/core/wire/messages.js';
import { EventQueue } from '../simulation/eventQueue.js';
import type { IRun } from '../simulation/history.js';
import type { IPolicy, Moment } from '../simulation/policy.js';
import { type IScenario, type IScenarioTask, trueStepSeconds } from '../simulation/scenario.js';
import { type IPace, LiveSession } from './liveSession.js';

/** How a scenario is run. */
export interface IWay {
  name: string;
  /** Makes the plans, which the engine follows; it makes its own when absent. */
  policy?: IPolicy;
  /** What the engine is told with `run`. */
  run?: object;
  /** Nothing is known beforehand: what is needed is measured first. */
  cold?: boolean;
}

/** What a run was like. Times are seconds from when it was asked for. */
export interface ILiveRun {
  runs: IRun[];
  /** The plan that was followed first, its times from the start of training. */
  planned: Segment[];
  makespan: number;
  /** When the first task was started: measuring and planning came before. */
  begun: number;
  trials: number;
  /** Plans adopted while tasks trained. */
  replans: Replan[];
  switches: number;
  /** Device-seconds of steps that count, over all device-seconds from the start of training on. */
  utilisation: number;
  /** Means, in seconds: from asking for ranks to their first step, and from the end of their last step to their end. */
  startSeconds: number;
  endSeconds: number;
  /** From the end of a run on a device to the start of the next there: mean, and the longest. */
  gapSeconds: number;
  longestGap: number;
}

/** Names of tasks begin with that of the function that makes them. */
const FUNCTION = /^task-/;

/** Between two looks at what is due, in seconds. */
const TICK = 0.05;

/** Between two looks at how far tasks are that end of themselves. */
const LOOK = 0.25;

/** Run a scenario with real processes. */
export async function play(scenario: IScenario, way: IWay): Promise<ILiveRun> {
  const devices = scenario.cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
  const session = await LiveSession.open(devices);
  try {
    return await new Player(session, scenario, way).run();
  } finally {
    await session.close();
  }
}

class Player {
  private readonly _seen = new Map<string, TaskState>();
  private readonly _ended = new Set<string>();
  private _waiting: IScenarioTask[];
  private _agenda = new EventQueue([], () => 0);
  private _begun = 0;
  private _nextInterval = 0;
  private _nextLook = 0;

  constructor(
    private readonly _session: LiveSession,
    private readonly _scenario: IScenario,
    private readonly _way: IWay
  ) {
    this._waiting = _scenario.tasks.filter(({ arrival = 0 }) => arrival > 0);
  }

  async run(): Promise<ILiveRun> {
    const { _session: session, _way: way } = this;
    await this._add(this._scenario.tasks.filter(({ arrival = 0 }) => arrival === 0));
    const excludeTechniques = session.otherTechniques();
    if (!way.cold) {
      session.remember(this._estimates());
      await session.send('profile', { excludeTechniques });
      await session.until(({ goal }) => goal === 'none');
    }
    session.listen(({ tasks }) => {
      for (const task of tasks) {
        this._seen.set(task.spec.name, task);
      }
    });
    this._begun = Date.now() / 1000;
    this._nextInterval = way.policy?.interval ?? Infinity;
    if (way.cold) {
      await session.send('plan', { excludeTechniques });
    }
    await this._ask('start');
    await session.send('run', way.run ?? {});
    let planned: Segment[] = [];
    while (!this._isOver()) {
      if (planned.length === 0 && session.state.run !== undefined) {
        planned = session.state.plan?.plan.segments ?? [];
      }
      await sleep(1000 * TICK);
      await this._tick();
    }
    await session.look();
    return this._summary(planned);
  }

  private get _now(): number {
    return Date.now() / 1000 - this._begun;
  }

  private _isOver(): boolean {
    const { goal, tasks } = this._session.state;
    const active = tasks.some(({ status }) => !['finished', 'stopped', 'failed', 'invalid'].includes(status));
    return goal === 'none' && !active && this._waiting.length === 0;
  }

  /** Do what is due. */
  private async _tick(): Promise<void> {
    const moments = new Set<Moment>();
    const { tasks } = this._session.state;
    const finished = tasks.filter(({ status }) => status === 'finished').map(({ spec }) => spec.name);
    if (finished.some(name => !this._ended.has(name))) {
      moments.add('end');
    }
    for (const name of finished) {
      this._ended.add(name);
    }
    if ((await this._stop()) || (await this._arrive())) {
      moments.add('change');
    }
    if (this._now >= this._nextInterval) {
      this._nextInterval = this._now + this._way.policy!.interval!;
      moments.add('interval');
    }
    if (moments.has('change')) {
      await this._ask('change');
      await this._session.send('run', this._way.run ?? {});
    } else if (moments.has('interval')) {
      await this._ask('interval');
    } else if (moments.has('end') && this._way.policy?.atEnds) {
      await this._ask('end');
    }
  }

  /** Take out what ends of itself; whether something did. */
  private async _stop(): Promise<boolean> {
    const ending = this._scenario.tasks.filter(
      ({ task, endsAfter }) => endsAfter !== undefined && !this._ended.has(task.name)
    );
    if (ending.length === 0 || this._now < this._nextLook) {
      return false;
    }
    this._nextLook = this._now + LOOK;
    const { tasks } = await this._session.look();
    const names = ending
      .filter(({ task, endsAfter }) => this._stepsOf(tasks, task.name) >= endsAfter!)
      .map(({ task }) => task.name);
    if (names.length === 0) {
      return false;
    }
    await this._session.send('stop', { tasks: names });
    const isThere = (state: SessionState): boolean =>
      state.tasks.some(({ spec, status }) => names.includes(spec.name) && !STILL.includes(status));
    await this._session.until(state => !isThere(state));
    await this._session.send('tasks.remove', { tasks: names });
    for (const name of names) {
      this._ended.add(name);
    }
    return true;
  }

  /** Add what comes now; whether something did. */
  private async _arrive(): Promise<boolean> {
    const due = this._waiting.filter(({ arrival }) => arrival! <= this._now);
    if (due.length > 0) {
      this._waiting = this._waiting.filter(entry => !due.includes(entry));
      await this._add(due);
    }
    return due.length > 0;
  }

  private async _add(entries: readonly IScenarioTask[]): Promise<void> {
    const paces = entries.map((entry): [string, IPace] => {
      const speeds: IPace['speeds'] = {};
      for (const { strategy } of entry.task.options) {
        const variant = String(strategy.knobs?.variant);
        speeds[variant] = { ...speeds[variant], [strategy.devices]: trueStepSeconds(entry, strategy) };
      }
      return [entry.task.name.replace(FUNCTION, ''), { speeds, steps: entry.task.steps }];
    });
    await this._session.add(new Map(paces));
  }

  /** What is believed of the tasks that are there, as measured before. */
  private _estimates(): ProfileCell[] {
    const signatures = new Map(
      this._session.state.tasks.map(task => [task.spec.name, task.inspection?.signature ?? ''])
    );
    return this._scenario.tasks.flatMap(({ task }) => {
      const signature = signatures.get(task.name);
      return signature === undefined
        ? []
        : task.options.map(
            ({ strategy, stepSeconds, startSeconds, stopSeconds }): ProfileCell => ({
              signature,
              strategy,
              status: 'ok',
              source: 'measured',
              stepSeconds,
              startSeconds,
              saveSeconds: stopSeconds
            })
          );
    });
  }

  /** Have the policy say how to go on, and the engine follow it. */
  private async _ask(moment: Moment): Promise<void> {
    const { policy } = this._way;
    if (!policy) {
      return;
    }
    const state = await this._session.look();
    const done = (task: string): number => this._stepsOf(state.tasks, task);
    const request = planRequest(state, Date.now() / 1000, { explain: false });
    const names = new Set(request.tasks.map(({ name }) => name));
    const left = this._agenda.items.filter(
      item => names.has(item.segment.task) && item.until > done(item.segment.task)
    );
    const segments = await policy.plan({ ...request, previous: project(request, left, done) }, moment);
    if (segments !== undefined) {
      this._agenda = new EventQueue(segments, done);
      await this._session.send('plan.use', { segments });
    }
  }

  private _stepsOf(tasks: readonly TaskState[], name: string): number {
    const task = tasks.find(({ spec }) => spec.name === name);
    return Math.max(task?.progress.step ?? 0, task?.checkpointStep ?? 0);
  }

  private _summary(planned: Segment[]): ILiveRun {
    const runs = [...this._seen.values()].flatMap(task => this._runsOf(task));
    const begun = runs.reduce((first, { start }) => Math.min(first, start), Infinity);
    const makespan = runs.reduce((latest, { end }) => Math.max(latest, end), 0);
    const devices = this._scenario.cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
    const trained = runs.reduce((sum, run) => sum + this._trainSeconds(run) * run.devices.length, 0);
    const starts = [...this._seen.values()].flatMap(({ attempts }) =>
      attempts.flatMap(({ requestedAt, startedAt }) =>
        startedAt === undefined ? [] : [startedAt - requestedAt]
      )
    );
    const gaps = gapsOf(runs);
    return {
      runs,
      planned,
      makespan,
      begun,
      trials: this._session.state.trialsDone,
      replans: this._session.state.replans ?? [],
      switches: runs.filter(({ outcome }) => outcome === 'switched').length,
      utilisation: trained / ((makespan - begun) * devices),
      startSeconds: mean(starts),
      endSeconds: mean(runs.map(run => run.end - run.start - this._trainSeconds(run) - run.overheadSeconds)),
      gapSeconds: mean(gaps),
      longestGap: gaps.reduce((longest, gap) => Math.max(longest, gap), 0)
    };
  }

  private _trainSeconds({ task, strategy, steps }: IRun): number {
    const entry = this._scenario.tasks.find(({ task: { name } }) => name === task)!;
    return steps * trueStepSeconds(entry, strategy);
  }

  private _runsOf({ spec, attempts, checkpointStep = 0, status }: TaskState): IRun[] {
    return attempts.map((attempt, index) => {
      const next = attempts[index + 1];
      return {
        task: spec.name,
        strategy: attempt.strategy,
        node: attempt.node,
        devices: attempt.devices,
        start: attempt.requestedAt - this._begun,
        end: (attempt.endedAt ?? attempt.requestedAt) - this._begun,
        steps: (next?.fromStep ?? checkpointStep) - (attempt.fromStep ?? 0),
        overheadSeconds: (attempt.startedAt ?? attempt.requestedAt) - attempt.requestedAt,
        outcome: next ? 'switched' : status === 'finished' ? 'done' : 'stopped'
      };
    });
  }
}

/** What has no ranks. */
const STILL: readonly TaskState['status'][] = ['stopped', 'finished', 'failed', 'ready'];

/** Seconds between two runs on a device, for all that follow each other. */
function gapsOf(runs: readonly IRun[]): number[] {
  const lanes = new Map<string, IRun[]>();
  for (const run of [...runs].sort((a, b) => a.start - b.start)) {
    for (const device of run.devices) {
      lanes.set(device, [...(lanes.get(device) ?? []), run]);
    }
  }
  return [...lanes.values()].flatMap(lane =>
    lane.slice(1).map((run, index) => Math.max(0, run.start - lane[index]!.end))
  );
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
