import type { Highs } from 'highs';
import { groupJobs, groupNodes } from '../bounds/jobTypes.js';
import type { Config } from '../pareto.js';
import type { Job, PlanNode, Problem } from '../problem.js';
import {
  type ConfigurationAnswer,
  type RoundLimit,
  type Supply,
  solveConfigurationLp,
  type Work
} from './configurationLp.js';

/**
 * A makespan in seconds that no plan beats, whether its jobs change strategy and place while they run or not.
 *
 * Jobs may be interrupted at will in the relaxation, for nothing: a stretch of a job does at most the share of its
 * work that its length, start included, has in the time of the whole job, because every stretch pays a full start.
 */
export function preemptiveBound(highs: Highs, problem: Problem, limit: RoundLimit): number {
  const works = groupJobs(problem).flatMap(({ jobs }): Work[] => {
    const job = problem.jobs[jobs[0]!]!;
    const choices = choicesOf(job).map(config => ({
      devices: config.devices,
      seconds: wholeSeconds(job, config)
    }));
    // A job that takes no time by some choice adds nothing.
    return choices.some(({ seconds }) => !(seconds > 0)) ? [] : [{ count: jobs.length, choices }];
  });
  const longest = problem.running.reduce((most, { config }) => Math.max(most, config.seconds), 0);
  return works.length === 0 ? longest : Math.max(longest, solve(highs, problem, works, limit).bound);
}

function solve(highs: Highs, problem: Problem, works: Work[], limit: RoundLimit): ConfigurationAnswer {
  const supplies = groupNodes(problem).map(({ nodes }) => supplyOf(problem.nodes[nodes[0]!]!, nodes.length));
  return solveConfigurationLp(highs, works, supplies, limit);
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
