import { strategyKey } from '../../../src/core/model/strategy.js';
import { mulberry32, type Random } from '../../../src/core/planner/common/random.js';
import type { Cluster, PlanTask, Strategy } from '../../../src/core/wire/messages.js';

/** A world to try policies in: what is believed, what is true, and what will happen. Times are seconds. */
export interface IScenario {
  cluster: Cluster;
  tasks: IScenarioTask[];
  outages?: IOutage[];
  /** Compares all tasks at rungs, and gives up those that end there. */
  rule?: IRungs;
  /** A task writes a checkpoint every so many steps; one whose device is lost goes on from the last. None when absent. */
  checkpointSteps?: number;
}

export interface IScenarioTask {
  /** What is known beforehand; `running` and constraints are not used. */
  task: PlanTask;
  /** Tasks with equal signatures run at equal speed: what one teaches is known of all. */
  signature: string;
  /** True seconds per step, by strategy key; as believed where absent. */
  truth?: ReadonlyMap<string, number>;
  /** When it is added; 0 when absent. */
  arrival?: number;
  /** It ends of itself after so many steps, or is given up by the rule, which nobody knows before. */
  endsAfter?: number;
}

/** Successive halving: one of `eta` tasks goes on at each rung, the first after so many steps, each later after `eta` times as many. */
export interface IRungs {
  eta: number;
  first: number;
}

/** A device that is not there for a while, or never again. */
export interface IOutage {
  node: string;
  device: string;
  from: number;
  until?: number;
}

/** True seconds per step of a task under a strategy. */
export function trueStepSeconds({ task, truth }: IScenarioTask, strategy: Strategy): number {
  const key = strategyKey(strategy);
  const believed = task.options.find(option => strategyKey(option.strategy) === key)!.stepSeconds;
  return truth?.get(key) ?? believed;
}

/**
 * The same scenario with estimates that are wrong: each cell of the profile is truly slower or faster by a factor of
 * its own, log-normal with median 1.
 *
 * @param spread - standard deviation of the factor's logarithm: 0.1 is about 10 % up or down.
 */
export function withErrors(scenario: IScenario, spread: number, seed: number): IScenario {
  const random = mulberry32(seed);
  const bySignature = new Map<string, Map<string, number>>();
  const tasks = scenario.tasks.map(entry => {
    const truth = bySignature.get(entry.signature) ?? new Map<string, number>();
    bySignature.set(entry.signature, truth);
    for (const { strategy, stepSeconds } of entry.task.options) {
      const key = strategyKey(strategy);
      if (!truth.has(key)) {
        truth.set(key, stepSeconds * Math.exp(spread * normal(random)));
      }
    }
    return { ...entry, truth };
  });
  return { ...scenario, tasks };
}

/** A standard normal number (Box and Muller). */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
