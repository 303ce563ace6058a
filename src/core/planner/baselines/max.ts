import type { Problem } from '../problem.js';
import type { Schedule } from '../schedule/schedule.js';
import { fitting, keepRunning, WholeNodes } from './wholeNode.js';

/** Every task on as many devices of a node as it can use, one after another in the given order. */
export function max(problem: Problem): Schedule {
  const { scheduler, waiting } = keepRunning(problem);
  const nodes = new WholeNodes(scheduler);
  for (const job of waiting) {
    nodes.place(job, size => fitting(problem.jobs[job]!.perCount, size).at(-1));
  }
  return scheduler.schedule();
}
