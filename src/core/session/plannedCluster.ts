import { derived } from '../model/derived.js';
import { devicesOf, sharesOf } from '../model/schedule/deviceRuns.js';
import type { Cluster, DeviceShare, Node, Segment, SessionState } from '../wire/messages.js';
import { isLeft } from './leaving.js';
import { isUnreserved } from './reservations.js';

/**
 * The devices that are worked on: those of the cluster that are not to be kept free, on nodes that are not being left, nor
 * used by others.
 */
export function plannedCluster(
  state: Pick<SessionState, 'cluster' | 'wishes' | 'bridge' | 'nodes'>
): Cluster {
  const { cluster, wishes } = state;
  const { freeDevices = [] } = wishes ?? {};
  const isShut = cluster?.nodes.some(({ id }) => isClosed(state, id)) ?? false;
  if (cluster && freeDevices.length === 0 && !isShut) {
    return cluster;
  }
  return {
    nodes: (cluster?.nodes ?? []).map(node => {
      if (isClosed(state, node.id)) {
        return { ...node, devices: [] };
      }
      const free = new Set(freeDevices.filter(share => share.node === node.id).flatMap(one => one.devices));
      return free.size === 0
        ? node
        : { ...node, devices: node.devices.filter(device => !free.has(device.id)) };
    })
  };
}

/** How many devices some nodes have together. */
export const countDevices = (nodes: readonly Node[]): number =>
  nodes.reduce((sum, { devices }) => sum + devices.length, 0);

type DevicePlace = Pick<Segment, 'node' | 'devices' | 'elsewhere'>;

/** What tells a device from all others. */
export const deviceKey = (node: string, device: string): string => `${node}\n${device}`;

/** The devices of a job, or of a wish, by their keys: worked out once, since they are asked for at each event. */
export const deviceKeys = derived((place: DevicePlace) =>
  devicesOf(place).map(({ node, device }) => deviceKey(node, device))
);

const keysOfAll = derived((shares: readonly DeviceShare[]) => new Set(shares.flatMap(deviceKeys)));

const keysOfCluster = derived(
  ({ nodes }: Cluster) =>
    new Set(nodes.flatMap(({ id, devices }) => devices.map(device => deviceKey(id, device.id))))
);

/** Whether devices are among those that are worked on. */
export function areAllPlannedOn(
  state: Pick<SessionState, 'cluster' | 'wishes' | 'bridge' | 'nodes'>,
  place: DevicePlace
): boolean {
  const { cluster, wishes } = state;
  const kept = keysOfAll(wishes?.freeDevices ?? NONE);
  return (
    cluster !== undefined &&
    sharesOf(place).every(({ node }) => !isClosed(state, node)) &&
    deviceKeys(place).every(key => keysOfCluster(cluster).has(key) && !kept.has(key))
  );
}

function isClosed(state: Pick<SessionState, 'bridge' | 'nodes'>, node: string): boolean {
  return isLeft(state, node) || isUnreserved(state, node);
}

const NONE: readonly DeviceShare[] = [];
