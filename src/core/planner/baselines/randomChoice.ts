import { below, type Random } from '../common/random.js';
import type { IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import type { ISchedule } from '../schedule/schedule.js';
import { ListSchedule, mayUse } from './listSchedule.js';

/** Random order, random strategy, random node on which it fits; larger nodes are likelier, as in the paper. */
export function randomChoice(problem: IProblem, next: Random): ISchedule {
  const list = new ListSchedule(problem);
  const { waiting } = list;
  for (let i = waiting.length - 1; i > 0; i--) {
    const other = below(next, i + 1);
    [waiting[i], waiting[other]] = [waiting[other]!, waiting[i]!];
  }
  for (const job of waiting) {
    const { configs, perCount } = problem.jobs[job]!;
    const single = perCount.filter(({ span }) => span === undefined);
    const choices = single.length > 0 ? single : configs.filter(({ span }) => span === undefined);
    const config = choices[below(next, choices.length)]!;
    list.place(job, config, nodeOf(problem, config, next));
  }
  return list.schedule();
}

/** The node of a device drawn from all those of nodes on which a configuration may run. */
function nodeOf(problem: IProblem, config: IConfig, next: Random): number {
  const sizes = problem.nodes.map(({ devices }, node) =>
    mayUse(problem, config, node) ? devices.length : 0
  );
  let device = below(
    next,
    sizes.reduce((sum, size) => sum + size, 0)
  );
  return sizes.findIndex(size => {
    device -= size;
    return device < 0;
  });
}
