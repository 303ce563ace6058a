import { mostTogether, mostWithOthers } from '../model/strategy.js';
import type { Device, DeviceKind, Node, SessionState } from '../wire/messages.js';
import { plannedCluster } from './plannedCluster.js';
import type { ISession } from './session.js';
import { mostOverNodes, widestSpan } from './spanning.js';

/** Largest number of devices of one node that a task can use. */
export function maxDevices(session: ISession): number {
  return Math.max(0, ...plannedCluster(session.state).nodes.map(node => mostTogether(node.devices)));
}

/**
 * Largest number of devices that a task can use, over several nodes where the user has asked for it; by the kind of device,
 * with those that are left out for now: what is asked once holds when they are back.
 */
export function maxDevicesEver({ state }: ISession): ReadonlyMap<DeviceKind, number> {
  const nodes = new Map<DeviceKind, Device[][]>();
  for (const node of state.cluster?.nodes ?? []) {
    const all = allDevices(state, node);
    const kind = all[0]?.kind;
    if (kind !== undefined) {
      nodes.set(kind, [...(nodes.get(kind) ?? []), all]);
    }
  }
  return new Map(
    [...nodes].map(([kind, own]) => [
      kind,
      Math.max(...own.map(mostTogether), mostOverNodes(own.map(mostWithOthers), widestSpan(state)))
    ])
  );
}

/** The devices of a node, with those that are left out; they are of one kind. */
export function allDevices(
  { excludedDevices = [] }: Pick<SessionState, 'excludedDevices'>,
  { id, devices }: Node
): Device[] {
  return [...devices, ...excludedDevices.filter(({ node }) => node === id).map(({ device }) => device)];
}
