import { cellKey } from '../model/strategy.js';
import type { Feasibility, Strategy, TaskState } from '../wire/messages.js';

/** An entry of the profile that could be measured; one task stands for all tasks of its signature. */
export interface IGridCell extends Pick<Feasibility, 'estimateBytes' | 'insteadOf'> {
  readonly task: string;
  readonly signature: string;
  readonly strategy: Strategy;
}

/** What the whole profile is made of. */
export interface IGridOptions {
  /** Devices of the largest node. */
  readonly maxDevices: number;
  readonly excludeTechniques?: readonly string[];
}

/**
 * Every strategy that inspection found feasible, once for each performance signature: learning rate, seed and epochs
 * are not part of it, so a grid over them costs nothing.
 */
export function profileGrid(
  tasks: readonly TaskState[],
  { maxDevices, excludeTechniques = [] }: IGridOptions
): IGridCell[] {
  const excluded = new Set(excludeTechniques);
  const grid = new Map<string, IGridCell>();
  for (const { spec, inspection } of tasks) {
    for (const { strategy, feasible, estimateBytes, insteadOf } of inspection?.feasibility ?? []) {
      const { signature } = inspection!;
      const key = cellKey(signature, strategy);
      if (feasible && strategy.devices <= maxDevices && !excluded.has(strategy.technique) && !grid.has(key)) {
        grid.set(key, {
          task: spec.name,
          signature,
          strategy,
          ...(estimateBytes !== undefined && { estimateBytes }),
          ...(insteadOf && { insteadOf })
        });
      }
    }
  }
  return [...grid.values()];
}
