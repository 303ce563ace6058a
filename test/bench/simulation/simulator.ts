import { placeKey } from '../../../src/core/model/checker/taskHistory.js';
import { strategyKey } from '../../../src/core/model/strategy.js';
import type { PlanRequest, PlanTask, Segment } from '../../../src/core/wire/generated/types.js';
import { Activity } from './activity.js';
import { Agenda, type Item } from './eventQueue.js';
import type { History, Run } from './history.js';
import type { Moment, Policy } from './policy.js';
import { project } from './projection.js';
import { type Scenario, type ScenarioTask, trueStepSeconds } from './scenario.js';

/** Let a policy run a scenario to its end. The same policy and scenario give the same history. */
export function simulate(scenario: Scenario, policy: Policy): Promise<History> {
  return new Simulator(scenario, policy).run();
}

/** Which answers are due, most urgent first. */
const URGENCY: readonly Moment[] = ['start', 'change', 'end', 'interval'];

class Simulator {
  private now = 0;
  private agenda = new Agenda([], () => 0);
  private readonly active = new Map<string, Activity>();
  private readonly runs: Run[] = [];
  /** Steps of each task that are done and safe. */
  private readonly done = new Map<string, number>();
  private readonly ended = new Set<string>();
  /** Steps' true seconds as far as seen, by signature and strategy. */
  private readonly seen = new Map<string, number>();
  private readonly tasks: ReadonlyMap<string, ScenarioTask>;
  /** Times at which a task or a device comes or goes. */
  private readonly changes: number[];
  private nextInterval: number;
  private expected: number | undefined;
  private plans = 0;

  constructor(
    private readonly scenario: Scenario,
    private readonly policy: Policy
  ) {
    this.tasks = new Map(scenario.tasks.map(entry => [entry.task.name, entry]));
    const outages = scenario.outages ?? [];
    this.changes = [
      ...scenario.tasks.map(({ arrival = 0 }) => arrival),
      ...outages.flatMap(({ from, until = Infinity }) => [from, until])
    ].filter(time => time > 0 && time < Infinity);
    this.nextInterval = policy.interval ?? Infinity;
  }

  async run(): Promise<History> {
    if (this.underWay().length > 0) {
      await this.ask('start');
    }
    for (;;) {
      this.startReady();
      const next = this.nextTime();
      if (next === Infinity) {
        return this.history();
      }
      this.now = next;
      const moments = new Set<Moment>([...this.finish(), ...this.change()]);
      while (this.now >= this.nextInterval) {
        this.nextInterval += this.policy.interval!;
        moments.add('interval');
      }
      const moment = URGENCY.find(candidate => moments.has(candidate));
      const wanted = moment === 'end' ? this.policy.atEnds === true : moment !== undefined;
      if (moment !== undefined && wanted && this.underWay().length > 0) {
        await this.ask(moment);
      }
    }
  }

  /** Ask the policy, and do as it says. */
  private async ask(moment: Moment): Promise<void> {
    const request = this.request();
    const answer = await this.policy.plan(request, moment);
    if (answer !== undefined) {
      this.plans++;
      this.expected ??= answer.reduce((latest, { end }) => Math.max(latest, end), 0);
      this.adopt(answer);
    } else if (moment === 'start' || moment === 'change') {
      throw new Error(`Policy ${this.policy.name} has no plan for what has changed.`);
    }
  }

  /** What is known now, as a planning question. */
  private request(): PlanRequest {
    for (const activity of this.active.values()) {
      this.observe(activity);
    }
    const request: PlanRequest = {
      cluster: {
        nodes: this.scenario.cluster.nodes.map(node => ({
          ...node,
          devices: node.devices.filter(({ id }) => this.isThere(node.id, id))
        }))
      },
      tasks: this.underWay().map(entry => this.question(entry)),
      seed: 0,
      budget: {}
    };
    return { ...request, previous: project(request, this.agenda.items, task => this.stepsOf(task)) };
  }

  private question({ task, signature }: ScenarioTask): PlanTask {
    const activity = this.active.get(task.name);
    const { name } = task;
    const question: PlanTask = {
      name,
      steps: task.steps - this.stepsOf(name),
      options: task.options.map(option => ({
        ...option,
        stepSeconds: this.seen.get(cell(signature, strategyKey(option.strategy))) ?? option.stepSeconds
      }))
    };
    if (activity !== undefined && !activity.isWriting(this.now)) {
      const { strategy, node, devices } = activity.item.segment;
      question.running = { strategy, node, devices };
    }
    return question;
  }

  /** Follow a plan from now on. Tasks that run where it wants them go on, others leave. */
  private adopt(segments: readonly Segment[]): void {
    this.agenda = new Agenda(segments, task => this.stepsOf(task));
    for (const [task, activity] of this.active) {
      const item = this.agenda.nextOf(task);
      const same =
        item !== undefined &&
        item.segment.start === 0 &&
        placeKey(item.segment) === placeKey(activity.item.segment);
      if (activity.isWriting(this.now)) {
        continue;
      }
      if (same) {
        this.follow(activity, item);
      } else {
        activity.leave(this.now);
      }
    }
  }

