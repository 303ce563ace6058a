import { type IDeviceKind, isSameModel, strategyKinds } from '../model/deviceModels.js';
import { devicesPerNode } from '../model/strategy.js';
import type { Attempt, DeviceShare, Node, Strategy } from '../wire/messages.js';
import { deviceKey, plannedCluster } from './plannedCluster.js';
import type { ISession } from './session.js';

/** Where a strategy can begin now. */
export type IdlePlace = Pick<Attempt, 'strategy' | 'node' | 'devices' | 'elsewhere'>;

/** Such devices as a strategy may run on, of a model, or of any when undefined. */
function kindsFor(
  { state }: ISession,
  { strategy, model }: { readonly strategy: Strategy; readonly model?: string }
): IDeviceKind[] {
  return strategyKinds(plannedCluster(state), strategy).filter(kind => isSameModel(kind.model, model));
}

/** Keys of the devices that one of these strategies may run on. */
export function devicesFor(
  session: ISession,
  wishes: readonly { readonly strategy: Strategy; readonly model?: string }[]
): Set<string> {
  const nodes = wishes.flatMap(wish => kindsFor(session, wish).flatMap(kind => kind.nodes));
  return new Set(nodes.flatMap(({ id, devices }) => devices.map(device => deviceKey(id, device.id))));
}

/**
 * Where a strategy finds idle devices enough, as many on each of the nodes that it takes; undefined where it does not.
 *
 * @param free - the nodes, with those of their devices that are idle.
 */
export function idlePlace(
  session: ISession,
  wish: { readonly strategy: Strategy; readonly model?: string },
  free: readonly Node[]
): IdlePlace | undefined {
  const idle = new Set(free.flatMap(({ id, devices }) => devices.map(device => deviceKey(id, device.id))));
  for (const { nodes } of kindsFor(session, wish)) {
    const place = placeAmong(wish.strategy, nodes, idle);
    if (place) {
      return place;
    }
  }
  return undefined;
}

function placeAmong(
  strategy: Strategy,
  nodes: readonly Node[],
  idle: ReadonlySet<string>
): IdlePlace | undefined {
  const count = devicesPerNode(strategy);
  const shares = nodes.flatMap(({ id: node, devices }) => {
    const own = devices.map(({ id }) => id).filter(id => idle.has(deviceKey(node, id)));
    return own.length < count ? [] : [{ node, devices: own.slice(0, count) as DeviceShare['devices'] }];
  });
  const [first, ...elsewhere] = shares.slice(0, strategy.nodes ?? 1);
  return first === undefined || elsewhere.length + 1 < (strategy.nodes ?? 1)
    ? undefined
    : { strategy, ...first, ...(elsewhere.length > 0 && { elsewhere }) };
}
