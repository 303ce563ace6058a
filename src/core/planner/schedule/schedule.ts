import type { Segment } from '../../wire/messages.js';
import type { IConfig } from '../problem/pareto.js';
import type { IPlace, IProblem } from '../problem/problem.js';
import { tasksOf } from '../problem/sharedTerms.js';
import { type ISlot, Timeline } from './timeline.js';

/** A job with everything decided; one stretch of it when it changes places while it runs. */
export interface IPlaced extends ISlot {
  /** Index into {@link IProblem.jobs}. */
  job: number;
  config: IConfig;
  /** Index into {@link IProblem.nodes}. */
  node: number;
  /** Steps of this stretch; all of the job's when absent. */
  steps?: number;
  /** Seconds paid for starting and, before a switch, for the checkpoint; the configuration's own when absent. */
  overhead?: number;
  /** Its devices on other nodes, when it spans several. */
  elsewhere?: Pick<IPlace, 'node' | 'devices'>[];
  /** The run of several jobs that this is a part of: they are all placed alike. */
  fusion?: string;
}

/** All jobs placed, in the order they were placed; running tasks are not repeated here. */
export interface ISchedule {
  placed: IPlaced[];
  makespan: number;
}

/** Puts jobs on nodes one after another. */
export class Scheduler {
  readonly timelines: Timeline[];
  private readonly _placed: IPlaced[] = [];

  constructor(problem: IProblem) {
    this.timelines = problem.nodes.map(node => new Timeline(node));
  }

  /** Run a job on a node as soon as it has enough free devices, and not before `notBefore`. */
  place(job: number, config: IConfig, node: number, notBefore = 0): IPlaced {
    const slot = this.timelines[node]!.place(config.devices, config.seconds, notBefore);
    const placed = { job, config, node, ...slot };
    this._placed.push(placed);
    return placed;
  }

  /** Let a job go on where it runs; to be called before anything is placed on those devices. */
  keep(job: number, { config, node, devices }: IPlace): IPlaced {
    const slot = this.timelines[node]!.hold(devices, config.seconds);
    const placed = { job, config, node, ...slot };
    this._placed.push(placed);
    return placed;
  }

  /** What has been placed so far. */
  schedule(): ISchedule {
    let makespan = 0;
    for (const timeline of this.timelines) {
      for (const free of timeline.times()) {
        makespan = Math.max(makespan, free);
      }
    }
    return { placed: this._placed, makespan };
  }
}

/** The segments of a schedule, running tasks included, by start. */
export function toSegments(problem: IProblem, schedule: ISchedule): Segment[] {
  const segment = (
    task: { name: string; steps: number },
    config: IConfig,
    where: ISlot & Omit<IPlaced, 'job' | 'config'>
  ): Segment => {
    const share = ({ node, devices }: Pick<IPlace, 'node' | 'devices'>) => {
      const { id, devices: names } = problem.nodes[node]!;
      return { node: id, devices: devices.map(device => names[device]!) };
    };
    return {
      task: task.name,
      strategy: config.option.strategy,
      ...share(where),
      start: where.start,
      end: where.end,
      steps: where.steps ?? task.steps,
      overheadSeconds: where.overhead ?? config.overhead,
      ...(where.elsewhere !== undefined && { elsewhere: where.elsewhere.map(share) }),
      ...(where.fusion !== undefined && { fusion: where.fusion })
    };
  };
  return [
    ...problem.running.flatMap(running =>
      tasksOf(running).map(task =>
        segment(task, running.config, {
          node: running.node,
          devices: running.devices,
          ...(running.elsewhere && { elsewhere: running.elsewhere }),
          ...(running.fusion && { fusion: running.fusion.name }),
          start: 0,
          end: running.config.seconds
        })
      )
    ),
    ...schedule.placed.map(placed => segment(problem.jobs[placed.job]!, placed.config, placed))
  ].sort((a, b) => a.start - b.start || (a.task < b.task ? -1 : 1));
}
