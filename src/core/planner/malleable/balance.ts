import type { Problem } from '../problem.js';
import type { Relaxation } from './relaxation.js';

/** A change must make the fullest node emptier by this share of the makespan. */
const GAIN = 1e-6;

/**
 * Share jobs out over nodes evenly by their prices, which tell how much of a node each takes whatever it runs as: move
 * a job from the node that is done last, or exchange it for another, while that helps. Jobs that run stay on their
 * nodes.
 *
 * @param nodes per job, the node to begin with.
 * @returns per job, its node.
 */
export function balance(problem: Problem, nodes: readonly number[], relaxation: Relaxation): number[] {
  const { prices, soonest } = relaxation;
  const where = [...nodes];
  const sums = problem.nodes.map(() => 0);
  for (const [job, node] of where.entries()) {
    sums[node]! += prices[job]!;
  }
  const fits = (job: number, node: number) => {
    const { configs, current } = problem.jobs[job]!;
    return (
      (current === undefined || current.node === node) &&
      configs[0]!.devices <= problem.nodes[node]!.devices.length
    );
  };
  // To move is to exchange for no job.
  const empty = problem.nodes.map((_, node): [number, number] => [-1, node]);
  for (;;) {
    const ends = sums.map((sum, node) => soonest(node, sum));
    const last = ends.reduce((most, end, node) => (end > ends[most]! ? node : most), 0);
    const least = GAIN * ends[last]!;
    let best: { from: number; to: number; node: number; end: number } | undefined;
    for (const [from, node] of where.entries()) {
      if (node !== last) {
        continue;
      }
      for (const [to, other] of [...where.entries(), ...empty]) {
        if (other === last || !fits(from, other) || (to >= 0 && !fits(to, last))) {
          continue;
        }
        const moved = prices[from]! - (to < 0 ? 0 : prices[to]!);
        const end = Math.max(soonest(last, sums[last]! - moved), soonest(other, sums[other]! + moved));
        if (end < (best?.end ?? ends[last]! - least)) {
          best = { from, to, node: other, end };
        }
      }
    }
    if (best === undefined) {
      return where;
    }
    const { from, to, node } = best;
    where[from] = node;
    sums[last]! -= prices[from]!;
    sums[node]! += prices[from]!;
    if (to >= 0) {
      where[to] = last;
      sums[last]! += prices[to]!;
      sums[node]! -= prices[to]!;
    }
  }
}
