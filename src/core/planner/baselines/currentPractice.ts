import type { Problem } from '../problem.js';
import type { Schedule } from '../schedule/schedule.js';
import { fitting, keepRunning, WholeNodes } from './wholeNode.js';

/**
 * An expert without a scheduler: each task has a node to itself and runs there by its fastest strategy. Longest
 * tasks first, so that the nodes finish close together.
 */
export function currentPractice(problem: Problem): Schedule {
  const { scheduler, waiting } = keepRunning(problem);
  const fastest = (job: number) => problem.jobs[job]!.configs.at(-1)!.seconds;
  const nodes = new WholeNodes(scheduler);
  for (const job of waiting.sort((a, b) => fastest(b) - fastest(a) || a - b)) {
    nodes.place(job, size => fitting(problem.jobs[job]!.configs, size).at(-1));
  }
  return scheduler.schedule();
}
