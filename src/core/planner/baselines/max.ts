import type { IProblem } from '../problem/problem.js';
import type { ISchedule } from '../schedule/schedule.js';
import { ListSchedule } from './listSchedule.js';
import { WholeNodes } from './wholeNode.js';

/** Every task on as many devices of a node as it can use, one after another in the given order. */
export function max(problem: IProblem): ISchedule {
  const list = new ListSchedule(problem);
  const nodes = new WholeNodes(list);
  for (const job of list.waiting) {
    nodes.place(job, node => list.countsOn(job, node).at(-1));
  }
  return list.schedule();
}
