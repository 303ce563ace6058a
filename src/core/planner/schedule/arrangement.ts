import { frontOn, type IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import { type ISchedule, Scheduler } from './schedule.js';

/** In place of a configuration's index: the job goes on where it runs, see {@link Job.current}. It is in no queue. */
export const KEPT = -1;

/**
 * What the search changes: for each job its configuration, for each node the order of its jobs. Start times follow:
 * each job in turn starts as soon as enough devices of its node are free. Some arrangement gives an optimal plan,
 * for replaying any plan in the order of its starts never starts a job later.
 */
export interface IArrangement {
  /** Per job, index into its `configs`, or {@link KEPT}. */
  config: number[];
  /** Per node, job indexes in the order they take devices, after those kept. */
  queues: number[][];
}

/** The schedule an arrangement stands for. */
export function realise(problem: IProblem, arrangement: IArrangement): ISchedule {
  const scheduler = new Scheduler(problem);
  for (const [job, { current }] of problem.jobs.entries()) {
    if (arrangement.config[job] === KEPT) {
      scheduler.keep(job, current!);
    }
  }
  for (const [node, queue] of arrangement.queues.entries()) {
    for (const job of queue) {
      scheduler.place(job, problem.jobs[job]!.configs[arrangement.config[job]!]!, node);
    }
  }
  return scheduler.schedule();
}

/** An arrangement whose schedule is no longer than the one given. */
export function arrangementOf(problem: IProblem, schedule: ISchedule): IArrangement {
  const config = problem.jobs.map(() => 0);
  const queues: number[][] = problem.nodes.map(() => []);
  // Sorting is stable: jobs without duration keep the order in which they were placed.
  for (const placed of [...schedule.placed].sort((a, b) => a.start - b.start)) {
    if (placed.config === problem.jobs[placed.job]!.current?.config) {
      config[placed.job] = KEPT;
      continue;
    }
    const { length: size } = problem.nodes[placed.node]!.devices;
    config[placed.job] = atMost(problem.jobs[placed.job]!.configs, placed.config, placed.node, size);
    queues[placed.node]!.push(placed.job);
  }
  return { config, queues };
}

/** The configuration of a Pareto front that needs no more devices and time on a node than the given one. */
function atMost(configs: IConfig[], { devices }: IConfig, node: number, size: number): number {
  const front = frontOn(configs, node, size);
  return front.findLast(index => configs[index]!.devices <= devices) ?? front[0]!;
}
