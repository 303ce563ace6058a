import { isSameModel } from '../model/deviceModels.js';
import { curveKey } from '../model/strategy.js';
import type { ProfileCell, Strategy } from '../wire/messages.js';
import type { IGridCell } from './profileGrid.js';

/** Memory on each device falls with about this power of the device count: what is sharded falls faster, the rest not. */
const MEMORY_SCALING = 0.7;

/** Where this many strategies ran out of memory, and none worked, memory may suffice for none. */
const BARREN = 2;

/**
 * Whether a strategy would rather not fit: too little to rule it out, enough not to count on it. Either the same
 * on more devices, or on devices of another model, left too little memory free, or the same ran out of memory on fewer devices
 * and nothing tells how many are enough: then twice as many are the next to try.
 *
 * @param measured - what trials and training found of the cell's signature.
 * @param open - cells of the same signature that a trial may tell something about.
 */
export function isMemoryRisk(
  { strategy, model, memoryBytes, estimateBytes = 0 }: IGridCell,
  measured: readonly ProfileCell[],
  open: readonly IGridCell[]
): boolean {
  const curve = curveKey(strategy);
  const onCurve = (other: { readonly strategy: Strategy }): boolean => curveKey(other.strategy) === curve;
  const isOwn = (other: { readonly model?: string }): boolean => isSameModel(other.model, model);
  const tried = measured.filter(onCurve);
  const isLarge = ({ strategy: { devices }, peakBytes = 0 }: ProfileCell): boolean =>
    peakBytes * (devices / strategy.devices) ** MEMORY_SCALING > memoryBytes;
  const counts = (status: ProfileCell['status']): number[] =>
    tried.filter(cell => cell.status === status && isOwn(cell)).map(cell => cell.strategy.devices);
  if (estimateBytes > memoryBytes) {
    return true;
  }
  if (tried.some(cell => !isOwn(cell) && cell.strategy.devices >= strategy.devices && isLarge(cell))) {
    return true;
  }
  if (counts('ok').length === 0) {
    const own = open.filter(cell => onCurve(cell) && isOwn(cell));
    const most = Math.max(...own.map(cell => cell.strategy.devices));
    return strategy.devices < Math.min(most, 2 * Math.max(0, ...counts('oom')));
  }
  return tried.some(cell => isOwn(cell) && cell.strategy.devices > strategy.devices && isLarge(cell));
}

/** Models of devices on which memory has never sufficed, while it does on others. */
export function barrenModels(measured: readonly ProfileCell[]): Set<string> {
  const works = new Set(measured.flatMap(({ status, model }) => (status === 'ok' ? [model] : [])));
  const counts = new Map<string, number>();
  for (const { status, model } of measured) {
    if (status === 'oom' && model !== undefined && works.size > 0 && !works.has(model)) {
      counts.set(model, (counts.get(model) ?? 0) + 1);
    }
  }
  return new Set([...counts].flatMap(([model, count]) => (count >= BARREN ? [model] : [])));
}

/**
 * Whether memory should suffice: by an estimate, or by what the same took on devices of another model, or on fewer.
 *
 * @param measured - what trials and training found of the cell's signature.
 */
export function isKnownToFit(
  { strategy, memoryBytes, estimateBytes = Infinity }: IGridCell,
  measured: readonly ProfileCell[]
): boolean {
  const curve = curveKey(strategy);
  return (
    estimateBytes <= memoryBytes ||
    measured.some(
      ({ strategy: other, peakBytes = Infinity }) =>
        curveKey(other) === curve &&
        peakBytes * Math.max(1, other.devices / strategy.devices) ** MEMORY_SCALING <= memoryBytes
    )
  );
}
