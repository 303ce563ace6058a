import { cellKey } from '../model/strategy.js';
import type { Strategy, TaskState } from '../wire/messages.js';

/** A measurement worth making: one task stands for all tasks of its signature. */
export interface ITrialWish {
  readonly task: string;
  readonly signature: string;
  readonly strategy: Strategy;
}

/** The strategies inspection found feasible for a task on a cluster whose largest node has `maxDevices`. */
export function feasibleStrategies(task: TaskState, maxDevices: number): Strategy[] {
  return (task.inspection?.feasibility ?? [])
    .filter(f => f.feasible && f.strategy.devices <= maxDevices)
    .map(f => f.strategy);
}

/**
 * The trials still to make: every feasible strategy of every distinct performance signature
 * that is not among the `known` cells and trials. Learning rate, seed and epochs are not part of a signature, so a grid over
 * them costs nothing here. Larger device counts come first: they are hardest to fit in later.
 */
export function missingTrials(
  tasks: readonly TaskState[],
  known: readonly Pick<ITrialWish, 'signature' | 'strategy'>[],
  maxDevices: number
): ITrialWish[] {
  const settled = new Set(known.map(one => cellKey(one.signature, one.strategy)));
  const wishes: ITrialWish[] = [];
  for (const task of tasks) {
    const signature = task.inspection?.signature;
    if (signature === undefined) {
      continue;
    }
    for (const strategy of feasibleStrategies(task, maxDevices)) {
      const key = cellKey(signature, strategy);
      if (!settled.has(key)) {
        settled.add(key);
        wishes.push({ task: task.spec.name, signature, strategy });
      }
    }
  }
  return wishes.sort((a, b) => b.strategy.devices - a.strategy.devices);
}
