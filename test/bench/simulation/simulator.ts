import { placeKey } from '../../../src/core/model/schedule/taskHistory.js';
import { strategyKey } from '../../../src/core/model/strategy.js';
import { project } from '../../../src/core/session/projection.js';
import type { IStretch } from '../../../src/core/session/stretches.js';
import type { PlanRequest, PlanTask, Segment } from '../../../src/core/wire/messages.js';
import { Activity } from './activity.js';
import { EventQueue } from './eventQueue.js';
import type { IHistory, IRun } from './history.js';
import type { IPolicy, Moment } from './policy.js';
import { type IScenario, type IScenarioTask, trueStepSeconds } from './scenario.js';

/** Let a policy run a scenario to its end. The same policy and scenario give the same history. */
export function simulate(scenario: IScenario, policy: IPolicy): Promise<IHistory> {
  return new Simulator(scenario, policy).run();
}

/** Which answers are due, most urgent first. */
const URGENCY: readonly Moment[] = ['start', 'change', 'end', 'interval'];

class Simulator {
  private _now = 0;
  private _agenda = new EventQueue([], () => 0);
  private readonly _active = new Map<string, Activity>();
  private readonly _runs: IRun[] = [];
  /** Steps of each task that are done and safe. */
  private readonly _done = new Map<string, number>();
  private readonly _ended = new Set<string>();
  /** Steps' true seconds as far as seen, by signature and strategy. */
  private readonly _seen = new Map<string, number>();
  private readonly _tasks: ReadonlyMap<string, IScenarioTask>;
  /** Times at which a task or a device comes or goes. */
  private readonly _changes: number[];
  private _nextInterval: number;
  private _expected: number | undefined;
  private _plans = 0;

  constructor(
    private readonly _scenario: IScenario,
    private readonly _policy: IPolicy
  ) {
    this._tasks = new Map(_scenario.tasks.map(entry => [entry.task.name, entry]));
    const outages = _scenario.outages ?? [];
    this._changes = [
      ..._scenario.tasks.map(({ arrival = 0 }) => arrival),
      ...outages.flatMap(({ from, until = Infinity }) => [from, until])
    ].filter(time => time > 0 && time < Infinity);
    this._nextInterval = _policy.interval ?? Infinity;
  }

  async run(): Promise<IHistory> {
    if (this._underWay().length > 0) {
      await this._ask('start');
    }
    for (;;) {
      this._startReady();
      const next = this._nextTime();
      if (next === Infinity) {
        return this._history();
      }
      this._now = next;
      const moments = new Set<Moment>([...this._finish(), ...this._change()]);
      while (this._now >= this._nextInterval) {
        this._nextInterval += this._policy.interval!;
        moments.add('interval');
      }
      const moment = URGENCY.find(candidate => moments.has(candidate));
      const wanted = moment === 'end' ? this._policy.atEnds === true : moment !== undefined;
      if (moment !== undefined && wanted && this._underWay().length > 0) {
        await this._ask(moment);
      }
    }
  }

  /** Ask the policy, and do as it says. */
  private async _ask(moment: Moment): Promise<void> {
    const request = this._request();
    const answer = await this._policy.plan(request, moment);
    if (answer !== undefined) {
      this._plans++;
      this._expected ??= answer.reduce((latest, { end }) => Math.max(latest, end), 0);
      this._adopt(answer);
    } else if (moment === 'start' || moment === 'change') {
      throw new Error(`Policy ${this._policy.name} has no plan for what has changed.`);
    }
  }

  /** What is known now, as a planning question. */
  private _request(): PlanRequest {
    for (const activity of this._active.values()) {
      this._observe(activity);
    }
    const request: PlanRequest = {
      cluster: {
        nodes: this._scenario.cluster.nodes.map(node => ({
          ...node,
          devices: node.devices.filter(({ id }) => this._isThere(node.id, id))
        }))
      },
      tasks: this._underWay().map(entry => this._question(entry)),
      seed: 0,
      budget: {}
    };
    return { ...request, previous: project(request, this._agenda.items, task => this._stepsOf(task)) };
  }

  private _question({ task, signature }: IScenarioTask): PlanTask {
    const activity = this._active.get(task.name);
    const { name } = task;
    const question: PlanTask = {
      name,
      steps: task.steps - this._stepsOf(name),
      options: task.options.map(option => ({
        ...option,
        stepSeconds: this._seen.get(cell(signature, strategyKey(option.strategy))) ?? option.stepSeconds
      }))
    };
    if (activity !== undefined && !activity.isWriting(this._now)) {
      const { strategy, node, devices } = activity.item.segment;
      question.running = { strategy, node, devices };
    }
    return question;
  }

  /** Follow a plan from now on. Tasks that run where it wants them go on, others leave. */
  private _adopt(segments: readonly Segment[]): void {
    this._agenda = new EventQueue(segments, task => this._stepsOf(task));
    for (const [task, activity] of this._active) {
      const item = this._agenda.nextOf(task);
      const same =
        item !== undefined &&
        item.segment.start === 0 &&
        placeKey(item.segment) === placeKey(activity.item.segment);
      if (activity.isWriting(this._now)) {
        continue;
      }
      if (same) {
        this._follow(activity, item);
      } else {
        activity.leave(this._now);
      }
    }
  }

