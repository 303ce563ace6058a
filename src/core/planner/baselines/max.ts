import type { Problem } from '../problem/problem.js';
import type { Schedule } from '../schedule/schedule.js';
import { Ground } from './listSchedule.js';
import { WholeNodes } from './wholeNode.js';

/** Every task on as many devices of a node as it can use, one after another in the given order. */
export function max(problem: Problem): Schedule {
  const ground = new Ground(problem);
  const nodes = new WholeNodes(ground);
  for (const job of ground.waiting) {
    nodes.place(job, node => ground.countsOn(job, node).at(-1));
  }
  return ground.schedule();
}
