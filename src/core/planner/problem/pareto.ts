import type { PlanOption } from '../../wire/messages.js';

/** Where something may run. */
export interface IEligibility {
  /** Indexes of the nodes it may use, ascending; all with enough devices when absent. */
  nodes?: number[];
  /** Per node, indexes of the devices it may use, ascending; all of a node's where absent. */
  among?: (number[] | undefined)[];
  /** Over how many nodes its devices are spread evenly; one when absent. */
  span?: number;
}

/** A strategy of one task, with the time its remaining steps take. */
export interface IConfig extends IEligibility {
  option: PlanOption;
  /** Devices held. */
  devices: number;
  /** From taking the devices to giving them back: start and all remaining steps. */
  seconds: number;
  /** Of these, seconds that train nothing: starting, and leaving the place where it runs now. */
  overhead: number;
}

/** The fastest configuration at each device count, fewest devices first. */
export function fastestPerCount(configs: IConfig[]): IConfig[] {
  const best = new Map<number, IConfig>();
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
export function paretoFront(configs: IConfig[]): IConfig[] {
  const front: IConfig[] = [];
  for (const config of fastestPerCount(configs)) {
    const last = front[front.length - 1];
    if (last === undefined || config.seconds < last.seconds) {
      front.push(config);
    }
  }
  return front;
}

/**
 * The same where configurations may differ in where they may run: one is dropped only for another that may run
 * wherever it may. Fewest devices first, and of equally many the fastest; more devices need not mean less time.
 */
export function paretoFrontByPlace(configs: IConfig[]): IConfig[] {
  const front: IConfig[] = [];
  const sorted = [...configs].sort((a, b) => a.devices - b.devices || a.seconds - b.seconds);
  for (const config of sorted) {
    if (!front.some(better => better.seconds <= config.seconds && covers(better, config))) {
      front.push(config);
    }
  }
  return front;
}

/** Whether something may run on a node, as far as that depends on which node it is. */
export function allows({ nodes }: IEligibility, node: number): boolean {
  return nodes?.includes(node) ?? true;
}

/**
 * What of a front by place counts on one node, fewest devices first: what may run there and, unless it may run anywhere
 * as all others may, is not dominated by something else that may.
 *
 * @param size - devices of the node.
 * @returns indexes into `configs`, ascending.
 */
export function frontOn(configs: readonly IConfig[], node: number, size: number): number[] {
  const unlike = configs.some(({ nodes }) => nodes !== undefined);
  const front: number[] = [];
  let fastest = Infinity;
  for (const [index, config] of configs.entries()) {
    if (config.devices <= size && allows(config, node) && (!unlike || config.seconds < fastest)) {
      front.push(index);
      fastest = Math.min(fastest, config.seconds);
    }
  }
  return front;
}

/** Whether `wide` may run wherever `narrow`, which needs no fewer devices, may. */
function covers(wide: IEligibility, narrow: IEligibility): boolean {
  if ((wide.span ?? 1) !== (narrow.span ?? 1)) {
    return false;
  }
  const alike = wide.nodes === narrow.nodes;
  if (!alike && wide.nodes !== undefined && !(narrow.nodes?.every(node => allows(wide, node)) ?? false)) {
    return false;
  }
  return (
    wide.among?.every(
      (devices, node) =>
        devices === undefined ||
        !allows(narrow, node) ||
        (narrow.among?.[node]?.every(device => devices.includes(device)) ?? false)
    ) ?? true
  );
}
