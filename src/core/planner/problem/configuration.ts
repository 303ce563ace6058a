import { isMeasuredFor } from '../../model/deviceModels.js';
import { strategyKey } from '../../model/strategy.js';
import type { Pin, PlanOption, PlanTask } from '../../wire/messages.js';
import type { Eligibilities } from './eligibility.js';
import type { IConfig, IEligibility } from './pareto.js';

/** Where a task runs already. */
export type Placement = NonNullable<PlanTask['running']>;

/** Whether a configuration may run on any node with enough devices. */
export function isFree(config: IEligibility): boolean {
  return config.nodes === undefined && isOnAnyDevices(config);
}

/** Whether a configuration runs on one node, and there on any of its devices. */
export function isOnAnyDevices({ among, span }: IEligibility): boolean {
  return among === undefined && span === undefined;
}

/** How a task may run under some pins; what leaving its present place costs is paid first. */
export function usableConfigs(task: PlanTask, places: Eligibilities, pins: readonly Pin[] = []): IConfig[] {
  const leaving = leavingSeconds(task);
  return task.options.flatMap(option => {
    const eligibility = places.of(option, pins);
    const overhead = leaving + option.startSeconds;
    return eligibility === undefined ? [] : [configOf(option, task.steps, overhead, eligibility)];
  });
}

/** What it costs a task to leave the place where it runs, if it runs. */
export function leavingSeconds(task: PlanTask): number {
  return task.running === undefined ? 0 : (runningOption(task, task.running).stopSeconds ?? 0);
}

/** A strategy for so many steps. */
export function configOf(
  option: PlanOption,
  steps: number,
  overhead: number,
  eligibility: IEligibility = {}
): IConfig {
  const seconds = overhead + steps * option.stepSeconds;
  return { option, devices: option.strategy.devices, seconds, overhead, ...eligibility };
}

/** The option a running task runs by: the one for its devices, if there are several of its strategy. */
export function runningOption({ options }: PlanTask, running: Placement): PlanOption {
  const own = options.filter(option => strategyKey(option.strategy) === strategyKey(running.strategy));
  return own.find(option => isMeasuredFor(option, running)) ?? own[0]!;
}
