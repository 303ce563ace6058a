import type { DeviceKind, SessionState } from '../wire/messages.js';
import { allDevices } from './deviceCounts.js';

/** The nodes that inspect tasks, by the kind of device they do it for. */
export type Inspectors = ReadonlyMap<DeviceKind, string>;

/** One node inspects for all of a kind: the first of them, so that it stays the same when another joins. */
export function inspectors(state: SessionState): Inspectors {
  const chosen = new Map<DeviceKind, string>();
  for (const node of state.cluster?.nodes ?? []) {
    const kind = allDevices(state, node)[0]?.kind;
    if (kind !== undefined && !chosen.has(kind)) {
      chosen.set(kind, node.id);
    }
  }
  return chosen;
}
