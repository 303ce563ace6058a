import type { Config } from '../pareto.js';
import type { Problem } from '../problem.js';
import { type Arrangement, KEPT } from '../schedule/arrangement.js';
import { type Lanes, lanesOf } from '../schedule/lanes.js';

/** Placements one round of insertions may cost; beyond, jobs are only put at the ends of queues. */
const LARGEST = 20_000_000;

/** The makespan of an arrangement, which `realise` would give it. */
export function makespanOf(problem: Problem, arrangement: Arrangement): number {
  return new Insertion(problem, arrangement).makespan;
}

/** Puts jobs into an arrangement where they do the least harm. */
export class Insertion {
  private readonly lanes: Lanes[];
  /** Per node, jobs that go on where they run. */
  private readonly kept: number[][];
  private readonly ends: Float64Array;
  private readonly spent: Float64Array;

  /** The arrangement is changed by {@link insert}; jobs to be inserted are in no queue. */
  constructor(
    private readonly problem: Problem,
    private readonly arrangement: Arrangement
  ) {
    this.lanes = lanesOf(problem);
    this.kept = problem.nodes.map(() => []);
    for (const [job, { current }] of problem.jobs.entries()) {
      if (arrangement.config[job] === KEPT) {
        this.kept[current!.node]!.push(job);
      }
    }
    this.ends = new Float64Array(problem.nodes.length);
    this.spent = new Float64Array(problem.nodes.length);
    for (const node of problem.nodes.keys()) {
      this.decode(node);
    }
  }

  /** The makespan of the arrangement as it is. */
  get makespan(): number {
    return this.ends.reduce((latest, end) => Math.max(latest, end), 0);
  }

  /** Put in all of these jobs, those that need most first. Every one of them fits some node. */
  insertAll(jobs: readonly number[]): void {
    const area = (job: number) =>
      Math.min(...this.problem.jobs[job]!.configs.map(config => config.devices * config.seconds));
    const everywhere = this.effort(jobs) <= LARGEST;
    for (const job of [...jobs].sort((a, b) => area(b) - area(a) || a - b)) {
      this.insert(job, everywhere);
    }
  }

  /**
   * Put in a job where the makespan, and with equal makespans the time devices are held, grows least.
   *
   * @param everywhere - whether to look at all places of the queues, not only at their ends.
   */
  insert(job: number, everywhere = true): void {
    const { arrangement, lanes, problem } = this;
    const { configs } = problem.jobs[job]!;
    const total = this.spent.reduce((sum, spent) => sum + spent, 0);
    let best = { cost: Infinity, node: -1, place: 0, config: 0 };
    for (const [node, queue] of arrangement.queues.entries()) {
      let others = 0;
      for (const [other, end] of this.ends.entries()) {
        others = other === node ? others : Math.max(others, end);
      }
      for (const [index, config] of configs.entries()) {
        if (config.devices > lanes[node]!.size) {
          break;
        }
        for (let place = everywhere ? 0 : queue.length; place <= queue.length; place++) {
          this.replay(node, place, config);
          const spent = total - this.spent[node]! + lanes[node]!.spent;
          const cost = Math.max(others, lanes[node]!.end) + spent / problem.deviceCount;
          if (cost < best.cost) {
            best = { cost, node, place, config: index };
          }
        }
      }
    }
    arrangement.config[job] = best.config;
    arrangement.queues[best.node]!.splice(best.place, 0, job);
    this.decode(best.node);
  }

  /** Placements needed to try all places for all of these jobs. */
  private effort(jobs: readonly number[]): number {
    const configs = jobs.reduce((sum, job) => sum + this.problem.jobs[job]!.configs.length, 0);
    const grown = jobs.length / Math.max(1, this.problem.nodes.length);
    return this.arrangement.queues.reduce((sum, { length }) => sum + configs * (length + grown) ** 2, 0);
  }

  private decode(node: number): void {
    this.replay(node, -1);
    this.ends[node] = this.lanes[node]!.end;
    this.spent[node] = this.lanes[node]!.spent;
  }

  /** A node's queue with one more configuration at a place of it. */
  private replay(node: number, place: number, added?: Config): void {
    const { problem, arrangement } = this;
    const lanes = this.lanes[node]!;
    const queue = arrangement.queues[node]!;
    lanes.reset();
    for (const job of this.kept[node]!) {
      const { devices, seconds } = problem.jobs[job]!.current!.config;
      lanes.place(devices, seconds);
    }
    for (const [i, job] of queue.entries()) {
      if (i === place) {
        lanes.place(added!.devices, added!.seconds);
      }
      const { devices, seconds } = problem.jobs[job]!.configs[arrangement.config[job]!]!;
      lanes.place(devices, seconds);
    }
    if (place === queue.length) {
      lanes.place(added!.devices, added!.seconds);
    }
  }
}
