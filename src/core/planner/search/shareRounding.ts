import type { IShares } from '../bounds/fractionalBound.js';
import type { Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { type IArrangement, KEPT } from '../schedule/arrangement.js';

/** Worth below which a device is as good as free. */
const FREE = 0.05;

/** A job with the class of nodes and the configuration that it is given. */
interface IRounded {
  job: number;
  config: number;
  nodeClass: number;
  devices: number;
  seconds: number;
}

/**
 * Whole jobs from fractions of them: each job takes one of the columns that its type has a share of, by chance where
 * shares are fractions. On the nodes of a class they are shared out evenly, and the longest come first.
 */
export function roundShares(problem: IProblem, { loads, shares }: IShares, random: Random): IArrangement {
  const arrangement: IArrangement = {
    config: problem.jobs.map(() => 0),
    queues: problem.nodes.map(() => [])
  };
  const held = problem.nodes.map(({ freeAt }) => freeAt.reduce((sum, free) => sum + free, 0));
  const rounded = loads.types.flatMap(({ jobs }, type) => {
    const columns = drawn(shares, loads.starts[type]!, loads.starts[type + 1]!, jobs.length, random);
    return columns.map((c, i): IRounded => ({ job: jobs[i]!, ...loads.columns[c]! }));
  });
  const area = ({ devices, seconds }: IRounded) => devices * seconds;
  for (const one of rounded.sort((a, b) => area(b) - area(a) || a.job - b.job)) {
    const { nodes } = loads.classes[one.nodeClass]!;
    const current = one.config === KEPT ? problem.jobs[one.job]!.current!.node : undefined;
    const node = current ?? nodes.reduce((least, other) => (held[other]! < held[least]! ? other : least));
    held[node]! += area(one);
    arrangement.config[one.job] = one.config;
    if (one.config !== KEPT) {
      arrangement.queues[node]!.push(one.job);
    }
  }
  const seconds = new Map(rounded.map(one => [one.job, one.seconds]));
  for (const queue of arrangement.queues) {
    queue.sort((a, b) => seconds.get(b)! - seconds.get(a)! || a - b);
  }
  return arrangement;
}

/** So many columns, each as often as its share says, give or take one. */
function drawn(shares: Float64Array, from: number, to: number, count: number, random: Random): number[] {
  const columns: number[] = [];
  let left = random();
  let last = from;
  for (let c = from; c < to; c++) {
    if (shares[c]! > 0) {
      last = c;
      left += shares[c]!;
      while (left >= 1 && columns.length < count) {
        columns.push(c);
        left--;
      }
    }
  }
  while (columns.length < count) {
    columns.push(last);
  }
  return columns;
}

/**
 * What a second of a device is worth on each node, 1 on average; undefined where it is worth nothing on some, since
 * room to spare in fractions need not be room for whole jobs.
 */
export function worthOfNodes({ nodes }: IProblem, { loads, worth }: IShares): number[] | undefined {
  const byClass = new Map(
    loads.classes.flatMap((one, c) => one.nodes.map(node => [node, worth[c]!] as const))
  );
  return worth.some(own => own < FREE) ? undefined : nodes.map((_, node) => byClass.get(node) ?? 1);
}
