import { strategyKey } from '../../model/strategy.js';
import type { PlanOption } from '../../wire/messages.js';
import type { IConfig } from '../problem/pareto.js';
import type { IJob, IProblem } from '../problem/problem.js';
import { type IArrangement, KEPT } from '../schedule/arrangement.js';

/** By what share a step may be slower than measured when the measurement does not tell. */
const UNCERTAINTY = 0.05;

/** After so many steps one sees how fast a strategy is. */
const SEEN = 5;

/**
 * The problem with every move of a running task as long as it may in truth be: what a move gains has to outweigh its
 * cost even then. Configurations keep their indexes, so that arrangements mean the same in both problems.
 *
 * An error that both plans share moves neither ahead of the other. So a task that goes on with the same strategy on like
 * devices risks no more than the restart; one that changes its strategy, or the model of its devices, risks that the
 * new one is as slow as the upper end of its measured interval, until that is seen and it goes back. Tasks that wait
 * count as estimated: to change one's mind about them costs nothing now and can be done again later.
 *
 * (The paper replaces a plan when the new one is shorter by a fixed threshold, section 4.4, which says nothing about
 * whether the difference can be believed.)
 */
export function withPessimisticTimes(problem: IProblem): IProblem {
  return { ...problem, jobs: problem.jobs.map(pessimistic) };
}

function pessimistic(job: IJob): IJob {
  const { current, steps } = job;
  if (current === undefined) {
    return job;
  }
  const { option: running } = current.config;
  const risk = ({ option, overhead }: IConfig) => {
    if (isMeasuredAlike(option, running)) {
      return UNCERTAINTY * overhead;
    }
    const excess = slowest(option) - option.stepSeconds;
    const back = Math.min(steps, SEEN) * excess + (option.stopSeconds ?? 0) + running.startSeconds;
    return UNCERTAINTY * overhead + Math.min(steps * excess, back);
  };
  return {
    ...job,
    configs: job.configs.map(config => ({ ...config, seconds: config.seconds + risk(config) }))
  };
}

/** Whether what one measurement is wrong by the other is, too: on devices of another model the same strategy has another. */
function isMeasuredAlike(option: PlanOption, running: PlanOption): boolean {
  return (
    strategyKey(option.strategy) === strategyKey(running.strategy) &&
    option.stepSeconds === running.stepSeconds
  );
}

/** Seconds of a step as slow as it may be. */
function slowest({ stepSeconds, stepSecondsHigh }: PlanOption): number {
  return Math.max(stepSeconds, stepSecondsHigh ?? stepSeconds * (1 + UNCERTAINTY));
}

/** The problem in which all running tasks stay. */
export interface IFixedRunning {
  /** Tasks that run are no jobs in it; their devices become free when they end. */
  problem: IProblem;
  /** An arrangement of it as one of the whole problem. */
  lift(arrangement: IArrangement): IArrangement;
  /** An arrangement of the whole problem in which running tasks stay, as one of it. */
  lower(arrangement: IArrangement): IArrangement;
}

/** Take the tasks that run out of the problem, with the devices they run on. */
export function fixRunning(problem: IProblem): IFixedRunning {
  const nodes = problem.nodes.map(node => ({ ...node, freeAt: [...node.freeAt] }));
  const open: number[] = [];
  for (const [job, { current }] of problem.jobs.entries()) {
    if (current === undefined) {
      open.push(job);
    } else {
      for (const device of current.devices) {
        nodes[current.node]!.freeAt[device] = current.config.seconds;
      }
    }
  }
  const inner = new Map(open.map((job, index) => [job, index]));
  return {
    problem: { ...problem, nodes, jobs: open.map(job => problem.jobs[job]!) },
    lift: ({ config, queues }) => ({
      config: problem.jobs.map((_, job) => config[inner.get(job) ?? -1] ?? KEPT),
      queues: queues.map(queue => queue.map(index => open[index]!))
    }),
    lower: ({ config, queues }) => ({
      config: open.map(job => config[job]!),
      queues: queues.map(queue =>
        queue.flatMap(job => {
          const index = inner.get(job);
          return index === undefined ? [] : [index];
        })
      )
    })
  };
}

/** The same arrangement with running tasks staying, all of them or one. */
export function staying(problem: IProblem, { config, queues }: IArrangement, only?: number): IArrangement {
  const stays = (job: number) =>
    problem.jobs[job]!.current !== undefined && (only === undefined || job === only);
  return {
    config: config.map((choice, job) => (stays(job) ? KEPT : choice)),
    queues: queues.map(queue => queue.filter(job => !stays(job)))
  };
}
