import { isSameModel } from '../model/deviceModels.js';
import { strategyKey } from '../model/strategy.js';
import type { ProfileCell, Strategy } from '../wire/messages.js';
import { cellsOf } from './signatureGroups.js';

/** Most tasks of a run. */
export const MOST_FUSED = 8;

/** Adapters of one frozen model, by a strategy on devices of a model. */
export interface IFusedWay {
  readonly base: string;
  readonly strategy: Strategy;
  readonly model?: string | undefined;
}

/**
 * How a fused run of some tasks goes: as measured, else between what was measured with fewer and with more. A fused step takes
 * a + b k, as what is done once for all of them costs a, and what is done for each costs b. Undefined where so many tasks were
 * never tried, or do not fit.
 *
 * @param count - tasks of the run.
 * @param alone - what a step of one of them takes by itself, in seconds: the first point of the line.
 */
export function fusedCell(
  cells: readonly ProfileCell[],
  way: IFusedWay,
  count: number,
  alone: number
): ProfileCell | undefined {
  const tried = triedWith(cells, way);
  const working = tried.filter(cell => cell.status === 'ok' && cell.stepSeconds !== undefined);
  const above = working.find(({ fused }) => fused! >= count);
  if (above === undefined || count >= leastUnfit(tried)) {
    return undefined;
  }
  const below = working.findLast(({ fused }) => fused! < count);
  const [k, seconds] = below ? [below.fused!, below.stepSeconds!] : [1, alone];
  const share = (count - k) / (above.fused! - k);
  const stepSeconds = seconds + share * (above.stepSeconds! - seconds);
  return above.fused === count ? above : { ...above, fused: count, stepSeconds };
}

/**
 * With how many tasks a run is worth a trial, so that any fewer are known: with as many as there are or may be, and with two.
 * Where many do not fit, half as many are tried.
 *
 * @param count - tasks there are.
 */
export function fusedTrials(cells: readonly ProfileCell[], way: IFusedWay, count: number): number[] {
  const tried = triedWith(cells, way);
  let most = Math.min(count, MOST_FUSED);
  for (const least = leastUnfit(tried); most >= least; ) {
    most = Math.floor(most / 2);
  }
  const known = new Set(tried.filter(({ status }) => status === 'ok').map(({ fused }) => fused));
  return [...new Set([most, 2])].filter(k => k >= 2 && k <= most && !known.has(k));
}

/** What was tried, fewer tasks first. */
function triedWith(cells: readonly ProfileCell[], { base, strategy, model }: IFusedWay): ProfileCell[] {
  const key = strategyKey(strategy);
  return cellsOf(cells, base)
    .filter(
      cell => cell.fused !== undefined && isSameModel(cell.model, model) && strategyKey(cell.strategy) === key
    )
    .sort((a, b) => a.fused! - b.fused!);
}

/** With how many tasks a run does not fit, or fails. */
function leastUnfit(tried: readonly ProfileCell[]): number {
  return tried.find(({ status }) => status !== 'ok')?.fused ?? Infinity;
}
