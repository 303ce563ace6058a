import { below, type Random } from '../common/random.js';
import type { Problem } from '../problem/problem.js';
import type { Relaxation } from './switchingRelaxation.js';

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
export function balance(
  problem: Problem,
  nodes: readonly number[],
  relaxation: Relaxation,
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
  private readonly sums: number[];
  /** To move a job is to exchange it for none. */
  private readonly none: [number, number][];

  constructor(
    private readonly problem: Problem,
    nodes: readonly number[],
    private readonly relaxation: Relaxation
  ) {
    this.where = [...nodes];
    this.sums = problem.nodes.map(() => 0);
    this.none = problem.nodes.map((_, node) => [-1, node]);
    for (const [job, node] of nodes.entries()) {
      this.sums[node]! += relaxation.price(job, node);
    }
  }

  /** When the last node is done, about. */
  get end(): number {
    return this.sums.reduce((latest, sum, node) => Math.max(latest, this.relaxation.soonest(node, sum)), 0);
  }

  /** Move a job from the node that is done last, or exchange it for another, the best way each time while any helps. */
  descend(): void {
    const { price, soonest } = this.relaxation;
    for (;;) {
      const { sums, where } = this;
      const ends = sums.map((sum, node) => soonest(node, sum));
      const last = ends.reduce((most, end, node) => (end > ends[most]! ? node : most), 0);
      let least = ends[last]! * (1 - GAIN);
      let best: [number, number, number] | undefined;
      for (const [from, node] of where.entries()) {
        if (node !== last || this.stays(from)) {
          continue;
        }
        for (const [to, other] of [...where.entries(), ...this.none]) {
          if (other === last || this.stays(to)) {
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
      this.exchange(...best);
    }
  }

  /** A few exchanges at random. */
  kick(random: Random): void {
    const { price } = this.relaxation;
    for (let i = 0; i < KICKS; i++) {
      const from = below(random, this.where.length);
      const to = below(random, this.where.length);
      const [a, b] = [this.where[from]!, this.where[to]!];
      if (!this.stays(from) && !this.stays(to) && price(from, b) < Infinity && price(to, a) < Infinity) {
        this.exchange(from, to, b);
      }
    }
  }

  private exchange(from: number, to: number, node: number): void {
    const before = this.where[from]!;
    this.move(from, node);
    if (to >= 0) {
      this.move(to, before);
    }
  }

  private move(job: number, node: number): void {
    const { sums, where } = this;
    sums[where[job]!]! -= this.relaxation.price(job, where[job]!);
    sums[node]! += this.relaxation.price(job, node);
    where[job] = node;
  }

  private stays(job: number): boolean {
    return this.problem.jobs[job]?.current !== undefined;
  }
}
