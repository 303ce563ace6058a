import { curveKey, devicesPerNode } from '../model/strategy.js';
import type { Cluster, ProfileCell, Strategy } from '../wire/messages.js';
import type { IGridCell } from './profileGrid.js';

/** Memory on each device falls with about this power of the device count: what is sharded falls faster, the rest not. */
const MEMORY_SCALING = 0.7;

/** The memory that each of so many devices of one node has at best, in bytes. */
export function deviceMemory(devices: number, { nodes }: Cluster): number {
  return Math.max(
    0,
    ...nodes.map(
      node => node.devices.map(device => device.memoryBytes).sort((a, b) => b - a)[devices - 1] ?? 0
    )
  );
}

/**
 * Whether a strategy would rather not fit: too little to rule it out, enough not to count on it. Either the same
 * on more devices left too little memory free, or the same ran out of memory on fewer devices and nothing tells how
 * many are enough: then twice as many are the next to try.
 *
 * @param measured - what trials and training found of the cell's signature.
 * @param open - cells of the same signature that a trial may tell something about.
 */
export function isMemoryRisk(
  { strategy, estimateBytes = 0 }: IGridCell,
  measured: readonly ProfileCell[],
  open: readonly IGridCell[],
  cluster: Cluster
): boolean {
  const curve = curveKey(strategy);
  const onCurve = (other: { readonly strategy: Strategy }): boolean => curveKey(other.strategy) === curve;
  const memory = deviceMemory(devicesPerNode(strategy), cluster);
  const tried = measured.filter(onCurve);
  const counts = (status: ProfileCell['status']): number[] =>
    tried.filter(cell => cell.status === status).map(cell => cell.strategy.devices);
  if (estimateBytes > memory) {
    return true;
  }
  if (counts('ok').length === 0) {
    const most = Math.max(...open.filter(onCurve).map(cell => cell.strategy.devices));
    return strategy.devices < Math.min(most, 2 * Math.max(0, ...counts('oom')));
  }
  return tried.some(
    ({ strategy: { devices }, peakBytes = 0 }) =>
      devices > strategy.devices && peakBytes * (devices / strategy.devices) ** MEMORY_SCALING > memory
  );
}
