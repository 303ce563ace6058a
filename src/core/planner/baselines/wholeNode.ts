import type { Config } from '../pareto.js';
import type { Problem } from '../problem.js';
import { Scheduler } from '../schedule/schedule.js';

/** A scheduler in which the jobs that run already go on where they are, and the other jobs in the given order. */
export function keepRunning(problem: Problem): { scheduler: Scheduler; waiting: number[] } {
  const scheduler = new Scheduler(problem);
  const waiting: number[] = [];
  for (const [job, { current }] of problem.jobs.entries()) {
    if (current === undefined) {
      waiting.push(job);
    } else {
      scheduler.keep(job, current);
    }
  }
  return { scheduler, waiting };
}

/** The configurations of at most `size` devices, fewest first. */
export function fitting(configs: Config[], size: number): Config[] {
  return configs.filter(config => config.devices <= size);
}

/** Gives jobs whole nodes, one job after another on each. */
export class WholeNodes {
  /** Per node, when all of it is free. */
  private readonly ready: number[];
  private readonly sizes: number[];

  constructor(private readonly scheduler: Scheduler) {
    this.sizes = scheduler.timelines.map(timeline => timeline.size);
    this.ready = scheduler.timelines.map(timeline => Math.max(0, ...timeline.times()));
  }

  /**
   * Place a job on the node where it would be done first.
   *
   * @param configOn - how it would run on a node with so many devices, if it can.
   */
  place(job: number, configOn: (size: number) => Config | undefined): void {
    const configs = new Map([...new Set(this.sizes)].map(size => [size, configOn(size)]));
    let best = -1;
    let bestEnd = Infinity;
    for (const [node, size] of this.sizes.entries()) {
      const config = configs.get(size);
      if (config !== undefined && (best < 0 || this.ready[node]! + config.seconds < bestEnd)) {
        best = node;
        bestEnd = this.ready[node]! + config.seconds;
      }
    }
    const config = configs.get(this.sizes[best]!)!;
    this.scheduler.place(job, config, best, this.ready[best]!);
    this.ready[best] = bestEnd;
  }
}
