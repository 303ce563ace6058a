import type { IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import { Lanes } from '../schedule/lanes.js';
import type { ISchedule } from '../schedule/schedule.js';
import { ListSchedule, mayUse } from './listSchedule.js';

/**
 * Every task on as few devices as it can use, in the given order. When there are more devices than tasks, each may
 * use an even share of them.
 */
export function min(problem: IProblem): ISchedule {
  const list = new ListSchedule(problem);
  const share = Math.floor(problem.deviceCount / Math.max(1, problem.jobs.length + problem.running.length));
  const lanes = list.free.map(free => new Lanes(free));
  for (const job of list.waiting) {
    const configs = problem.jobs[job]!.perCount.filter(({ span }) => span === undefined);
    const fitting = configs.filter(config => config.devices <= share);
    const config =
      fitting.at(-1) ?? configs[0] ?? list.free.flatMap((_, node) => list.countsOn(job, node))[0]!;
    const node = soonest(problem, lanes, config);
    list.place(job, config, node);
    if (config.among === undefined) {
      lanes[node]!.place(config.devices, config.seconds);
    } else {
      lanes[node] = new Lanes(list.free[node]!);
    }
  }
  return list.schedule();
}

/** The node on which a configuration can start first; the smallest such node among equals. */
function soonest(problem: IProblem, lanes: Lanes[], config: IConfig): number {
  let best = -1;
  for (const [node, lane] of lanes.entries()) {
    if (mayUse(problem, config, node)) {
      const sooner = best < 0 ? -1 : lane.startOf(config.devices) - lanes[best]!.startOf(config.devices);
      if (sooner < 0 || (sooner === 0 && lane.size < lanes[best]!.size)) {
        best = node;
      }
    }
  }
  return best;
}
