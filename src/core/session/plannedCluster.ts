import { devicesOf } from '../model/schedule/deviceRuns.js';
import type { Cluster, Segment, SessionState } from '../wire/messages.js';

/** The devices that are worked on: those of the cluster that are not to be kept free. */
export function plannedCluster({ cluster, wishes }: Pick<SessionState, 'cluster' | 'wishes'>): Cluster {
  const { freeDevices = [] } = wishes ?? {};
  if (cluster && freeDevices.length === 0) {
    return cluster;
  }
  return {
    nodes: (cluster?.nodes ?? []).map(node => {
      const free = new Set(freeDevices.filter(share => share.node === node.id).flatMap(one => one.devices));
      return free.size === 0
        ? node
        : { ...node, devices: node.devices.filter(device => !free.has(device.id)) };
    })
  };
}

/** What tells a device from all others. */
export const deviceKey = (node: string, device: string): string => `${node}\n${device}`;

/** The keys of all devices of a place. */
export function keysOf(place: Pick<Segment, 'node' | 'devices' | 'elsewhere'>): string[] {
  return devicesOf(place).map(({ node, device }) => deviceKey(node, device));
}
