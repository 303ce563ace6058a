import { frontOn, type IConfig } from '../problem/pareto.js';
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
 * Good plans at once. For each of a series of target makespans, every job takes, for each kind of nodes, the
 * configuration that costs the fewest device-seconds among those fast enough, and list scheduling by several
 * priorities puts them on nodes.
 *
 * @returns the shortest plan found and its makespan.
 */
export function construct(problem: IProblem, bound: number): { arrangement: IArrangement; makespan: number } {
  const lanes = lanesOf(problem);
  const fronts = frontsByKind(problem);
  let best: { arrangement: IArrangement; makespan: number } | undefined;
  let previous: string | undefined;
  for (const factor of TARGETS) {
    const choice = cheapestWithin(problem, fronts, bound * factor);
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

/** Per kind of nodes and job, what counts on the largest of these nodes; see {@link frontOn}. */
function frontsByKind({ nodes, jobs }: IProblem): number[][][] {
  const largest: number[] = [];
  for (const [node, { kind, devices }] of nodes.entries()) {
    if (devices.length > (nodes[largest[kind] ?? -1]?.devices.length ?? -1)) {
      largest[kind] = node;
    }
  }
  return largest.map(node => jobs.map(({ configs }) => frontOn(configs, node, nodes[node]!.devices.length)));
}

/**
 * Per kind of nodes and job, the configuration with the least device-seconds among those that take at most `target`;
 * the fastest where none does on any node, and -1 where none does on these.
 */
function cheapestWithin({ jobs }: IProblem, fronts: number[][][], target: number): number[][] {
  const fastest = jobs.map(({ configs }, job) =>
    fronts.reduce((least, own) => Math.min(least, configs[own[job]!.at(-1)!]?.seconds ?? Infinity), Infinity)
  );
  return fronts.map(own =>
    jobs.map(({ configs }, job) => {
      const front = own[job]!;
      const within = Math.max(target, fastest[job]!);
      let best = -1;
      for (let i = front.length - 1; i >= 0 && configs[front[i]!]!.seconds <= within; i--) {
        if (best < 0 || area(configs[front[i]!]!) <= area(configs[best]!)) {
          best = front[i]!;
        }
      }
      return best;
    })
  );
}

function area(config: IConfig): number {
  return config.devices * config.seconds;
}

function listSchedule(
  problem: IProblem,
  lanes: Lanes[],
  choice: number[][],
  priority: (config: IConfig) => number
): IArrangement {
  for (const lane of lanes) {
    lane.reset();
  }
  // Where kinds of nodes differ, a job's place in the order is that of its cheapest configuration.
  const typical = problem.jobs.map(({ configs }, job) =>
    choice
      .flatMap(own => configs[own[job]!] ?? [])
      .reduce((least, config) => (area(config) < area(least) ? config : least))
  );
  const order = problem.jobs
    .map((_, job) => job)
    .sort((a, b) => {
      const [x, y] = [typical[a]!, typical[b]!];
      return priority(y) - priority(x) || y.seconds - x.seconds || a - b;
    });
  const queues: number[][] = problem.nodes.map(() => []);
  const chosen = problem.jobs.map(() => 0);
  for (const job of order) {
    const { configs } = problem.jobs[job]!;
    const node = soonest(problem, lanes, kind => configs[choice[kind]![job]!]);
    chosen[job] = choice[problem.nodes[node]!.kind]![job]!;
    const { devices, seconds } = configs[chosen[job]!]!;
    lanes[node]!.place(devices, seconds);
    queues[node]!.push(job);
  }
  return { config: chosen, queues };
}

/** The node where a job ends first; of equals the one with fewer devices, to keep large nodes for large jobs. */
function soonest(
  { nodes }: IProblem,
  lanes: Lanes[],
  configOn: (kind: number) => IConfig | undefined
): number {
  let best = -1;
  let bestEnd = Infinity;
  for (const [node, lane] of lanes.entries()) {
    const config = configOn(nodes[node]!.kind);
    if (config === undefined || lane.size < config.devices) {
      continue;
    }
    const end = lane.startOf(config.devices) + config.seconds;
    if (end < bestEnd || (end === bestEnd && lane.size < lanes[best]!.size)) {
      best = node;
      bestEnd = end;
    }
  }
  return best;
}
