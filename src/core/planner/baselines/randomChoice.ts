import type { Problem } from '../problem.js';
import { below, type Random } from '../random.js';
import type { Schedule } from '../schedule/schedule.js';
import { keepRunning } from './wholeNode.js';

/** Random order, random strategy, random node on which it fits. */
export function randomChoice(problem: Problem, next: Random): Schedule {
  const { scheduler, waiting } = keepRunning(problem);
  for (let i = waiting.length - 1; i > 0; i--) {
    const other = below(next, i + 1);
    [waiting[i], waiting[other]] = [waiting[other]!, waiting[i]!];
  }
  for (const job of waiting) {
    const { perCount } = problem.jobs[job]!;
    const config = perCount[below(next, perCount.length)]!;
    const nodes = scheduler.timelines.flatMap(({ size }, node) => (size >= config.devices ? [node] : []));
    scheduler.place(job, config, nodes[below(next, nodes.length)]!);
  }
  return scheduler.schedule();
}
