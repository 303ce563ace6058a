import type { IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import type { IPlaced, ISchedule } from '../schedule/schedule.js';
import { ListSchedule } from './listSchedule.js';
import { apportion, type IRung } from './marginalGain.js';

/** Shares of a step by which rounding may make it look unfinished. */
const ROUNDING = 1e-9;

/**
 * Optimus as the Saturn paper adapts it, with introspection: whenever devices of a node become free, waiting tasks
 * start on the fewest they can use and {@link apportion} shares out the rest among all that run there. A running task
 * is moved when its remaining time, checkpoint and new start included, says so; it then has several stretches.
 */
export function optimusDynamic(problem: IProblem): ISchedule {
  return new DynamicRule(problem).run();
}

/** A job under way. */
interface IRun {
  /** Its present stretch; `end` is when the job would be done. */
  placed: IPlaced;
  /** Seconds before the first step of this stretch. */
  started: number;
  /** Steps left when this stretch began. */
  steps: number;
  /** It ran before the plan began. */
  resumed: boolean;
  /** A task that can use no others waits for its devices, so it stays where it is. */
  awaited: boolean;
}

/** What a task may get; `config` tells how. */
interface IChoice extends IRung {
  config: IConfig;
}

class DynamicRule {
  private readonly _ground: ListSchedule;
  private readonly _free: number[][];
  /** Per node. */
  private readonly _runs: IRun[][];
  private readonly _stretches: IPlaced[];
  private _waiting: number[];

  constructor(private readonly _problem: IProblem) {
    this._ground = new ListSchedule(_problem);
    this._free = this._ground.free;
    this._waiting = [...this._ground.waiting];
    this._runs = _problem.nodes.map(() => []);
    this._stretches = this._ground.schedule().placed;
    for (const placed of this._stretches) {
      const { current, steps } = _problem.jobs[placed.job]!;
      if (current !== undefined) {
        this._runs[placed.node]!.push({ placed, started: 0, steps, resumed: true, awaited: false });
      }
    }
  }

  run(): ISchedule {
    let now = 0;
    let nodes = [...this._problem.nodes.keys()];
    while (now < Infinity) {
      for (const node of nodes) {
        // Again, as tasks without duration leave their devices free at once.
        while (this._share(node, now) && this._waiting.length > 0);
      }
      const next = this._nextFree(now);
      nodes = this._free.flatMap((free, node) => (free.includes(next) ? [node] : []));
      now = next;
    }
    const makespan = this._free.flat().reduce((latest, free) => Math.max(latest, free), 0);
    return { placed: this._stretches, makespan };
  }

  /** Share out what is free or may be moved on a node; returns whether that changed anything. */
  private _share(node: number, now: number): boolean {
    const free = this._free[node]!;
    const runs = this._runs[node]!.filter(({ placed }) => placed.end > now);
    const movable = runs.filter(run => mayMove(run, now));
    const idle = free.reduce((count, time) => (time <= now ? count + 1 : count), 0);
    if (idle === 0 && this._waiting.length === 0) {
      return false;
    }
    const held = movable.reduce((sum, run) => sum + run.placed.devices.length, 0);
    const ladders = movable.map(run => this._ladder(node, run.placed.job, run, now));
    const joining: number[] = [];
    let left = ladders.reduce((rest, ladder) => rest - ladder[0]!.devices, idle + held);
    for (const job of this._waiting) {
      if (left <= 0) {
        break;
      }
      const ladder = this._ladder(node, job);
      if (ladder.length > 0 && ladder[0]!.devices <= left) {
        joining.push(job);
        ladders.push(ladder);
        left -= ladder[0]!.devices;
      }
    }
    const rungs = apportion(ladders, idle + held);
    const chosen = ladders.map((ladder, i) => ladder[rungs[i]!]!.config);
    const moved = movable.filter((run, i) => chosen[i] !== run.placed.config);
    this._runs[node] = runs.filter(run => !moved.includes(run));
    const paid = new Map(moved.map(run => [run.placed.job, this._leave(run, now)]));
    for (const [i, job] of joining.entries()) {
      this._start(node, job, chosen[movable.length + i]!, now);
    }
    for (const [i, run] of movable.entries()) {
      if (chosen[i] !== run.placed.config) {
        this._start(node, run.placed.job, chosen[i]!, now, paid.get(run.placed.job));
      }
    }
    if (joining.length > 0) {
      this._waiting = this._waiting.filter(job => !joining.includes(job));
    }
    return joining.length + moved.length > 0;
  }

  /** What a job may get on a node, and how long it then takes to its end. */
  private _ladder(node: number, job: number, run?: IRun, now = 0): IChoice[] {
    const left = run === undefined ? this._problem.jobs[job]!.steps : run.steps - stepsDone(run, now);
    const stop = run?.placed.config.option.stopSeconds ?? 0;
    const configs = this._ground.frontOn(job, node);
    const current = run?.placed.config;
    if (current !== undefined && !configs.includes(current)) {
      // It runs by a strategy that others beat; for as many devices it stands in their place.
      return merge(configs, current).map(toChoice);
    }
    return configs.map(toChoice);

    function toChoice(config: IConfig): IChoice {
      const { stepSeconds, startSeconds } = config.option;
      const overhead = config === current ? 0 : stop + startSeconds;
      return { config, devices: config.devices, seconds: overhead + left * stepSeconds };
    }
  }

  /** Stop a run after its last whole step; returns what it leaves behind. */
  private _leave(run: IRun, now: number): { steps: number; from: number; oldStop: number } {
    const { placed } = run;
    const stop = placed.config.option.stopSeconds ?? 0;
    const steps = stepsDone(run, now);
    if (steps === 0) {
      // It ran before the plan began and does no more here: leaving is paid where it goes.
      this._stretches.splice(this._stretches.indexOf(placed), 1);
      this._release(placed, 0);
      return { steps: run.steps, from: 0, oldStop: stop };
    }
    placed.end = placed.start + run.started + steps * placed.config.option.stepSeconds + stop;
    placed.steps = steps;
    placed.overhead = run.started + stop;
    this._release(placed, placed.end);
    return { steps: run.steps - steps, from: placed.end, oldStop: 0 };
  }

  /** Start a job, or what is left of it, on the devices of a node that are free first. */
  private _start(
    node: number,
    job: number,
    config: IConfig,
    now: number,
    rest?: { steps: number; from: number; oldStop: number }
  ): void {
    const free = this._free[node]!;
    const devices = [...(config.among?.[node] ?? free.keys())]
      .sort((a, b) => free[a]! - free[b]! || a - b)
      .slice(0, config.devices)
      .sort((a, b) => a - b);
    const start = devices.reduce(
      (latest, device) => Math.max(latest, free[device]!),
      Math.max(now, rest?.from ?? 0)
    );
    for (const run of this._runs[node]!) {
      run.awaited ||= run.placed.end > now && run.placed.devices.some(device => devices.includes(device));
    }
    const steps = rest?.steps ?? this._problem.jobs[job]!.steps;
    const started = config.option.startSeconds + (rest?.oldStop ?? this._problem.jobs[job]!.leaving);
    const end = start + started + steps * config.option.stepSeconds;
    const placed: IPlaced = { job, config, node, devices, start, end };
    if (rest !== undefined) {
      placed.steps = steps;
      placed.overhead = started;
    }
    this._hold({ placed, started, steps, resumed: false, awaited: false });
  }

  private _hold(run: IRun): void {
    const { placed } = run;
    this._runs[placed.node]!.push(run);
    this._stretches.push(placed);
    this._release(placed, placed.end);
  }

  private _release({ node, devices }: IPlaced, at: number): void {
    for (const device of devices) {
      this._free[node]![device] = at;
    }
  }

  /** The first time after `now` at which a device becomes free. */
  private _nextFree(now: number): number {
    let next = Infinity;
    for (const free of this._free) {
      for (const time of free) {
        if (time > now && time < next) {
          next = time;
        }
      }
    }
    return next;
  }
}

/** Whole steps of the present stretch done by `now`. */
function stepsDone({ placed, started }: IRun, now: number): number {
  const training = now - placed.start - started;
  const { stepSeconds } = placed.config.option;
  return training > 0 && stepSeconds > 0 ? Math.floor(training / stepSeconds + ROUNDING) : 0;
}

/** A run may move once it has trained a step, or before it does if that is no loss, and while it has steps left. */
function mayMove(run: IRun, now: number): boolean {
  if (run.awaited) {
    return false;
  }
  const done = stepsDone(run, now);
  return run.steps > done && (done > 0 || (run.resumed && now === 0));
}

/** A front with a configuration that is not on it, in place of that for as many devices. */
function merge(configs: IConfig[], current: IConfig): IConfig[] {
  return [...configs.filter(config => config.devices !== current.devices), current].sort(
    (a, b) => a.devices - b.devices
  );
}
