import type { IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import type { IArrangement } from '../schedule/arrangement.js';
import { type Lanes, lanesOf } from '../schedule/lanes.js';

/** Makespans aimed at, as multiples of the lower bound. */
const TARGETS = Array.from({ length: 24 }, (_, i) => 1 + 0.015 * i + 0.002 * i * i);

/** Orders in which jobs take devices: the greater comes first. */
const PRIORITIES: ((config: IConfig) => number)[] = [
  config => config.seconds,
  config => config.devices * config.seconds,
  config => config.devices
];

/**
 * Good plans at once. For each of a series of target makespans, every job takes the configuration that costs the
 * fewest device-seconds among those fast enough, and list scheduling by several priorities puts them on nodes.
 *
 * @returns the shortest plan found and its makespan.
 */
export function construct(problem: IProblem, bound: number): { arrangement: IArrangement; makespan: number } {
  const lanes = lanesOf(problem);
  let best: { arrangement: IArrangement; makespan: number } | undefined;
  let previous: string | undefined;
  for (const factor of TARGETS) {
    const choice = cheapestWithin(problem, bound * factor);
    const key = choice.join();
    if (key === previous) {
      continue;
    }
    previous = key;
    for (const priority of PRIORITIES) {
      const arrangement = listSchedule(problem, lanes, choice, priority);
      const makespan = lanes.reduce((latest, lane) => Math.max(latest, lane.end), 0);
      if (best === undefined || makespan < best.makespan) {
        best = { arrangement, makespan };
      }
    }
  }
  return best!;
}

/** Per job, the configuration with the least device-seconds among those that take at most `target`. */
function cheapestWithin(problem: IProblem, target: number): number[] {
  return problem.jobs.map(({ configs }) => {
    let best = configs.length - 1;
    for (let i = best - 1; i >= 0 && configs[i]!.seconds <= target; i--) {
      if (area(configs[i]!) <= area(configs[best]!)) {
        best = i;
      }
    }
    return best;
  });
}

function area(config: IConfig): number {
  return config.devices * config.seconds;
}

function listSchedule(
  problem: IProblem,
  lanes: Lanes[],
  choice: number[],
  priority: (config: IConfig) => number
): IArrangement {
  for (const lane of lanes) {
    lane.reset();
  }
  const configOf = (job: number) => problem.jobs[job]!.configs[choice[job]!]!;
  const order = problem.jobs
    .map((_, job) => job)
    .sort((a, b) => {
      const [x, y] = [configOf(a), configOf(b)];
      return priority(y) - priority(x) || y.seconds - x.seconds || a - b;
    });
  const queues: number[][] = problem.nodes.map(() => []);
  for (const job of order) {
    const { devices, seconds } = configOf(job);
    const node = soonest(lanes, devices);
    lanes[node]!.place(devices, seconds);
    queues[node]!.push(job);
  }
  return { config: choice, queues };
}

/** The node that can start first; of equals the one with fewer devices, to keep large nodes for large jobs. */
function soonest(lanes: Lanes[], devices: number): number {
  let best = -1;
  for (const [node, lane] of lanes.entries()) {
    if (lane.size < devices) {
      continue;
    }
    const rival = lanes[best];
    if (rival !== undefined) {
      const [start, other] = [lane.startOf(devices), rival.startOf(devices)];
      if (start > other || (start === other && lane.size >= rival.size)) {
        continue;
      }
    }
    best = node;
  }
  return best;
}