  /** Train as the plan says, or as far as the task truly goes. */
  private _follow(activity: Activity, item: IStretch): void {
    const { task, endsAfter = Infinity } = this._tasks.get(item.segment.task)!;
    activity.item = item;
    const until = Math.min(item.until, task.steps);
    if (endsAfter <= until && endsAfter < task.steps) {
      activity.aim(endsAfter, 'stopped');
    } else {
      activity.aim(until, this._agenda.hasLater(item) ? 'switched' : 'done');
    }
  }

  /** Start whatever the plan has next on devices that are free. */
  private _startReady(): void {
    const taken = new Set<string>();
    for (const { item } of this._active.values()) {
      for (const device of item.segment.devices) {
        taken.add(cell(item.segment.node, device));
      }
    }
    const ready = this._agenda.ready(
      (node, device) => !taken.has(cell(node, device)) && this._isThere(node, device),
      task => !this._active.has(task)
    );
    for (const item of ready) {
      const { task: name, strategy } = item.segment;
      const entry = this._tasks.get(name)!;
      const key = strategyKey(strategy);
      const option = entry.task.options.find(candidate => strategyKey(candidate.strategy) === key)!;
      const first = this._done.get(name) ?? 0;
      const activity = new Activity(item, option, this._now, first, trueStepSeconds(entry, strategy));
      this._follow(activity, item);
      this._active.set(name, activity);
    }
  }

  /** Close what is over now. */
  private _finish(): Moment[] {
    const moments: Moment[] = [];
    for (const [task, activity] of this._active) {
      if (activity.end <= this._now && this._close(task, activity)) {
        moments.push('end');
      }
    }
    return moments;
  }

  /** Close a run; returns whether its task has ended. */
  private _close(task: string, activity: Activity): boolean {
    this._observe(activity);
    const run = activity.run();
    const done = (this._done.get(task) ?? 0) + run.steps;
    this._runs.push(run);
    this._active.delete(task);
    this._done.set(task, done);
    const over = run.outcome === 'stopped' || done >= this._tasks.get(task)!.task.steps;
    if (over) {
      this._ended.add(task);
      this._agenda.drop(task);
    } else {
      this._agenda.remove(activity.item);
    }
    return over;
  }

  /** Let tasks and devices come and go. */
  private _change(): Moment[] {
    let changed = false;
    for (let i = this._changes.length - 1; i >= 0; i--) {
      if (this._changes[i]! <= this._now) {
        this._changes.splice(i, 1);
        changed = true;
      }
    }
    if (changed) {
      for (const [task, activity] of this._active) {
        const { node, devices } = activity.item.segment;
        if (!devices.every(device => this._isThere(node, device))) {
          activity.lose(this._now, this._scenario.checkpointSteps ?? Infinity);
          this._close(task, activity);
        }
      }
    }
    return changed ? ['change'] : [];
  }

  /** Remember how fast a task was seen to run. */
  private _observe(activity: Activity): void {
    const { task, strategy } = activity.item.segment;
    if (activity.hasTrained(this._now)) {
      const entry = this._tasks.get(task)!;
      this._seen.set(cell(entry.signature, strategyKey(strategy)), trueStepSeconds(entry, strategy));
    }
  }

  private _nextTime(): number {
    let next = Infinity;
    for (const { end } of this._active.values()) {
      next = Math.min(next, end);
    }
    if (this._active.size > 0) {
      next = Math.min(next, this._nextInterval);
    }
    return this._changes.reduce((soonest, time) => Math.min(soonest, time), next);
  }

  /** Tasks that are there and not at their end. */
  private _underWay(): IScenarioTask[] {
    return this._scenario.tasks.filter(
      ({ task, arrival = 0 }) => arrival <= this._now && !this._ended.has(task.name)
    );
  }

  private _stepsOf(task: string): number {
    return this._active.get(task)?.stepsAt(this._now) ?? this._done.get(task) ?? 0;
  }

  private _isThere(node: string, device: string): boolean {
    return !(this._scenario.outages ?? []).some(
      outage =>
        outage.node === node &&
        outage.device === device &&
        outage.from <= this._now &&
        (outage.until ?? Infinity) > this._now
    );
  }

  private _history(): IHistory {
    const makespan = this._runs.reduce((latest, { end }) => Math.max(latest, end), 0);
    const devices = this._scenario.cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
    let trained = 0;
    for (const { task, strategy, steps } of this._runs) {
      trained += steps * trueStepSeconds(this._tasks.get(task)!, strategy) * strategy.devices;
    }
    return {
      runs: this._runs,
      makespan,
      expected: this._expected ?? 0,
      switches: this._runs.filter(({ outcome }) => outcome === 'switched').length,
      plans: this._plans,
      utilisation: makespan > 0 ? trained / (makespan * devices) : 0,
      unfinished: [...this._tasks.keys()].filter(task => !this._ended.has(task))
    };
  }
}

function cell(a: string, b: string): string {
  return JSON.stringify([a, b]);
}
