import type { Plan } from '../../wire/messages.js';
import { type IBudget, type IProblem, partsOf } from '../problem/problem.js';
import type { ConstrainedRelaxation, IRelaxedJob, IWay } from './constrainedRelaxation.js';

/** What sums of many floating-point numbers may be off by, as a share. */
const ROUNDING = 1e-9;

/** Halvings of the interval in which the bound lies. */
const HALVINGS = 50;

/** Groups of jobs compared with devices of their own, and releases considered: each costs a pass over the jobs. */
const MOST_GROUPS = 24;

export interface IMakespanBound {
  seconds: number;
  binding: Plan['binding'];
}

/**
 * No plan ends sooner: each job takes its time at the soonest, and the jobs that may use only some devices, from
 * some time on, need no more than these have. A job's work is that of its cheapest way that ends in time.
 *
 * @param strict - whether the plan meets deadlines and budgets; if so it may be impossible, and the bound Infinity.
 */
export function makespanBound(relaxation: ConstrainedRelaxation, strict: boolean): IMakespanBound {
  const { jobs, problem } = relaxation;
  const open = jobs.map(job => (strict ? inTime(job) : job));
  if (open.some(({ ways }) => ways.length === 0)) {
    return { seconds: Infinity, binding: 'none' };
  }
  let longest = problem.running.reduce((latest, { config }) => Math.max(latest, config.seconds), 0);
  for (const { ways } of open) {
    longest = Math.max(longest, ways[0]!.end);
  }
  const refutes = refuter(relaxation, open, strict);
  if (strict && refutes(Infinity) !== undefined) {
    return { seconds: Infinity, binding: 'none' };
  }
  let binding = refutes(longest);
  if (binding === undefined) {
    return { seconds: longest * (1 - ROUNDING), binding: longest > 0 ? 'longest-task' : 'none' };
  }
  let low = longest;
  let high = Math.max(1, 2 * longest);
  for (let found = refutes(high); found !== undefined; found = refutes(high)) {
    binding = found;
    low = high;
    high *= 2;
  }
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    const found = refutes(middle);
    if (found === undefined) {
      high = middle;
    } else {
      binding = found;
      low = middle;
    }
  }
  return { seconds: low * (1 - ROUNDING), binding };
}

/**
 * Whether the jobs due by some time have more work than fits before it.
 *
 * @param deadline - of some job.
 */
export function overloaded(relaxation: ConstrainedRelaxation, deadline: number): boolean {
  const due = relaxation.jobs.filter(job => job.deadline <= deadline).map(inTime);
  return due.some(({ ways }) => ways.length === 0) || refuter(relaxation, due, false)(deadline) !== undefined;
}

function inTime(job: IRelaxedJob): IRelaxedJob {
  return { ...job, ways: job.ways.filter(way => way.end <= job.deadline * (1 + ROUNDING)) };
}

/** What shows that the jobs cannot all be done by a time; undefined when nothing does. */
function refuter(
  { freeAt, lanes, problem }: ConstrainedRelaxation,
  jobs: IRelaxedJob[],
  strict: boolean
): (target: number) => Plan['binding'] | undefined {
  const checks = [
    ...groupsOf(jobs).map(({ members, devices, release }) => ({
      binding: 'area' as const,
      demand: demandOf(members, way => way.area),
      supply: (target: number) =>
        roomOf(devices === undefined ? freeAt : [...devices].map(device => freeAt[device]!), release, target)
    })),
    ...lanes.map((free, set) => ({
      binding: 'packing' as const,
      demand: demandOf(
        jobs.filter(job => job.lanes.includes(set)),
        way => way.laneSeconds
      ),
      supply: (target: number) => roomOf(free, 0, target)
    })),
    ...(strict ? problem.budgets : []).map((budget, index) => {
      const left = budget.limit - takenByRunning(problem, budget);
      return {
        binding: 'packing' as const,
        demand: demandOf(jobs, way => way.takes[index]!),
        supply: () => left
      };
    })
  ];
  return target =>
    checks.find(({ demand, supply }) => {
      const room = supply(target);
      return demand(target) > room + ROUNDING * Math.abs(room) && room < Infinity;
    })?.binding;
}

/** What tasks take of a budget that run already and stay. */
export function takenByRunning({ running }: IProblem, { rates }: IBudget): number {
  return running
    .flatMap(({ config, ...place }) => partsOf(place).map(part => ({ ...part, seconds: config.seconds })))
    .reduce((sum, { node, devices, seconds }) => sum + devices.length * seconds * rates[node]!, 0);
}

interface IGroup {
  members: IRelaxedJob[];
  devices: Set<number> | undefined;
  release: number;
}

/** All jobs; those that share what devices they may use, with all that may use no others; those released late. */
function groupsOf(jobs: IRelaxedJob[]): IGroup[] {
  const sets = new Map<string, Set<number>>();
  for (const { devices } of jobs) {
    if (devices !== undefined && sets.size < MOST_GROUPS) {
      sets.set([...devices].sort((a, b) => a - b).join(), devices);
    }
  }
  const releases = [...new Set(jobs.map(({ release }) => release))]
    .filter(release => release > 0)
    .sort((a, b) => b - a)
    .slice(0, MOST_GROUPS);
  return [
    { members: jobs, devices: undefined, release: 0 },
    ...releases.map(release => ({
      members: jobs.filter(job => job.release >= release),
      devices: undefined,
      release
    })),
    ...[...sets.values()].flatMap(devices => {
      const within = jobs.filter(
        job => job.devices !== undefined && [...job.devices].every(device => devices.has(device))
      );
      return [0, ...releases.slice(0, 4)].map(release => ({
        members: within.filter(job => job.release >= release),
        devices,
        release
      }));
    })
  ].filter(({ members }) => members.length > 0);
}

/** What the jobs need at least when all are done by a time; Infinity when one cannot be. */
function demandOf(jobs: IRelaxedJob[], price: (way: IWay) => number): (target: number) => number {
  const steps = jobs.map(({ ways }) => {
    let least = Infinity;
    return ways.map(way => {
      least = Math.min(least, price(way));
      return { end: way.end, least };
    });
  });
  return target => {
    let sum = 0;
    for (const own of steps) {
      let least = Infinity;
      for (let i = 0; i < own.length && own[i]!.end <= target; i++) {
        least = own[i]!.least;
      }
      sum += least;
    }
    return sum;
  };
}

function roomOf(freeAt: number[], from: number, target: number): number {
  return freeAt.reduce((sum, free) => sum + Math.max(0, target - Math.max(free, from)), 0);
}
