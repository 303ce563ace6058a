import type { Node } from '../wire/messages.js';

/** The memory that each of so many devices of one of these nodes has at best, in bytes. */
export function deviceMemory(devices: number, nodes: readonly Node[]): number {
  return Math.max(
    0,
    ...nodes.map(
      node => node.devices.map(device => device.memoryBytes).sort((a, b) => b - a)[devices - 1] ?? 0
    )
  );
}
