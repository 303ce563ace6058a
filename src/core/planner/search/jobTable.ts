import { below, type Random } from '../common/random.js';
import { frontOn, type IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';

/**
 * The configurations of all jobs in flat arrays, for loops that read little else. The configuration in which a job
 * runs now stands before the others, where `KEPT`, which is -1, finds it.
 */
export class JobTable {
  /** Per job, the index of its configuration 0. */
  readonly first: Int32Array;
  /** Per configuration. */
  readonly devices: Int32Array;
  /** Per configuration. */
  readonly seconds: Float64Array;
  /** Per node, an index that nodes share which are of one kind and have as many devices. */
  private readonly _shape: Int32Array;
  /** Per shape and job, what counts there: indexes of its configurations, fewest devices first. */
  private readonly _fronts: Int32Array[][] = [];
  /** Per shape and configuration, whether it counts there. */
  private readonly _counts: Uint8Array[] = [];

  /**
   * @param below - configurations that take as many seconds or more count nowhere.
   */
  constructor({ jobs, nodes }: IProblem, below = Infinity) {
    this.first = new Int32Array(jobs.length);
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
    const shapes = new Map<string, number>();
    this._shape = Int32Array.from(nodes, ({ devices: { length: size }, kind }, node) => {
      const key = `${kind} ${size}`;
      const known = shapes.get(key);
      if (known === undefined) {
        shapes.set(key, this._fronts.length);
        const fronts = jobs.map(({ configs }) =>
          Int32Array.from(frontOn(configs, node, size).filter(index => configs[index]!.seconds < below))
        );
        const counts = new Uint8Array(all.length);
        for (const [job, front] of fronts.entries()) {
          for (const index of front) {
            counts[this.first[job]! + index] = 1;
          }
        }
        this._fronts.push(fronts);
        this._counts.push(counts);
      }
      return known ?? this._fronts.length - 1;
    });
  }

  /** What counts of a job's configurations on a node: their indexes, fewest devices first. */
  frontOn(job: number, node: number): Int32Array {
    return this._fronts[this._shape[node]!]![job]!;
  }

  /** Device-seconds of a job in a configuration. */
  work(job: number, config: number): number {
    const index = this.first[job]! + config;
    return this.devices[index]! * this.seconds[index]!;
  }

  /** Whether two nodes may run the same and have as many devices. */
  areAlike(a: number, b: number): boolean {
    return this._shape[a] === this._shape[b];
  }

  /**
   * What a job that has a configuration on one node takes on another: the same, or where that does not count the
   * widest with no more devices; -1 where there is none such.
   */
  onNode(job: number, config: number, node: number): number {
    const shape = this._shape[node]!;
    const first = this.first[job]!;
    if (this._counts[shape]![first + config] === 1) {
      return config;
    }
    const front = this._fronts[shape]![job]!;
    const most = this.devices[first + config]!;
    let index = front.length - 1;
    while (index >= 0 && this.devices[first + front[index]!]! > most) {
      index--;
    }
    return index < 0 ? -1 : front[index]!;
  }
}

/** Half of the time the next smaller or larger configuration of a node's front, else any of it. */
export function otherConfig(random: Random, index: number, front: Int32Array): number {
  const { length } = front;
  if (index === KEPT || random() < 0.5) {
    return front[below(random, length)]!;
  }
  const next = front.indexOf(index) + (random() < 0.5 ? 1 : -1);
  return front[Math.min(length - 1, Math.max(0, next))]!;
}