  /** Train as the plan says, or as far as the task truly goes. */
  private follow(activity: Activity, item: Item): void {
    const { task, endsAfter = Infinity } = this.tasks.get(item.segment.task)!;
    activity.item = item;
    const until = Math.min(item.until, task.steps);
    if (endsAfter <= until && endsAfter < task.steps) {
      activity.aim(endsAfter, 'stopped');
    } else {
      activity.aim(until, this.agenda.hasLater(item) ? 'switched' : 'done');
    }
  }

  /** Start whatever the plan has next on devices that are free. */
  private startReady(): void {
    const taken = new Set<string>();
    for (const { item } of this.active.values()) {
      for (const device of item.segment.devices) {
        taken.add(cell(item.segment.node, device));
      }
    }
    const ready = this.agenda.ready(
      (node, device) => !taken.has(cell(node, device)) && this.isThere(node, device),
      task => !this.active.has(task)
    );
    for (const item of ready) {
      const { task: name, strategy } = item.segment;
      const entry = this.tasks.get(name)!;
      const key = strategyKey(strategy);
      const option = entry.task.options.find(candidate => strategyKey(candidate.strategy) === key)!;
      const first = this.done.get(name) ?? 0;
      const activity = new Activity(item, option, this.now, first, trueStepSeconds(entry, strategy));
      this.follow(activity, item);
      this.active.set(name, activity);
    }
  }

  /** Close what is over now. */
  private finish(): Moment[] {
    const moments: Moment[] = [];
    for (const [task, activity] of this.active) {
      if (activity.end <= this.now && this.close(task, activity)) {
        moments.push('end');
      }
    }
    return moments;
  }

  /** Close a run; returns whether its task has ended. */
  private close(task: string, activity: Activity): boolean {
    this.observe(activity);
    const run = activity.run();
    const done = (this.done.get(task) ?? 0) + run.steps;
    this.runs.push(run);
    this.active.delete(task);
    this.done.set(task, done);
    const over = run.outcome === 'stopped' || done >= this.tasks.get(task)!.task.steps;
    if (over) {
      this.ended.add(task);
      this.agenda.drop(task);
    } else {
      this.agenda.remove(activity.item);
    }
    return over;
  }

  /** Let tasks and devices come and go. */
  private change(): Moment[] {
    let changed = false;
    for (let i = this.changes.length - 1; i >= 0; i--) {
      if (this.changes[i]! <= this.now) {
        this.changes.splice(i, 1);
        changed = true;
      }
    }
    if (changed) {
      for (const [task, activity] of this.active) {
        const { node, devices } = activity.item.segment;
        if (!devices.every(device => this.isThere(node, device))) {
          activity.lose(this.now, this.scenario.checkpointSteps ?? Infinity);
          this.close(task, activity);
        }
      }
    }
    return changed ? ['change'] : [];
  }

  /** Remember how fast a task was seen to run. */
  private observe(activity: Activity): void {
    const { task, strategy } = activity.item.segment;
    if (activity.hasTrained(this.now)) {
      const entry = this.tasks.get(task)!;
      this.seen.set(cell(entry.signature, strategyKey(strategy)), trueStepSeconds(entry, strategy));
    }
  }

  private nextTime(): number {
    let next = Infinity;
    for (const { end } of this.active.values()) {
      next = Math.min(next, end);
    }
    if (this.active.size > 0) {
      next = Math.min(next, this.nextInterval);
    }
    return this.changes.reduce((soonest, time) => Math.min(soonest, time), next);
  }

  /** Tasks that are there and not at their end. */
  private underWay(): ScenarioTask[] {
    return this.scenario.tasks.filter(
      ({ task, arrival = 0 }) => arrival <= this.now && !this.ended.has(task.name)
    );
  }

  private stepsOf(task: string): number {
    return this.active.get(task)?.stepsAt(this.now) ?? this.done.get(task) ?? 0;
  }

  private isThere(node: string, device: string): boolean {
    return !(this.scenario.outages ?? []).some(
      outage =>
        outage.node === node &&
        outage.device === device &&
        outage.from <= this.now &&
        (outage.until ?? Infinity) > this.now
    );
  }

  private history(): History {
    const makespan = this.runs.reduce((latest, { end }) => Math.max(latest, end), 0);
    const devices = this.scenario.cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
    let trained = 0;
    for (const { task, strategy, steps } of this.runs) {
      trained += steps * trueStepSeconds(this.tasks.get(task)!, strategy) * strategy.devices;
    }
    return {
      runs: this.runs,
      makespan,
      expected: this.expected ?? 0,
      switches: this.runs.filter(({ outcome }) => outcome === 'switched').length,
      plans: this.plans,
      utilisation: makespan > 0 ? trained / (makespan * devices) : 0,
      unfinished: [...this.tasks.keys()].filter(task => !this.ended.has(task))
    };
  }
}

function cell(a: string, b: string): string {
  return JSON.stringify([a, b]);
}
