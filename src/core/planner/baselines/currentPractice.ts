import type { IProblem } from '../problem/problem.js';
import type { ISchedule } from '../schedule/schedule.js';
import { ListSchedule } from './listSchedule.js';
import { WholeNodes } from './wholeNode.js';

/**
 * An expert without a scheduler: each task has a node to itself and runs there by its fastest strategy. Longest
 * tasks first, so that the nodes finish close together.
 */
export function currentPractice(problem: IProblem): ISchedule {
  const list = new ListSchedule(problem);
  const nodes = new WholeNodes(list);
  const fastest = problem.jobs.map(({ configs }) =>
    configs.reduce((least, { seconds }) => Math.min(least, seconds), Infinity)
  );
  for (const job of list.waiting.sort((a, b) => fastest[b]! - fastest[a]! || a - b)) {
    nodes.place(job, node => list.frontOn(job, node).at(-1));
  }
  return list.schedule();
}
