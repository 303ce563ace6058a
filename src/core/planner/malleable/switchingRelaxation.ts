import type { Highs } from 'highs';
import { classOfNode, groupJobs, groupNodes } from '../bounds/jobTypes.js';
import { allows, type IConfig } from '../problem/pareto.js';
import type { IJob, IPlanNode, IProblem } from '../problem/problem.js';
import type { BestPatterns } from './bestPatterns.js';
import {
  canDo,
  type IRoundLimit,
  type ISupply,
  type IWork,
  solveConfigurationLp
} from './configurationLp.js';

/** What is known of a problem when its jobs may be interrupted at will. */
export interface ISwitchingRelaxation {
  /** A makespan in seconds that no plan beats, whether its jobs change strategy and place while they run or not. */
  bound: number;
  /**
   * How much a job takes of a node: by how many seconds the makespan grows with one more of it, or more where the node
   * is too small for what the job should run as. Infinity where it cannot run.
   */
  price: (job: number, node: number) => number;
  /** When a node is done, about, with jobs of this price in all. */
  soonest: (node: number, price: number) => number;
}

/** Work that takes less than this share of the makespan, or so many seconds, counts for nothing. */
const LEAST_SHARE = 1e-9;
const LEAST_SECONDS = 1e-6;

/**
 * Let jobs be interrupted at will, for nothing. A stretch of a job then does the share of its work that its length,
 * start included, has in the time of the whole job; never more than in a plan, where every stretch pays a full start.
 */
export function relax(highs: Highs, problem: IProblem, limit: IRoundLimit): ISwitchingRelaxation {
  const longest = problem.running.reduce((most, { config }) => Math.max(most, config.seconds), 0);
  const classes = groupNodes(problem);
  const works = groupJobs(problem).map(({ jobs }) => {
    const job = problem.jobs[jobs[0]!]!;
    const choices = choicesOf(job).map(config => ({
      devices: config.devices,
      seconds: wholeSeconds(job, config),
      ...(config.nodes !== undefined && {
        supplies: classes.flatMap(({ nodes }, index) => (allows(config, nodes[0]!) ? [index] : []))
      })
    }));
    return { jobs, work: { count: jobs.length, choices } };
  });
  const most = works.reduce((seconds, { work }) => Math.max(seconds, fastest(work)), longest);
  // Without the jobs that take next to no time the bound is hardly lower, and the numbers are much better.
  const types = works.filter(({ work }) => !isNothing(work, most));
  if (types.length === 0) {
    return { bound: longest, price: () => 0, soonest: () => 0 };
  }
  const supplies = classes.map(({ nodes }) => supplyOf(problem.nodes[nodes[0]!]!, nodes.length));
  const answer = solveConfigurationLp(
    highs,
    types.map(({ work }) => work),
    supplies,
    limit
  );
  const bound = Math.max(longest, answer.bound);
  const prices = problem.jobs.map(() => supplies.map(() => 0));
  for (const [type, { jobs, work }] of types.entries()) {
    const bySupply = supplies.map((supply, index) =>
      Math.max(answer.prices[type]!, leastPrice(work, index, supply, answer.best[index]!, bound))
    );
    for (const job of jobs) {
      prices[job] = bySupply;
    }
  }
  const supplyOfNode = classOfNode(problem, classes);
  return {
    bound,
    price: (job, node) =>
      canRun(problem.jobs[job]!, node, problem.nodes[node]!.devices.length)
        ? prices[job]![supplyOfNode[node]!]!
        : Infinity,
    soonest: (node, price) => {
      const supply = supplyOfNode[node]!;
      return supply < 0 || price === Infinity
        ? price
        : soonest(supplies[supply]!, answer.best[supply]!, price);
    }
  };
}

/** What a work's devices are worth on a node, or all of the node for as long as it takes when that is too long. */
function leastPrice(
  { choices }: IWork,
  supply: number,
  { periods }: ISupply,
  best: BestPatterns,
  bound: number
): number {
  const size = periods[periods.length - 1]!.devices;
  const value = best.value(size);
  const own = choices.filter(choice => choice.devices <= size && canDo(choice, supply));
  const area = Math.min(...own.map(({ devices, seconds }) => (devices * seconds) / size));
  const soonest = Math.min(...own.map(({ seconds }) => seconds));
  return value * (soonest > bound ? Math.max(area, soonest) : area);
}

function canRun({ configs }: IJob, node: number, size: number): boolean {
  return configs.some(config => config.devices <= size && allows(config, node));
}

/** Whether work is too short to be planned in shares, by a makespan in seconds. */
export function isNothing(work: IWork, makespan: number): boolean {
  return !(fastest(work) > Math.max(LEAST_SECONDS, LEAST_SHARE * makespan));
}

function fastest({ choices }: IWork): number {
  return choices.reduce((least, { seconds }) => Math.min(least, seconds), Infinity);
}

/** What is left of a price after all periods but the last is earned in the last one. */
function soonest({ periods }: ISupply, best: BestPatterns, price: number): number {
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
export function supplyOf({ freeAt }: IPlanNode, nodes: number): ISupply {
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
export function choicesOf({ configs, current }: Pick<IJob, 'configs' | 'current'>): IConfig[] {
  return current === undefined || configs.some(({ option }) => option === current.config.option)
    ? configs
    : [...configs, current.config];
}

/**
 * Seconds of a whole job by one configuration: one start and all steps. The strategy it runs with now is there
 * without a start.
 */
export function wholeSeconds({ steps, current }: IJob, { option }: IConfig): number {
  const start = current?.config.option === option ? 0 : option.startSeconds;
  return start + steps * option.stepSeconds;
}
