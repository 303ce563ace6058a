import { frontOn } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import type { INodePlan, INodeProblem } from './nodeProblem.js';

/** Jobs of a problem that are to share one of its nodes, as the exact search sees them. */
export interface INodeContents {
  problem: INodeProblem;
  /** Per type, the jobs it stands for. */
  jobs: number[][];
  /** Per type and configuration there, the index into the jobs' `configs`, or {@link KEPT}. */
  configs: number[][];
}

/** A job and the configuration it takes: index into its `configs`, or {@link KEPT}. */
export interface INodeJob {
  job: number;
  config: number;
}

/**
 * Jobs that are to run on a node and on no other. One that runs there may go on.
 *
 * @param jobs - indexes into {@link IProblem.jobs}.
 * @param fixed - per job of the problem, the only configuration it may take, or {@link KEPT}; any if left out.
 */
export function nodeContents(
  problem: IProblem,
  node: number,
  jobs: number[],
  fixed?: number[]
): INodeContents {
  const { freeAt } = problem.nodes[node]!;
  const byKey = new Map<string, number>();
  const packing: INodeContents = { problem: { free: freeAt, types: [] }, jobs: [], configs: [] };
  const types: { count: number; configs: INodeProblem['types'][number]['configs'] }[] = [];
  for (const job of jobs) {
    const { configs, current } = problem.jobs[job]!;
    const indexes = frontOn(configs, node, freeAt.length);
    if (current?.node === node) {
      indexes.push(KEPT);
    }
    const allowed = fixed === undefined ? indexes : indexes.filter(index => index === fixed[job]);
    const ways = allowed.map(index => {
      const { devices, seconds } = index === KEPT ? current!.config : configs[index]!;
      return { devices, seconds, ...(index === KEPT && { onlyAtStart: true }) };
    });
    const key = JSON.stringify([allowed, ways]);
    const type = byKey.get(key);
    if (type === undefined) {
      byKey.set(key, types.length);
      types.push({ count: 1, configs: ways });
      packing.jobs.push([job]);
      packing.configs.push(allowed);
    } else {
      types[type]!.count++;
      packing.jobs[type]!.push(job);
    }
  }
  packing.problem.types = types;
  return packing;
}

/** The jobs in the order of a plan: those kept first, since they hold their devices from the start. */
export function jobsInOrder({ jobs, configs }: INodeContents, { order }: INodePlan): INodeJob[] {
  const next = jobs.map(() => 0);
  const packed = order.map(({ type, config }) => ({
    job: jobs[type]![next[type]!++]!,
    config: configs[type]![config]!
  }));
  return [
    ...packed.filter(({ config }) => config === KEPT),
    ...packed.filter(({ config }) => config !== KEPT)
  ];
}
