import { derived } from '../model/derived.js';
import { isSameModel } from '../model/deviceModels.js';
import { type CellPlace, strategyKey } from '../model/strategy.js';
import { FailedTrials } from '../profiling/failedTrials.js';
import { cellsOf } from '../profiling/signatureGroups.js';
import { SaturnError } from '../wire/failure.js';
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

/**
 * The techniques that there are, by what inspection has told; none while nothing is known, or of no task more than what one device
 * needs: what nobody has looked for yet may well be there.
 */
function knownTechniques(tasks: readonly TaskState[]): Set<string> {
  return new Set(
    tasks.flatMap(({ inspection }) =>
      inspection && !inspection.partial
        ? inspection.feasibility.map(({ strategy }) => strategy.technique)
        : []
    )
  );
}

/**
 * A misspelt technique would be asked for, or left in use, without a word.
 *
 * @throws SaturnError `unknown-technique`, with those that there are.
 */
export function refuseUnknownTechniques(tasks: readonly TaskState[], names: readonly string[]): void {
  const known = knownTechniques(tasks);
  const unknown = names.filter(name => !known.has(name));
  if (known.size > 0 && unknown.length > 0) {
    throw new SaturnError({
      code: 'unknown-technique',
      message: `There is no technique ${unknown.map(name => `"${name}"`).join(', ')}.`,
      hint: `There are: ${[...known].join(', ')}.`
    });
  }
}
