import type { IAssigned } from '../bounds/assignmentSearch.js';
import { jobsInOrder, nodeContents } from '../exact/nodeContents.js';
import { decideNode } from '../exact/nodeSearch.js';
import type { IProblem } from '../problem/problem.js';
import { type IArrangement, KEPT, realise } from '../schedule/arrangement.js';

/** States the exact search visits for each node. */
const STATES = 20_000;

/** Jobs packed on the nodes they are assigned to. */
export interface IPackedNodes {
  arrangement: IArrangement;
  /** In seconds. */
  makespan: number;
  /** Per node, whether its jobs, as they are assigned, are proven not to be done before the target. */
  overfull: boolean[];
}

/**
 * Put jobs in an order on the nodes they are assigned to, so that every node is done before the target if that is
 * found to be possible, with the configurations told or else with others. Where it is not, the longest come first.
 */
export function packNodes(problem: IProblem, nodes: IAssigned[][], target: number): IPackedNodes {
  const arrangement: IArrangement = {
    config: problem.jobs.map(() => 0),
    queues: problem.nodes.map(() => [])
  };
  for (const { job, config } of nodes.flat()) {
    arrangement.config[job] = config;
  }
  const overfull = nodes.map((assigned, node) => {
    const jobs = assigned.map(({ job }) => job);
    let fixed = false;
    for (const configs of [arrangement.config, undefined]) {
      const packing = nodeContents(problem, node, jobs, configs);
      const { answer, plan } = decideNode(packing.problem, target, { nodes: STATES });
      if (plan !== undefined) {
        for (const { job, config } of jobsInOrder(packing, plan)) {
          arrangement.config[job] = config;
          if (config !== KEPT) {
            arrangement.queues[node]!.push(job);
          }
        }
        return fixed;
      }
      fixed ||= configs !== undefined && answer === 'infeasible';
    }
    const seconds = (job: number) => problem.jobs[job]!.configs[arrangement.config[job]!]!.seconds;
    arrangement.queues[node] = jobs
      .filter(job => arrangement.config[job] !== KEPT)
      .sort((a, b) => seconds(b) - seconds(a) || a - b);
    return fixed;
  });
  return { arrangement, makespan: realise(problem, arrangement).makespan, overfull };
}
