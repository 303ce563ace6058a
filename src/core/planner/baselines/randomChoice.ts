import type { Problem } from '../problem.js';
import { below, type Random } from '../random.js';
import type { Schedule } from '../schedule/schedule.js';
import { Ground, mayUse } from './ground.js';

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
    const nodes = problem.nodes.flatMap(({ devices }, node) =>
      mayUse(problem, config, node) ? devices.map(() => node) : []
    );
    ground.place(job, config, nodes[below(next, nodes.length)]!);
  }
  return ground.schedule();
}
