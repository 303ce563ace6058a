import type { Device, ProfileCell, Strategy } from '../wire/messages.js';

/** One string per distinct strategy, for use as a map key. */
export function strategyKey(strategy: Strategy): string {
  const nodes = strategy.nodes === undefined ? '' : `/${strategy.nodes}`;
  const name = `${strategy.technique}:${strategy.devices}${nodes}`;
  if (strategy.knobs === undefined) {
    return name;
  }
  const knobs = Object.entries(strategy.knobs).sort(([a], [b]) => (a < b ? -1 : 1));
  return [name, ...knobs.map(([k, v]) => `${k}=${v}`)].join(',');
}

const knobWords = ({ knobs, nodes }: Pick<Strategy, 'knobs' | 'nodes'>): string[] => [
  ...(nodes === undefined ? [] : [`nodes=${nodes}`]),
  ...Object.entries(knobs ?? {}).map(([k, v]) => (v === true ? k : `${k}=${v}`))
];

/** What a person calls a strategy: `ddp x2`. */
export function strategyLabel(strategy: Strategy): string {
  return [`${strategy.technique} x${strategy.devices}`, ...knobWords(strategy)].join(' ');
}

/** What a person calls a technique with its knobs, on however many devices: `fsdp checkpointing`. */
export function variantLabel(strategy: Omit<Strategy, 'devices'>): string {
  return [strategy.technique, ...knobWords(strategy)].join(' ');
}

/** One string per strategy on devices of a model; of a strategy alone where they have none. */
export function wayKey(strategy: Strategy, model: string | undefined): string {
  const key = strategyKey(strategy);
  return model === undefined ? key : `${key} on ${model}`;
}

/** Key of a profile cell: signature, strategy, and the model of the devices where they have one. */
export function cellKey(signature: string, strategy: Strategy, model?: string): string {
  return `${signature} ${wayKey(strategy, model)}`;
}

/** What tells one profile cell from another. */
export type CellPlace = Pick<ProfileCell, 'signature' | 'strategy' | 'model' | 'fused'>;

/** Key of what is, or is to be, a profile cell: see {@link cellKey}; of a fused run, with the number of its tasks. */
export function keyOfCell({ signature, strategy, model, fused }: CellPlace): string {
  const key = cellKey(signature, strategy, model);
  return fused === undefined ? key : `${key}, ${fused} fused`;
}

/** Key of a strategy's curve: the same technique with the same knobs and nodes, whatever the device count. */
export function curveKey(strategy: Strategy): string {
  return strategyKey({ ...strategy, devices: 0 });
}

/** How many devices of each of its nodes a strategy takes. */
export function devicesPerNode({ devices, nodes = 1 }: Strategy): number {
  return devices / nodes;
}

/** The devices of a node that a strategy may use: parts of a divided GPU work with no other, so only alone. */
export function usableBy({ devices }: Pick<Strategy, 'devices'>, all: readonly Device[]): readonly Device[] {
  return devices > 1 ? all.filter(device => !device.partition) : all;
}

/** How many of a node's devices one task can use at most. */
export function mostTogether(all: readonly Device[]): number {
  return Math.max(Math.min(1, all.length), mostWithOthers(all));
}

/** How many of a node's devices a task can use that uses others as well, of this node or another. */
export function mostWithOthers(all: readonly Device[]): number {
  return usableBy({ devices: 2 }, all).length;
}
