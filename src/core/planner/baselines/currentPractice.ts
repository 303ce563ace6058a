import type { Problem } from '../problem/problem.js';
import type { Schedule } from '../schedule/schedule.js';
import { Ground } from './listSchedule.js';
import { WholeNodes } from './wholeNode.js';

/**
 * An expert without a scheduler: each task has a node to itself and runs there by its fastest strategy. Longest
 * tasks first, so that the nodes finish close together.
 */
export function currentPractice(problem: Problem): Schedule {
  const ground = new Ground(problem);
  const nodes = new WholeNodes(ground);
  const fastest = problem.jobs.map(({ configs }) =>
    configs.reduce((least, { seconds }) => Math.min(least, seconds), Infinity)
  );
  for (const job of ground.waiting.sort((a, b) => fastest[b]! - fastest[a]! || a - b)) {
    nodes.place(job, node => ground.frontOn(job, node).at(-1));
  }
  return ground.schedule();
}
