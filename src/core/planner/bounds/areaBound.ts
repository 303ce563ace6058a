import type { Plan } from '../../wire/messages.js';
import type { IConfig } from '../problem/pareto.js';
import type { IJob, IProblem } from '../problem/problem.js';

/** A makespan no plan can beat, and what sets it. */
export interface IBound {
  seconds: number;
  binding: Plan['binding'];
}

/**
 * Sums of floating-point numbers carry rounding errors: a bound is lowered by this share of itself, which is far
 * more than they can be, so that it never claims too much.
 */
const ROUNDING = 1e-12;

/**
 * The larger of two bounds on the makespan.
 *
 * *Longest task*: each task by its fastest strategy, or until its end where it runs.
 *
 * *Area*: a plan of makespan C gives out at most C times the number of devices. A task in it uses a strategy that
 * takes at most C, so at least the smallest devices x seconds among those. The smallest C at which this adds up is
 * found by bisection over the run times, between which the sum is constant, and is exact.
 */
export function lowerBound(problem: IProblem): IBound {
  const longest = longestTask(problem);
  const area = smallestTarget(problem, longest);
  if (area <= 0) {
    return { seconds: 0, binding: 'none' };
  }
  return {
    seconds: Math.max(area * (1 - ROUNDING), longest * (1 - ROUNDING)),
    binding: area > longest ? 'area' : 'longest-task'
  };
}

/** What a job may run as: to go on where it runs costs it neither a start nor leaving. */
function waysOf({ configs, current }: IJob): readonly IConfig[] {
  return current === undefined ? configs : [...configs, current.config];
}

function longestTask(problem: IProblem): number {
  let longest = 0;
  for (const { config } of problem.running) {
    longest = Math.max(longest, config.seconds);
  }
  for (const job of problem.jobs) {
    longest = Math.max(longest, Math.min(...waysOf(job).map(({ seconds }) => seconds)));
  }
  return longest;
}

/** Device-seconds that any plan of makespan `target` spends at least. */
function leastArea(problem: IProblem, target: number): number {
  let area = 0;
  for (const { config } of problem.running) {
    area += config.devices * config.seconds;
  }
  for (const job of problem.jobs) {
    let least = Infinity;
    for (const { devices, seconds } of waysOf(job)) {
      if (seconds <= target) {
        least = Math.min(least, devices * seconds);
      }
    }
    area += least;
  }
  return area;
}

function smallestTarget(problem: IProblem, longest: number): number {
  const steps = [longest];
  for (const job of problem.jobs) {
    for (const { seconds } of waysOf(job)) {
      if (seconds > longest) {
        steps.push(seconds);
      }
    }
  }
  steps.sort((a, b) => a - b);
  const { deviceCount } = problem;
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const target = steps[middle]!;
    if (leastArea(problem, target) / deviceCount <= target) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  // Below steps[low] the sum is that of steps[low - 1], so the answer may lie between the two.
  const before = low === 0 ? Infinity : leastArea(problem, steps[low - 1]!) / deviceCount;
  return Math.min(before, steps[low] ?? Infinity);
}
