import type { Problem } from '../problem.js';
import type { Schedule } from '../schedule/schedule.js';
import { apportion } from './marginalGain.js';
import { fitting, keepRunning } from './wholeNode.js';

/**
 * Optimus as the Saturn paper adapts it, one shot (sections 4.3 and 5): tasks are dealt to nodes, on each of them
 * {@link apportion} settles once and for all how many devices each task gets, the best strategy for that many is
 * taken, and the tasks start longest first as devices become free. A node with at least as many tasks as devices has
 * none to spare: there, as in the paper's listing, every task stays on the fewest it can use.
 */
export function optimusStatic(problem: Problem): Schedule {
  const { scheduler, waiting } = keepRunning(problem);
  for (const [node, jobs] of dealt(problem, waiting).entries()) {
    const { size } = scheduler.timelines[node]!;
    const ladders = jobs.map(job => fitting(problem.jobs[job]!.configs, size));
    const rungs = apportion(ladders, size);
    const chosen = jobs.map((job, i) => ({ job, config: ladders[i]![rungs[i]!]! }));
    chosen.sort((a, b) => b.config.seconds - a.config.seconds || a.job - b.job);
    for (const { job, config } of chosen) {
      scheduler.place(job, config, node);
    }
  }
  return scheduler.schedule();
}

/** Per node its jobs: those with most work first, each to the node that then has least work per device. */
function dealt(problem: Problem, jobs: number[]): number[][] {
  const hands: number[][] = problem.nodes.map(() => []);
  const load = problem.nodes.map(({ freeAt }) => freeAt.reduce((sum, seconds) => sum + seconds, 0));
  const work = jobs.map(job => ({
    job,
    seconds: Math.min(...problem.jobs[job]!.configs.map(config => config.devices * config.seconds))
  }));
  for (const { job, seconds } of work.sort((a, b) => b.seconds - a.seconds || a.job - b.job)) {
    const least = problem.jobs[job]!.configs[0]!.devices;
    let best = -1;
    for (const [node, { devices }] of problem.nodes.entries()) {
      const fuller = best >= 0 && share(node) >= share(best);
      if (devices.length >= least && !fuller) {
        best = node;
      }
    }
    hands[best]!.push(job);
    load[best]! += seconds;

    function share(node: number): number {
      return (load[node]! + seconds) / problem.nodes[node]!.devices.length;
    }
  }
  return hands;
}
