import type { PlanOption } from '../wire/generated/types.js';

/** A strategy of one task, with the time its remaining steps take. */
export interface Config {
  option: PlanOption;
  /** Devices held. */
  devices: number;
  /** From taking the devices to giving them back: start and all remaining steps. */
  seconds: number;
  /** Of these, seconds that train nothing: starting, and leaving the place where it runs now. */
  overhead: number;
}

/** The fastest configuration at each device count, fewest devices first. */
export function fastestPerCount(configs: Config[]): Config[] {
  const best = new Map<number, Config>();
  for (const config of configs) {
    const known = best.get(config.devices);
    if (known === undefined || config.seconds < known.seconds) {
      best.set(config.devices, config);
    }
  }
  return [...best.values()].sort((a, b) => a.devices - b.devices);
}

/**
 * Drop each configuration for which another needs no more devices and no more time. What remains grows in devices
 * and shrinks in seconds. An optimal plan needs no other, since the better one fits wherever the worse one did.
 */
export function paretoFront(configs: Config[]): Config[] {
  const front: Config[] = [];
  for (const config of fastestPerCount(configs)) {
    const last = front[front.length - 1];
    if (last === undefined || config.seconds < last.seconds) {
      front.push(config);
    }
  }
  return front;
}
