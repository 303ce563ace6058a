import { jobsInOrder, nodeContents } from '../exact/nodeContents.js';
import { type INodeOptimum, shortestOnNode } from '../exact/nodeOptimum.js';
import type { IProblem } from '../problem/problem.js';
import { type IArrangement, KEPT } from '../schedule/arrangement.js';

/** What is known of the only node's plan, how long to search for a better one, and whom to tell. */
export interface ILoneNodeSearch {
  /** No plan is shorter, in seconds. */
  bound: number;
  /** Of the shortest plan known, in seconds. */
  makespan: number;
  /** States to visit at most. */
  states: number;
  /** Asked now and then, and told in the end how many states were visited; the search is over when it says 1. */
  progress(states: number): number;
  /** Told of each shorter plan. */
  offer(arrangement: IArrangement, makespan: number): void;
  /** Told of each better bound. */
  raise(bound: number): void;
}

/** Search for the shortest plan on the only node that has devices; jobs that cannot run there are as in `known`. */
export function searchLoneNode(
  problem: IProblem,
  known: IArrangement,
  { bound, makespan, states, progress, offer, raise }: ILoneNodeSearch
): INodeOptimum {
  const node = problem.nodes.findIndex(({ devices }) => devices.length > 0);
  const packing = nodeContents(
    problem,
    node,
    problem.jobs.map((_, job) => job)
  );
  const found = shortestOnNode(
    packing.problem,
    bound,
    makespan,
    { nodes: states, stop: () => progress(0) >= 1 },
    {
      onPlan: plan => {
        const config = [...known.config];
        const queues: number[][] = problem.nodes.map(() => []);
        for (const packed of jobsInOrder(packing, plan)) {
          config[packed.job] = packed.config;
          if (packed.config !== KEPT) {
            queues[node]!.push(packed.job);
          }
        }
        offer({ config, queues }, plan.makespan);
      },
      onBound: raise
    }
  );
  progress(found.nodes);
  return found;
}
