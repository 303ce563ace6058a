import type { Pin, PlanTask, Segment } from '../../wire/messages.js';
import { assertUnique, badRequest } from '../requestAssertions.js';
import { sharesOf } from '../schedule/deviceRuns.js';
import { strategyKey, strategyLabel } from '../strategy.js';
import { type IConstraint, type IPlaceTerm, missesByTask } from './constraint.js';

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

  missedByStaying: ({ name, pin: own, running }: PlanTask) =>
    own === undefined || running === undefined || departures(own, running).length === 0
      ? undefined
      : `"${name}" runs already and stays where it is, not ${pinLabel(own)}.`
};

/** How a place differs from a pin. */
function departures(
  { strategy, node: wanted, devices: among }: Pin,
  place: Pick<Segment, 'strategy' | 'node' | 'devices' | 'elsewhere'>
): string[] {
  const problems: string[] = [];
  if (strategy !== undefined && strategyKey(strategy) !== strategyKey(place.strategy)) {
    problems.push(
      `it runs as ${strategyLabel(place.strategy)}, not as ${strategyLabel(strategy)}, to which it is pinned`
    );
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

/** Devices give way before the node, and the node before the strategy. */
function placeTerm(task: string, own: Pin): IPlaceTerm {
  const only = (...parts: (keyof Pin)[]): Pin =>
    Object.fromEntries(parts.flatMap(part => (own[part] === undefined ? [] : [[part, own[part]]])));
  return {
    pin: own,
    impossible: `Nothing can run "${task}" ${pinLabel(own)}.`,
    concessions: [
      { pin: only('strategy', 'node'), relax: 'Let it use other devices of the node.' },
      { pin: only('strategy'), relax: 'Let it run on another node.' },
      { pin: only('node', 'devices'), relax: 'Let it run by another strategy.' },
      { pin: only('node'), relax: 'Let it run by another strategy on other devices of the node.' },
      { pin: {}, relax: 'Unpin it.' }
    ]
  };
}

/** What a person calls it: `as ddp x2 on node n0`. */
function pinLabel({ strategy, node, devices }: Pin): string {
  return [
    ...(strategy === undefined ? [] : [`as ${strategyLabel(strategy)}`]),
    ...(devices === undefined ? [] : [`on ${devices.join(', ')}`]),
    ...(node === undefined ? [] : [devices === undefined ? `on node ${node}` : `of node ${node}`])
  ].join(' ');
}
