import { allows, type IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import { type IArrangement, KEPT } from '../schedule/arrangement.js';
import { Lanes, lanesOf } from '../schedule/lanes.js';

/** Placements one round of insertions may cost; beyond, jobs are only put at the ends of queues. */
const LARGEST = 20_000_000;

/** The makespan of an arrangement, which `realise` would give it. */
export function makespanOf(problem: IProblem, arrangement: IArrangement): number {
  return new Insertion(problem, arrangement).makespan;
}

/** Puts jobs into an arrangement where they do the least harm. */
export class Insertion {
  /** Per node, with its whole queue placed. */
  private readonly _lanes: Lanes[];
  /** Per node size, for trying: with a queue up to some place, and with a job there and the rest. */
  private readonly _trials = new Map<number, { before: Lanes; after: Lanes }>();
  /** Per node, jobs that go on where they run. */
  private readonly _kept: number[][];
  private readonly _ends: Float64Array;
  private readonly _spent: Float64Array;

  /** The arrangement is changed by {@link insert}; jobs to be inserted are in no queue. */
  constructor(
    private readonly _problem: IProblem,
    private readonly _arrangement: IArrangement
  ) {
    this._lanes = lanesOf(_problem);
    this._kept = _problem.nodes.map(() => []);
    for (let job = 0; job < _problem.jobs.length; job++) {
      if (_arrangement.config[job] === KEPT) {
        this._kept[_problem.jobs[job]!.current!.node]!.push(job);
      }
    }
    this._ends = new Float64Array(_problem.nodes.length);
    this._spent = new Float64Array(_problem.nodes.length);
    for (const node of _problem.nodes.keys()) {
      this._decode(node);
    }
  }

  /** The makespan of the arrangement as it is. */
  get makespan(): number {
    return this._ends.reduce((latest, end) => Math.max(latest, end), 0);
  }

  /** Put in all of these jobs, those that need most first. Every one of them fits some node. */
  insertAll(jobs: readonly number[]): void {
    const area = (job: number) =>
      Math.min(...this._problem.jobs[job]!.configs.map(config => config.devices * config.seconds));
    const everywhere = this._searchBudget(jobs) <= LARGEST;
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
    const { _arrangement: arrangement, _problem: problem } = this;
    const { configs } = problem.jobs[job]!;
    const total = this._spent.reduce((sum, spent) => sum + spent, 0);
    const { latest, second } = this._latestEnds();
    let best = { cost: Infinity, node: -1, place: 0, config: 0 };
    for (const [node, { length }] of arrangement.queues.entries()) {
      const others = this._ends[node] === latest ? second : latest;
      for (const [index, config] of configs.entries()) {
        if (config.devices > this._lanes[node]!.size) {
          break;
        }
        if (!allows(config, node)) {
          continue;
        }
        this._tryPlaces(node, config, everywhere ? 0 : length, (place, lanes) => {
          const spent = total - this._spent[node]! + lanes.spent;
          const cost = Math.max(others, lanes.end) + spent / problem.deviceCount;
          if (cost < best.cost) {
            best = { cost, node, place, config: index };
          }
        });
      }
    }
    arrangement.config[job] = best.config;
    arrangement.queues[best.node]!.splice(best.place, 0, job);
    this._decode(best.node);
  }

  /** The makespan, and what it would be without the node that sets it. */
  private _latestEnds(): { latest: number; second: number } {
    let [latest, second] = [0, 0];
    for (const end of this._ends) {
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
  private _searchBudget(jobs: readonly number[]): number {
    const configs = jobs.reduce((sum, job) => sum + this._problem.jobs[job]!.configs.length, 0);
    const grown = jobs.length / Math.max(1, this._problem.nodes.length);
    return this._arrangement.queues.reduce((sum, { length }) => sum + configs * (length + grown) ** 2, 0);
  }

  private _decode(node: number): void {
    const lanes = this._lanes[node]!;
    this._restart(node, lanes);
    for (const job of this._arrangement.queues[node]!) {
      this._place(job, lanes);
    }
    this._ends[node] = lanes.end;
    this._spent[node] = lanes.spent;
  }

  /** A node's queue with one more configuration at each place of it from some place on. */
  private _tryPlaces(
    node: number,
    added: IConfig,
    from: number,
    look: (place: number, lanes: Lanes) => void
  ): void {
    const { size } = this._lanes[node]!;
    const { freeAt } = this._problem.nodes[node]!;
    const trial = this._trials.get(size) ?? { before: new Lanes(freeAt), after: new Lanes(freeAt) };
    this._trials.set(size, trial);
    const { before, after } = trial;
    const queue = this._arrangement.queues[node]!;
    if (from === queue.length) {
      before.copy(this._lanes[node]!);
    } else {
      this._restart(node, before);
    }
    for (let place = from; place <= queue.length; place++) {
      after.copy(before);
      after.place(added.devices, added.seconds);
      for (let later = place; later < queue.length; later++) {
        this._place(queue[later]!, after);
      }
      look(place, after);
      if (place < queue.length) {
        this._place(queue[place]!, before);
      }
    }
  }

  /** Nothing but what goes on where it runs. */
  private _restart(node: number, lanes: Lanes): void {
    lanes.reset(this._lanes[node]!);
    for (const job of this._kept[node]!) {
      const { devices, seconds } = this._problem.jobs[job]!.current!.config;
      lanes.place(devices, seconds);
    }
  }

  private _place(job: number, lanes: Lanes): void {
    const { devices, seconds } = this._problem.jobs[job]!.configs[this._arrangement.config[job]!]!;
    lanes.place(devices, seconds);
  }
}
