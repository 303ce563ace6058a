import type { IGridCell } from '../../../src/core/profiling/profileGrid.js';
import type { Cluster, ProfileCell, Strategy, TaskState } from '../../../src/core/wire/messages.js';
import { cpuNode, inspection, spec } from '../session/sessionHarness.js';

/** A strategy: technique, devices, knobs. */
export function strategy(technique: string, devices: number, knobs?: Strategy['knobs']): Strategy {
  return { technique, devices, ...(knobs && { knobs }) };
}

/** A task that inspection found feasible under these strategies. */
export function task(name: string, signature: string, strategies: Strategy[]): TaskState {
  return {
    spec: spec(name),
    status: 'ready',
    inspection: inspection(signature, 10, strategies),
    attempts: [],
    progress: { step: 0 }
  };
}

/** A cell of a grid. */
export function open(signature: string, of: Strategy, more: Partial<IGridCell> = {}): IGridCell {
  return { task: `task-${signature}`, signature, strategy: of, memoryBytes: 1e9, ...more };
}

/** A cell that works. */
export function ok(
  signature: string,
  of: Strategy,
  stepSeconds = 1,
  more: Partial<ProfileCell> = {}
): ProfileCell {
  return { signature, strategy: of, status: 'ok', source: 'measured', stepSeconds, ...more };
}

/** A cell that does not. */
export function bad(signature: string, of: Strategy, status: 'oom' | 'failed' = 'oom'): ProfileCell {
  return { signature, strategy: of, status, source: 'measured' };
}

/** One node with so many devices of 1 GB. */
export function cluster(devices: number): Cluster {
  return { nodes: [cpuNode(devices)] };
}
