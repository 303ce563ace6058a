import { below, type Random } from '../common/random.js';
import type { Config } from '../problem/pareto.js';
import type { Problem } from '../problem/problem.js';
import type { Schedule } from '../schedule/schedule.js';
import { Ground, mayUse } from './listSchedule.js';

/** Random order, random strategy, random node on which it fits; larger nodes are likelier, as in the paper. */
export function randomChoice(problem: Problem, next: Random): Schedule {
  const ground = new Ground(problem);
  const { waiting } = ground;
  for (let i = waiting.length - 1; i > 0; i--) {
    const other = below(next, i + 1);
    [waiting[i], waiting[other]] = [waiting[other]!, waiting[i]!];
  }
  for (const job of waiting) {
    const { configs, perCount } = problem.jobs[job]!;
    const single = perCount.filter(({ span }) => span === undefined);
    const choices = single.length > 0 ? single : configs.filter(({ span }) => span === undefined);
    const config = choices[below(next, choices.length)]!;
    ground.place(job, config, nodeOf(problem, config, next));
  }
  return ground.schedule();
}

/** The node of a device drawn from all those of nodes on which a configuration may run. */
function nodeOf(problem: Problem, config: Config, next: Random): number {
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
