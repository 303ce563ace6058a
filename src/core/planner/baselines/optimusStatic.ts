import type { IProblem } from '../problem/problem.js';
import type { ISchedule } from '../schedule/schedule.js';
import { ListSchedule, mayUse } from './listSchedule.js';
import { apportion } from './marginalGain.js';

/**
 * Optimus as the Saturn paper adapts it, one shot (sections 4.3 and 5): tasks are dealt to nodes, on each of them
 * {@link apportion} settles once and for all how many devices each task gets, the best strategy for that many is
 * taken, and the tasks start longest first as devices become free. A node with at least as many tasks as devices has
 * none to spare: there, as in the paper's listing, every task stays on the fewest it can use.
 */
export function optimusStatic(problem: IProblem): ISchedule {
  const list = new ListSchedule(problem);
  for (const [node, jobs] of dealt(problem, list).entries()) {
    const ladders = jobs.map(job => list.frontOn(job, node));
    const rungs = apportion(ladders, list.free[node]!.length);
    const chosen = jobs.map((job, i) => ({ job, config: ladders[i]![rungs[i]!]! }));
    chosen.sort((a, b) => b.config.seconds - a.config.seconds || a.job - b.job);
    for (const { job, config } of chosen) {
      list.place(job, config, node);
    }
  }
  return list.schedule();
}

/** Per node its jobs: those with most work first, each to the node that then has least work per device. */
function dealt(problem: IProblem, list: ListSchedule): number[][] {
  const hands: number[][] = problem.nodes.map(() => []);
  const load = list.free.map(free => free.reduce((sum, seconds) => sum + seconds, 0));
  const work = list.waiting.map(job => ({
    job,
    seconds: Math.min(...problem.jobs[job]!.configs.map(config => config.devices * config.seconds))
  }));
  for (const { job, seconds } of work.sort((a, b) => b.seconds - a.seconds || a.job - b.job)) {
    const { configs } = problem.jobs[job]!;
    let best = -1;
    let bestShare = Infinity;
    for (const [node, free] of list.free.entries()) {
      const share = (load[node]! + seconds) / free.length;
      if (share < bestShare && configs.some(config => mayUse(problem, config, node))) {
        best = node;
        bestShare = share;
      }
    }
    hands[best]!.push(job);
    load[best]! += seconds;
  }
  return hands;
}
