import type { Cluster, Pin, PlanTask, Segment } from '../../wire/messages.js';
import { assertUnique, badRequest } from '../requestAssertions.js';
import { sharesOf } from '../schedule/deviceRuns.js';
import { strategyKey, strategyLabel } from '../strategy.js';
import { type IConstraint, type IPlaceTerm, missesByTask, withTask } from './constraint.js';

/** A task runs by this strategy, on this node, on no others of its devices. */
export const pin: IConstraint = {
  name: 'pin',
  label: trans => trans.__('pin'),

  assert({ tasks, cluster }) {
    for (const { name, pin: own } of tasks) {
      if (own === undefined) {
        continue;
      }
      if (own.devices !== undefined && own.node === undefined) {
        throw badRequest(`Task "${name}" is pinned to devices, but not to the node they are of.`);
      }
      const node = cluster.nodes.find(candidate => candidate.id === own.node);
      if (own.node !== undefined && node === undefined) {
        throw badRequest(`Task "${name}" is pinned to node "${own.node}", which is not in the cluster.`);
      }
      for (const device of own.devices ?? []) {
        if (!node!.devices.some(candidate => candidate.id === device)) {
          throw badRequest(
            `Task "${name}" is pinned to device "${device}", which node "${own.node}" does not have.`
          );
        }
      }
      assertUnique(own.devices ?? [], `pin of task "${name}"`);
    }
  },

  unmet: schedule =>
    missesByTask(schedule, ({ pin: own }, segments) =>
      own === undefined ? [] : segments.flatMap(segment => departures(own, segment))
    ),

  ofTask: task => task.pin && { place: placeTerm(task.name, task.pin) },

  without: (request, name) =>
    request.tasks.some(task => task.name === name && task.pin !== undefined)
      ? {
          request: withTask(request, name, ({ pin: _, ...rest }) => rest),
          relax: `no pin of "${name}"`
        }
      : undefined,

  missedByStaying: ({ name, pin: own, running }: PlanTask) =>
    own === undefined || running === undefined || departures(own, running).length === 0
      ? undefined
      : `"${name}" runs already and stays where it is, not ${pinLabel(own)}.`
};

/**
 * A pin as far as its node and devices are there: to others nothing can be pinned. Nothing when nothing of it is left.
 */
export function pinWithin({ node, devices, ...how }: Pin, cluster: Cluster): Pin | undefined {
  const there = cluster.nodes.find(({ id }) => id === node)?.devices.map(device => device.id) ?? [];
  const [first, ...rest] = devices?.filter(device => there.includes(device)) ?? [];
  const isThere = there.length > 0 && (devices === undefined || first !== undefined);
  const left: Pin = {
    ...how,
    ...(node !== undefined && isThere && { node }),
    ...(first !== undefined && { devices: [first, ...rest] })
  };
  return Object.keys(left).length > 0 ? left : undefined;
}

/** How a place differs from a pin. */
function departures(
  { strategy, technique, count, node: wanted, devices: among }: Pin,
  place: Pick<Segment, 'strategy' | 'node' | 'devices' | 'elsewhere'>
): string[] {
  const problems: string[] = [];
  if (strategy !== undefined && strategyKey(strategy) !== strategyKey(place.strategy)) {
    problems.push(
      `it runs as ${strategyLabel(place.strategy)}, not as ${strategyLabel(strategy)}, to which it is pinned`
    );
  }
  if (technique !== undefined && technique !== place.strategy.technique) {
    problems.push(`it runs as ${strategyLabel(place.strategy)}, but is pinned to the technique ${technique}`);
  }
  if (count !== undefined && count !== place.strategy.devices) {
    problems.push(`it runs as ${strategyLabel(place.strategy)}, but is pinned to ${devicesWord(count)}`);
  }
  for (const { node, devices } of sharesOf(place)) {
    if (wanted !== undefined && wanted !== node) {
      problems.push(`it runs on node "${node}", not on "${wanted}", to which it is pinned`);
    } else if (among !== undefined && !devices.every(device => among.includes(device))) {
      problems.push(`it runs on ${devices.join(', ')}, but is pinned to ${among.join(', ')}`);
    }
  }
  return problems;
}

/** The parts of a pin that say by what strategy. */
const HOW = ['strategy', 'technique', 'count'] as const satisfies (keyof Pin)[];

/** Devices give way before the node, and the node before the strategy. */
function placeTerm(task: string, own: Pin): IPlaceTerm {
  const only = (...parts: (keyof Pin)[]): Pin =>
    Object.fromEntries(parts.flatMap(part => (own[part] === undefined ? [] : [[part, own[part]]])));
  return {
    pin: own,
    impossible: `Nothing can run "${task}" ${pinLabel(own)}.`,
    concessions: [
      { pin: only(...HOW, 'node'), relax: 'Let it use other devices of the node.' },
      { pin: only(...HOW), relax: 'Let it run on another node.' },
      { pin: only('node', 'devices'), relax: 'Let it run by another strategy.' },
      { pin: only('node'), relax: 'Let it run by another strategy on other devices of the node.' },
      { pin: {}, relax: 'Unpin it.' }
    ]
  };
}

/** What a person calls it: `as ddp x2 on node n0`. */
function pinLabel({ strategy, technique, count, node, devices }: Pin): string {
  return [
    ...(strategy === undefined ? [] : [`as ${strategyLabel(strategy)}`]),
    ...(technique === undefined ? [] : [`as ${technique}`]),
    ...(count === undefined ? [] : [`on ${devicesWord(count)}`]),
    ...(devices === undefined ? [] : [`on ${devices.join(', ')}`]),
    ...(node === undefined ? [] : [devices === undefined ? `on node ${node}` : `of node ${node}`])
  ].join(' ');
}

function devicesWord(count: number): string {
  return count === 1 ? '1 device' : `${count} devices`;
}
