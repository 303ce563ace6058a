import { derived } from '../model/derived.js';
import { isSameModel } from '../model/deviceModels.js';
import { type CellPlace, strategyKey } from '../model/strategy.js';
import { FailedTrials } from '../profiling/failedTrials.js';
import { cellsOf } from '../profiling/signatureGroups.js';
import type { ProfileCell, Strategy, TaskState, TrialState } from '../wire/messages.js';

/** Whether a cell is what a trial or training found, not what is thought of it. */
export function isMeasured(cell: ProfileCell): boolean {
  return cell.source === 'measured' && cell.status !== 'pruned';
}

/** Of a profile, what trials and training found. */
export const measuredCells = derived((cells: readonly ProfileCell[]) => cells.filter(isMeasured));

/** Of that, what was found of tasks by themselves. */
export const aloneCells = derived((cells: readonly ProfileCell[]) =>
  measuredCells(cells).filter(({ fused }) => fused === undefined)
);

/** Which entry of the profile a trial is to find. */
export function placeOfTrial({
  fused,
  signature,
  strategy,
  model
}: Pick<TrialState, 'fused' | 'signature' | 'strategy' | 'model'>): CellPlace {
  return {
    signature,
    strategy,
    ...(model !== undefined && { model }),
    ...(fused && { fused: fused.length + 1 })
  };
}

/** What failed of a profile. */
export const failedTrials = derived((cells: readonly ProfileCell[]) => new FailedTrials(cells));

/**
 * What is known of how a task runs under a strategy on devices of a model.
 *
 * @param model - of the devices; of any when undefined.
 */
export function measuredCell(
  cells: readonly ProfileCell[],
  { inspection }: TaskState,
  strategy: Strategy,
  model: string | undefined
): ProfileCell | undefined {
  const key = strategyKey(strategy);
  return cellsOf(cells, inspection?.signature ?? '').find(
    cell => cell.status === 'ok' && isSameModel(cell.model, model) && strategyKey(cell.strategy) === key
  );
}

/** Whether an inspection found that a strategy can run a task. */
export function isFeasibleBy({ inspection }: TaskState, strategy: Strategy): boolean {
  const key = strategyKey(strategy);
  return (inspection?.feasibility ?? []).some(
    verdict => verdict.feasible && strategyKey(verdict.strategy) === key
  );
}
