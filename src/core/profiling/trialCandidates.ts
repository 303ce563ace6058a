import { cellKey, keyOfCell, strategyLabel } from '../model/strategy.js';
import type { ProfileCell, Strategy } from '../wire/messages.js';
import { barrenModels, isKnownToFit, isMemoryRisk } from './memoryRisk.js';
import type { IGridCell } from './profileGrid.js';
import { pruningReason } from './pruning.js';
import { groupBySignature } from './signatureGroups.js';

/** What is to be thought of the cells of a grid that were not measured. */
export interface ITrialCandidates {
  /** Those a trial may tell something about. */
  readonly open: readonly IGridCell[];
  /** Of those, the ones that are likely enough to fit to count on. */
  readonly promising: readonly IGridCell[];
  /** Those that deserve none, and why. */
  readonly pruned: readonly ProfileCell[];
}

/** Whether a strategy fits: it does, it does not, or only a trial can tell. */
type Standing = { readonly fits: Strategy } | 'unfit' | 'unknown';

/**
 * Sort a grid by what deserves a trial. A strategy that stands in for a faster one waits until that one is known not
 * to fit.
 *
 * @param measured - what trials and training found, of this grid and others.
 */
export function trialCandidates(
  grid: readonly IGridCell[],
  measured: readonly ProfileCell[]
): ITrialCandidates {
  const cells = new Map(grid.map(cell => [keyOfCell(cell), cell]));
  const memories = new Map<string | undefined, number>();
  for (const { model, memoryBytes } of grid) {
    memories.set(model, Math.max(memories.get(model) ?? 0, memoryBytes));
  }
  const found = new Map(
    measured
      // A failure is the last word once no other task may show that the strategy works.
      .filter(cell => cell.status !== 'failed' || !cells.get(keyOfCell(cell))?.failures)
      // What works for some stands before what failed for others.
      .sort((a, b) => Number(b.status === 'failed') - Number(a.status === 'failed'))
      .map(cell => [keyOfCell(cell), cell])
  );
  const bySignature = groupBySignature([...found.values()]);
  const standings = new Map<string, Standing>();
  const open: IGridCell[] = [];
  const pruned: ProfileCell[] = [];

  const standingOf = (signature: string, strategy: Strategy, model: string | undefined): Standing => {
    const key = cellKey(signature, strategy, model);
    const known = standings.get(key);
    if (known !== undefined) {
      return known;
    }
    // A relative of itself, however far round, is no relative.
    standings.set(key, 'unknown');
    const standing = judge(signature, strategy, model, key);
    standings.set(key, standing);
    return standing;
  };

  const judge = (signature: string, strategy: Strategy, model: string | undefined, key: string): Standing => {
    const cell = cells.get(key);
    const result = found.get(key) ?? found.get(cellKey(signature, strategy));
    if (result || !cell) {
      return result?.status === 'ok' ? { fits: strategy } : 'unfit';
    }
    const setAside = (reason: string): void => {
      const on = model === undefined ? {} : { model };
      pruned.push({ signature, strategy, ...on, status: 'pruned', source: 'interpolated', reason });
    };
    const reason = pruningReason(cell, bySignature.get(signature) ?? [], own => memories.get(own));
    if (reason !== undefined) {
      setAside(reason);
      return 'unfit';
    }
    const relative = cell.insteadOf ? standingOf(signature, cell.insteadOf, model) : 'unfit';
    if (relative === 'unfit') {
      open.push(cell);
    } else if (relative !== 'unknown') {
      setAside(`${strategyLabel(relative.fits)} fits, and is faster.`);
      return relative;
    }
    return 'unknown';
  };

  for (const { signature, strategy, model } of grid) {
    standingOf(signature, strategy, model);
  }
  const openBySignature = groupBySignature(open);
  const barren = barrenModels(measured);
  const promising = open.filter(cell => {
    const known = bySignature.get(cell.signature) ?? [];
    const isRisk = isMemoryRisk(cell, known, openBySignature.get(cell.signature)!);
    return !isRisk && (!barren.has(cell.model ?? '') || isKnownToFit(cell, known));
  });
  return { open, promising, pruned };
}
