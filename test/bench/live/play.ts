import { setTimeout as sleep } from 'node:timers/promises';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { project } from '../../../src/core/session/projection.js';
import type { ProfileCell, Segment, SessionState, TaskState } from '../../../src/core/wire/messages.js';
import { EventQueue } from '../simulation/eventQueue.js';
import type { IPolicy, Moment } from '../simulation/policy.js';
import { type IScenario, type IScenarioTask, trueStepSeconds } from '../simulation/scenario.js';
import { type ILiveRun, liveRunOf } from './liveRun.js';
import { type IPace, LiveSession } from './liveSession.js';
import { MachineLoad } from './machineLoad.js';

/** How a scenario is run. */
export interface IWay {
  name: string;
  /** Makes the plans, which the engine follows; it makes its own when absent. */
  policy?: IPolicy;
  /** What the engine is told with `run`. */
  run?: object;
  /** Nothing is known beforehand: what is needed is measured first, or while tasks train. */
  cold?: 'profiled' | 'trained';
}

/** Names of tasks begin with that of the function that makes them. */
const FUNCTION = /^task-/;

/** Between two looks at what is due, in seconds. */
const TICK = 0.05;

/** Between two looks at how far tasks are that end of themselves. */
const LOOK = 0.25;

/**
 * Run a scenario with real processes.
 *
 * @param longest - seconds after which it is given up.
 * @throws Error when it does not come to its end, or a task fails.
 */
export async function play(scenario: IScenario, way: IWay, longest = Infinity): Promise<ILiveRun> {
  const devices = scenario.cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
  const session = await LiveSession.open(devices);
  try {
    return await new Player(session, scenario, way, longest).run();
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
  private _planned: Segment[] = [];
  private _planning: number | undefined;
  private _planningSeconds = 0;

  constructor(
    private readonly _session: LiveSession,
    private readonly _scenario: IScenario,
    private readonly _way: IWay,
    private readonly _longest: number
  ) {
    this._waiting = _scenario.tasks.filter(({ arrival = 0 }) => arrival > 0);
  }

  async run(): Promise<ILiveRun> {
    const { _session: session } = this;
    await this._add(this._scenario.tasks.filter(({ arrival = 0 }) => arrival === 0));
    const excludeTechniques = session.otherTechniques();
    await this._prepare(excludeTechniques);
    session.listen(state => this._note(state));
    const load = new MachineLoad(session.folder);
    let share: number | undefined;
    try {
      await this._train(excludeTechniques);
    } finally {
      share = load.end();
    }
    const state = await session.look();
    const failed = state.tasks.find(({ status }) => status === 'failed' || status === 'invalid');
    if (failed) {
      throw new Error(`${failed.spec.name} failed: ${failed.error?.message ?? 'no message'}`);
    }
    return liveRunOf(this._scenario, {
      tasks: [...this._seen.values()],
      state,
      begun: this._begun,
      planned: this._planned,
      planningSeconds: this._planningSeconds,
      load: share
    });
  }

  /** From the wish to train to the end of the last task. */
  private async _train(excludeTechniques: string[]): Promise<void> {
    const { _session: session, _way: way } = this;
    this._begun = Date.now() / 1000;
    this._nextInterval = way.policy?.interval ?? Infinity;
    if (way.cold === 'profiled') {
      await session.send('plan', { excludeTechniques });
      await session.until(({ goal, trials }) => goal === 'none' && trials.length === 0);
    }
    await this._ask('start');
    await session.send('run', way.run ?? {});
    while (!this._isOver()) {
      if (this._now > this._longest) {
        throw new Error(`It was given up after ${this._longest.toFixed(0)} s.`);
      }
      if (this._planned.length === 0 && session.state.run !== undefined) {
        this._planned = session.state.plan?.plan.segments ?? [];
      }
      await sleep(1000 * TICK);
      await this._tick();
    }
  }

  /** Have the engine know what is known beforehand, and use the bench's technique alone. */
  private async _prepare(excludeTechniques: string[]): Promise<void> {
    const { _session: session, _way: way } = this;
    if (!way.cold) {
      session.remember(this._estimates());
    }
    if (way.cold !== 'profiled') {
      await session.send('profile', { excludeTechniques });
      if (way.cold === 'trained') {
        // Only the techniques were to be told: nothing has been measured yet.
        await session.send('stop', {});
      }
      await session.until(({ goal, trials }) => goal === 'none' && trials.length === 0);
    }
  }

  private _note({ tasks, planning }: SessionState): void {
    for (const task of tasks) {
      this._seen.set(task.spec.name, task);
    }
    const now = Date.now() / 1000;
    if (planning) {
      this._planning ??= now;
    } else if (this._planning !== undefined) {
      this._planningSeconds += now - this._planning;
      this._planning = undefined;
    }
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
    const { tasks: all, rule } = this._scenario;
    const ending = all.filter(
      ({ task, endsAfter }) => endsAfter !== undefined && !this._ended.has(task.name)
    );
    if (rule || ending.length === 0 || this._now < this._nextLook) {
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
    const { rule } = this._scenario;
    const paces = entries.map((entry): [string, IPace] => {
      const speeds: IPace['speeds'] = {};
      for (const { strategy } of entry.task.options) {
        const variant = String(strategy.knobs?.variant);
        speeds[variant] = { ...speeds[variant], [strategy.devices]: trueStepSeconds(entry, strategy) };
      }
      const { name, steps } = entry.task;
      const end = rule && { end: entry.endsAfter ?? entry.task.steps + 1 };
      return [name.replace(FUNCTION, ''), { speeds, steps, ...end }];
    });
    await this._session.add(new Map(paces), rule && `asha:eta=${rule.eta},first=${rule.first}`);
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
    const asked = planRequest(state, Date.now() / 1000, { explain: false });
    // A policy of the bench's own plans as if no rule ended any task.
    const request = { ...asked, tasks: asked.tasks.map(({ likely: _, ...task }) => task) };
    const names = new Set(request.tasks.map(({ name }) => name));
    const left = this._agenda.items.filter(
      item => names.has(item.segment.task) && item.until > done(item.segment.task)
    );
    const began = Date.now() / 1000;
    const segments = await policy.plan({ ...request, previous: project(request, left, done) }, moment);
    this._planningSeconds += Date.now() / 1000 - began;
    // At the very end nothing is left to plan.
    if (segments !== undefined && segments.length > 0) {
      this._agenda = new EventQueue(segments, done);
      await this._session.send('plan.use', { segments });
    }
  }

  private _stepsOf(tasks: readonly TaskState[], name: string): number {
    const task = tasks.find(({ spec }) => spec.name === name);
    return Math.max(task?.progress.step ?? 0, task?.checkpointStep ?? 0);
  }
}

/** What has no ranks. */
const STILL: readonly TaskState['status'][] = ['stopped', 'finished', 'failed', 'ready'];
