import type { Config } from '../problem/pareto.js';
import type { Problem } from '../problem/problem.js';
import { type Arrangement, KEPT } from '../schedule/arrangement.js';
import { Lanes, lanesOf } from '../schedule/lanes.js';

/** Placements one round of insertions may cost; beyond, jobs are only put at the ends of queues. */
const LARGEST = 20_000_000;

/** The makespan of an arrangement, which `realise` would give it. */
export function makespanOf(problem: Problem, arrangement: Arrangement): number {
  return new Insertion(problem, arrangement).makespan;
}

/** Puts jobs into an arrangement where they do the least harm. */
export class Insertion {
  /** Per node, with its whole queue placed. */
  private readonly lanes: Lanes[];
  /** Per node size, for trying: with a queue up to some place, and with a job there and the rest. */
  private readonly trials = new Map<number, { before: Lanes; after: Lanes }>();
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
    for (let job = 0; job < problem.jobs.length; job++) {
      if (arrangement.config[job] === KEPT) {
        this.kept[problem.jobs[job]!.current!.node]!.push(job);
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
    const { arrangement, problem } = this;
    const { configs } = problem.jobs[job]!;
    const total = this.spent.reduce((sum, spent) => sum + spent, 0);
    const { latest, second } = this.latestEnds();
    let best = { cost: Infinity, node: -1, place: 0, config: 0 };
    for (const [node, { length }] of arrangement.queues.entries()) {
      const others = this.ends[node] === latest ? second : latest;
      for (const [index, config] of configs.entries()) {
        if (config.devices > this.lanes[node]!.size) {
          break;
        }
        this.tryPlaces(node, config, everywhere ? 0 : length, (place, lanes) => {
          const spent = total - this.spent[node]! + lanes.spent;
          const cost = Math.max(others, lanes.end) + spent / problem.deviceCount;
          if (cost < best.cost) {
            best = { cost, node, place, config: index };
          }
        });
      }
    }
    arrangement.config[job] = best.config;
    arrangement.queues[best.node]!.splice(best.place, 0, job);
    this.decode(best.node);
  }

  /** The makespan, and what it would be without the node that sets it. */
  private latestEnds(): { latest: number; second: number } {
    let [latest, second] = [0, 0];
    for (const end of this.ends) {
      if (end > latest) {
        second = latest;
        latest = end;
      } else {
        second = Math.max(second, end);
      }
    }
    return { latest, second };
  }

  /** Placements needed to try all places for all of these jobs. */
  private effort(jobs: readonly number[]): number {
    const configs = jobs.reduce((sum, job) => sum + this.problem.jobs[job]!.configs.length, 0);
    const grown = jobs.length / Math.max(1, this.problem.nodes.length);
    return this.arrangement.queues.reduce((sum, { length }) => sum + configs * (length + grown) ** 2, 0);
  }

  private decode(node: number): void {
    const lanes = this.lanes[node]!;
    this.restart(node, lanes);
    for (const job of this.arrangement.queues[node]!) {
      this.place(job, lanes);
    }
    this.ends[node] = lanes.end;
    this.spent[node] = lanes.spent;
  }

  /** A node's queue with one more configuration at each place of it from some place on. */
  private tryPlaces(
    node: number,
    added: Config,
    from: number,
    look: (place: number, lanes: Lanes) => void
  ): void {
    const { size } = this.lanes[node]!;
    const { freeAt } = this.problem.nodes[node]!;
    const trial = this.trials.get(size) ?? { before: new Lanes(freeAt), after: new Lanes(freeAt) };
    this.trials.set(size, trial);
    const { before, after } = trial;
    const queue = this.arrangement.queues[node]!;
    if (from === queue.length) {
      before.copy(this.lanes[node]!);
    } else {
      this.restart(node, before);
    }
    for (let place = from; place <= queue.length; place++) {
      after.copy(before);
      after.place(added.devices, added.seconds);
      for (let later = place; later < queue.length; later++) {
        this.place(queue[later]!, after);
      }
      look(place, after);
      if (place < queue.length) {
        this.place(queue[place]!, before);
      }
    }
  }

  /** Nothing but what goes on where it runs. */
  private restart(node: number, lanes: Lanes): void {
    lanes.reset(this.lanes[node]!);
    for (const job of this.kept[node]!) {
      const { devices, seconds } = this.problem.jobs[job]!.current!.config;
      lanes.place(devices, seconds);
    }
  }

  private place(job: number, lanes: Lanes): void {
    const { devices, seconds } = this.problem.jobs[job]!.configs[this.arrangement.config[job]!]!;
    lanes.place(devices, seconds);
  }
}
