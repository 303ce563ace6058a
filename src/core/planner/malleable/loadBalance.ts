import { below, type Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import type { ISwitchingRelaxation } from './switchingRelaxation.js';

/** Nodes that are done at the bound but for this share are filled evenly enough. */
const ENOUGH = 1e-4;

/** A change must make the fullest node emptier by this share of the makespan. */
const GAIN = 1e-6;

/** Exchanges made at random to leave a sharing that small changes do not better. */
const KICKS = 3;

/** Tries times jobs: more jobs are easier to share out evenly. */
const EFFORT = 10_000;

/**
 * Share jobs out over nodes evenly by their prices, which tell how much of a node each takes whatever it runs as. Jobs
 * that run stay on their nodes.
 *
 * @param nodes per job, the node to begin with.
 * @param more whether there is time to look on.
 * @returns per job, its node.
 */
export function balanceLoads(
  problem: IProblem,
  nodes: readonly number[],
  relaxation: ISwitchingRelaxation,
  random: Random,
  more: () => boolean
): number[] {
  let best = new Sharing(problem, nodes, relaxation);
  best.descend();
  const tries = problem.nodes.length < 2 ? 0 : Math.ceil(EFFORT / problem.jobs.length);
  for (let i = 0; i < tries && best.end > relaxation.bound * (1 + ENOUGH) && more(); i++) {
    const next = new Sharing(problem, best.where, relaxation);
    next.kick(random);
    next.descend();
    if (next.end <= best.end) {
      best = next;
    }
  }
  return best.where;
}

/** Which job is on which node. */
class Sharing {
  readonly where: number[];
  private readonly _sums: number[];
  /** To move a job is to exchange it for none. */
  private readonly _none: [number, number][];

  constructor(
    private readonly _problem: IProblem,
    nodes: readonly number[],
    private readonly _relaxation: ISwitchingRelaxation
  ) {
    this.where = [...nodes];
    this._sums = _problem.nodes.map(() => 0);
    this._none = _problem.nodes.map((_, node) => [-1, node]);
    for (const [job, node] of nodes.entries()) {
      this._sums[node]! += _relaxation.price(job, node);
    }
  }

  /** When the last node is done, about. */
  get end(): number {
    return this._sums.reduce((latest, sum, node) => Math.max(latest, this._relaxation.soonest(node, sum)), 0);
  }

  /** Move a job from the node that is done last, or exchange it for another, the best way each time while any helps. */
  descend(): void {
    const { price, soonest } = this._relaxation;
    for (;;) {
      const { _sums: sums, where } = this;
      const ends = sums.map((sum, node) => soonest(node, sum));
      const last = ends.reduce((most, end, node) => (end > ends[most]! ? node : most), 0);
      let least = ends[last]! * (1 - GAIN);
      let best: [number, number, number] | undefined;
      for (const [from, node] of where.entries()) {
        if (node !== last || this._stays(from)) {
          continue;
        }
        for (const [to, other] of [...where.entries(), ...this._none]) {
          if (other === last || this._stays(to)) {
            continue;
          }
          const [out, back] = to < 0 ? [0, 0] : [price(to, other), price(to, last)];
          const end = Math.max(
            soonest(last, sums[last]! - price(from, last) + back),
            soonest(other, sums[other]! - out + price(from, other))
          );
          if (end < least) {
            least = end;
            best = [from, to, other];
          }
        }
      }
      if (best === undefined) {
        return;
      }
      this._exchange(...best);
    }
  }

  /** A few exchanges at random. */
  kick(random: Random): void {
    const { price } = this._relaxation;
    for (let i = 0; i < KICKS; i++) {
      const from = below(random, this.where.length);
      const to = below(random, this.where.length);
      const [a, b] = [this.where[from]!, this.where[to]!];
      if (!this._stays(from) && !this._stays(to) && price(from, b) < Infinity && price(to, a) < Infinity) {
        this._exchange(from, to, b);
      }
    }
  }

  private _exchange(from: number, to: number, node: number): void {
    const before = this.where[from]!;
    this._move(from, node);
    if (to >= 0) {
      this._move(to, before);
    }
  }

  private _move(job: number, node: number): void {
    const { _sums: sums, where } = this;
    sums[where[job]!]! -= this._relaxation.price(job, where[job]!);
    sums[node]! += this._relaxation.price(job, node);
    where[job] = node;
  }

  private _stays(job: number): boolean {
    return this._problem.jobs[job]?.current !== undefined;
  }
}
