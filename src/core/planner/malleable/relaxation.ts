import type { Highs } from 'highs';
import { classOfNode, groupJobs, groupNodes } from '../bounds/jobTypes.js';
import type { Config } from '../pareto.js';
import type { Job, PlanNode, Problem } from '../problem.js';
import { type RoundLimit, type Supply, solveConfigurationLp, type Work } from './configurationLp.js';
import type { BestPatterns } from './pattern.js';

/** What is known of a problem when its jobs may be interrupted at will. */
export interface Relaxation {
  /** A makespan in seconds that no plan beats, whether its jobs change strategy and place while they run or not. */
  bound: number;
  /** By how many seconds the makespan grows with one more of a job, by its index. */
  prices: Float64Array;
  /** When a node is done at the soonest with jobs of this price in all; 0 for one without devices. */
  soonest: (node: number, price: number) => number;
}

/**
 * Let jobs be interrupted at will, for nothing. A stretch of a job then does the share of its work that its length,
 * start included, has in the time of the whole job; never more than in a plan, where every stretch pays a full start.
 */
export function relax(highs: Highs, problem: Problem, limit: RoundLimit): Relaxation {
  const prices = new Float64Array(problem.jobs.length);
  const longest = problem.running.reduce((most, { config }) => Math.max(most, config.seconds), 0);
  const types = groupJobs(problem).flatMap(({ jobs }): { jobs: number[]; work: Work }[] => {
    const job = problem.jobs[jobs[0]!]!;
    const choices = choicesOf(job).map(config => ({
      devices: config.devices,
      seconds: wholeSeconds(job, config)
    }));
    // A job that takes no time by some choice adds nothing.
    const none = choices.some(({ seconds }) => !(seconds > 0));
    return none ? [] : [{ jobs, work: { count: jobs.length, choices } }];
  });
  if (types.length === 0) {
    return { bound: longest, prices, soonest: () => 0 };
  }
  const classes = groupNodes(problem);
  const supplies = classes.map(({ nodes }) => supplyOf(problem.nodes[nodes[0]!]!, nodes.length));
  const works = types.map(({ work }) => work);
  const answer = solveConfigurationLp(highs, works, supplies, limit);
  for (const [type, { jobs }] of types.entries()) {
    for (const job of jobs) {
      prices[job] = answer.prices[type]!;
    }
  }
  const supplyOfNode = classOfNode(problem, classes);
  return {
    bound: Math.max(longest, answer.bound),
    prices,
    soonest: (node, price) => {
      const supply = supplyOfNode[node]!;
      return supply < 0 ? 0 : soonest(supplies[supply]!, answer.best[supply]!, price);
    }
  };
}

/** What is left of a price after all periods but the last is earned in the last one. */
function soonest({ periods }: Supply, best: BestPatterns, price: number): number {
  let left = price;
  for (const [index, { start, devices }] of periods.entries()) {
    const value = best.value(devices);
    const end = periods[index + 1]?.start;
    if (end === undefined) {
      return start + (value > 0 ? Math.max(0, left) / value : 0);
    }
    left -= (end - start) * value;
  }
  return 0;
}

/** Equal nodes, as the linear program sees them. */
export function supplyOf({ freeAt }: PlanNode, nodes: number): Supply {
  const starts = [...freeAt].sort((a, b) => a - b);
  const periods = starts
    .map((start, index) => ({ start, devices: index + 1 }))
    .filter(({ start }, index) => start !== starts[index + 1]);
  if (periods[0]!.start > 0) {
    periods.unshift({ start: 0, devices: 0 });
  }
  return { nodes, periods };
}

/** What a job may run as, the strategy it runs with now included. */
export function choicesOf({ configs, current }: Job): Config[] {
  return current === undefined || configs.some(({ option }) => option === current.config.option)
    ? configs
    : [...configs, current.config];
}

/**
 * Seconds of a whole job by one configuration: one start and all steps. The strategy it runs with now is there
 * without a start.
 */
export function wholeSeconds({ steps, current }: Job, { option }: Config): number {
  const start = current?.config.option === option ? 0 : option.startSeconds;
  return start + steps * option.stepSeconds;
}
