import type {
  Cluster,
  Device,
  DeviceKind,
  DeviceShare,
  Feasibility,
  Node,
  PlanOption,
  Strategy
} from '../wire/messages.js';
import { derived } from './derived.js';
import { devicesPerNode, usableBy } from './strategy.js';

/** Devices on which so many of them are equally fast, so that what is measured on some holds for all. */
export interface IDeviceKind {
  /** What measurements are kept under: the devices' model; of unlike devices, those of their node. Absent where they have none. */
  readonly model?: string;
  /** What they are; absent where there are none. */
  readonly kind?: DeviceKind;
  /** The nodes that have enough of them, each with these devices alone. */
  readonly nodes: readonly Node[];
  /** The same as the planner is told it: nothing where these are all that a strategy could run on. */
  readonly places: Pick<PlanOption, 'nodes' | 'among'>;
}

const kindsByCount = derived((_: Cluster) => new Map<number, readonly IDeviceKind[]>());

/**
 * The kinds of devices that a strategy may run on. It runs on devices of one model; on unlike ones of a node only where it
 * needs more than there are of any model.
 *
 * @param count - devices that the strategy needs.
 * @returns those first that have the most memory in all, in which clusters of unlike devices differ most.
 */
export function deviceKinds(cluster: Cluster, count: number): readonly IDeviceKind[] {
  const known = kindsByCount(cluster);
  let kinds = known.get(count);
  if (kinds === undefined) {
    kinds = kindsFor(cluster, count);
    known.set(count, kinds);
  }
  return kinds;
}

function kindsFor({ nodes }: Cluster, count: number): IDeviceKind[] {
  const kinds = new Map<string, Omit<IDeviceKind, 'places'>>();
  for (const node of nodes) {
    for (const devices of alike(node, count)) {
      const model = modelOf(node, devices);
      const { kind } = devices[0]!;
      const key = JSON.stringify([kind, model]);
      const others = kinds.get(key)?.nodes ?? [];
      kinds.set(key, {
        ...(model !== undefined && { model }),
        kind,
        nodes: [...others, { ...node, devices }]
      });
    }
  }
  const usable = new Map(nodes.map(({ id, devices }) => [id, usableBy({ devices: count }, devices).length]));
  const large = [...usable.values()].filter(number => number >= count).length;
  return [...kinds.values()]
    .sort((a, b) => memoryOf(b) - memoryOf(a))
    .map(kind => {
      const some = kind.nodes.filter(({ id, devices }) => devices.length < usable.get(id)!);
      const among = some.map(({ id, devices }) => ({ node: id, devices: devices.map(device => device.id) }));
      const places = {
        ...(kind.nodes.length < large && { nodes: kind.nodes.map(({ id }) => id) }),
        ...(among.length > 0 && { among })
      };
      return { ...kind, places };
    });
}

/** As {@link deviceKinds}, of a strategy: over several nodes those of which enough nodes have enough. */
export function strategyKinds(cluster: Cluster, strategy: Strategy): readonly IDeviceKind[] {
  const { nodes: span = 1 } = strategy;
  return span === 1
    ? deviceKinds(cluster, strategy.devices)
    : deviceKinds(wholeDevices(cluster), devicesPerNode(strategy)).filter(
        ({ nodes }) => nodes.length >= span
      );
}

/** A cluster of those devices that work with others. */
const wholeDevices = derived(
  ({ nodes }: Cluster): Cluster => ({
    nodes: nodes.map(node => ({ ...node, devices: [...usableBy({ devices: 2 }, node.devices)] }))
  })
);

/** The kinds of devices that a strategy may run on by what an inspection found. */
export function feasibleKinds(
  cluster: Cluster,
  { strategy, feasible, kind: only }: Feasibility
): readonly IDeviceKind[] {
  const kinds = feasible ? strategyKinds(cluster, strategy) : [];
  return only === undefined ? kinds : kinds.filter(({ kind }) => kind === only);
}

/** Of a node, the devices from which so many may be taken: sets of like ones, or all where no such set is large enough. */
function alike({ devices }: Node, count: number): Device[][] {
  const usable = usableBy({ devices: count }, devices);
  const sets = new Map<string | undefined, Device[]>();
  for (const device of usable) {
    sets.set(device.model, [...(sets.get(device.model) ?? []), device]);
  }
  const enough = [...sets.values()].filter(own => own.length >= count);
  return enough.length > 0 ? enough : usable.length >= count ? [[...usable]] : [];
}

/** The model of some devices of a node; where they are unlike, those of all its devices that work together. */
function modelOf(node: Node, devices: readonly Device[]): string | undefined {
  const [model, ...others] = modelsOf(devices);
  return others.length === 0 ? model : modelsOf(usableBy({ devices: 2 }, node.devices)).join(' + ');
}

function modelsOf(devices: readonly Device[]): (string | undefined)[] {
  return [...new Set(devices.map(({ model }) => model))].sort();
}

function memoryOf({ nodes }: Pick<IDeviceKind, 'nodes'>): number {
  return nodes.flatMap(({ devices }) => devices).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
}

/** Under which model measurements on some devices are kept; undefined where they have none, or are gone. */
export function modelAt(cluster: Cluster, share: DeviceShare): string | undefined {
  const known = modelsByShare(cluster);
  let found = known.get(share);
  if (found === undefined) {
    const node = nodesById(cluster).get(share.node);
    const own = node?.devices.filter(device => share.devices.includes(device.id)) ?? [];
    found = { model: node && own.length > 0 ? modelOf(node, own) : undefined };
    known.set(share, found);
  }
  return found.model;
}

/** What was found of the devices of jobs, which is asked for at each event. */
const modelsByShare = derived(
  (_: Cluster) => new WeakMap<DeviceShare, { readonly model: string | undefined }>()
);

const nodesById = derived(({ nodes }: Cluster) => new Map(nodes.map(node => [node.id, node])));

/** The models of all devices, each once; those that have none are left out. */
export const deviceModels = derived((cluster: Cluster): readonly string[] => [
  ...new Set(cluster.nodes.flatMap(node => node.devices.flatMap(({ model }) => model ?? [])))
]);

/** Whether what holds for a model holds for another: unless both are known and differ. */
export function isSameModel(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** Whether an option of the planner's was measured for some devices of a node. */
export function isMeasuredFor(
  { nodes, among }: { readonly nodes?: readonly string[]; readonly among?: readonly DeviceShare[] },
  { node, devices }: DeviceShare
): boolean {
  const own = among?.find(share => share.node === node)?.devices;
  return (nodes?.includes(node) ?? true) && (own === undefined || devices.every(id => own.includes(id)));
}
