import type { IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';

/**
 * The configurations of all jobs in flat arrays, for loops that read little else. The configuration in which a job
 * runs now stands before the others, where `KEPT`, which is -1, finds it.
 */
export class JobTable {
  /** Per job, the index of its configuration 0. */
  readonly first: Int32Array;
  /** Per job, number of configurations. */
  readonly count: Int32Array;
  /** Per configuration. */
  readonly devices: Int32Array;
  /** Per configuration. */
  readonly seconds: Float64Array;
  /** Per job, a number that jobs with equal configurations share. */
  readonly type: Int32Array;

  constructor({ jobs }: IProblem) {
    this.first = new Int32Array(jobs.length);
    this.count = Int32Array.from(jobs, ({ configs }) => configs.length);
    const all: IConfig[] = [];
    for (const [job, { configs, current }] of jobs.entries()) {
      if (current !== undefined) {
        all.push(current.config);
      }
      this.first[job] = all.length;
      all.push(...configs);
    }
    this.devices = Int32Array.from(all, config => config.devices);
    this.seconds = Float64Array.from(all, config => config.seconds);
    const types = new Map<string, number>();
    this.type = Int32Array.from(jobs, ({ configs, current }, job) => {
      const key =
        current === undefined ? configs.map(c => `${c.devices} ${c.seconds}`).join() : `running ${job}`;
      const known = types.get(key) ?? types.size;
      types.set(key, known);
      return known;
    });
  }

  /** Number of a job's configurations that need at most `size` devices; they come first. */
  fitting(job: number, size: number): number {
    const first = this.first[job]!;
    let count = this.count[job]!;
    while (count > 0 && this.devices[first + count - 1]! > size) {
      count--;
    }
    return count;
  }
}
