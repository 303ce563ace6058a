import type { ITranslation } from '../../model/translation.js';
import type { BridgeNode, Device, SessionState } from '../../wire/messages.js';
import { type Blocks, failuresBlock, lead, sentence, tableBlock } from '../display/block.js';
import { agentNote } from '../display/emptyStates.js';
import { bytes, count, deviceCount, listing } from '../format/format.js';
import type { ITable } from '../format/table.js';
import { deviceNotices } from './deviceNotices.js';
import { nodeTable } from './nodeTable.js';
import { hasSeveralNodes, nodeFailures } from './shownNodes.js';

/** So many nodes are named. */
const NAMED = 3;

/**
 * The devices of the session, by nodes where there are several.
 *
 * @param now - seconds since the epoch.
 */
export function clusterView(state: SessionState, now: number, trans: ITranslation): Blocks {
  const several = hasSeveralNodes(state);
  const nodes = state.cluster?.nodes ?? [];
  const places = nodes.flatMap(node => node.devices.map(device => ({ node: node.id, device })));
  const excluded = (state.excludedDevices ?? []).map(({ node, device, error }) => ({
    where: [several ? `${node} ${device.id}` : device.id],
    error
  }));
  const nodeBlocks: Blocks = several
    ? [...bridgeBlocks(state, trans), tableBlock(nodeTable(state, now, trans))]
    : [];
  const troubles = failuresBlock(nodeFailures(state, trans));
  if (places.length === 0 && excluded.length > 0) {
    return [
      lead(trans.__('No device is left.')),
      ...nodeBlocks,
      troubles,
      sentence(trans.__('Take those that follow in again with `%saturn cluster --gpu all`.')),
      failuresBlock(excluded)
    ];
  }
  if (places.length === 0) {
    return [
      lead(trans.__('No devices yet.')),
      ...nodeBlocks,
      troubles,
      state.agent === 'away' ? agentNote(trans) : sentence(trans.__('Choose some with `%saturn cluster`.'))
    ];
  }
  const memory = places.reduce((sum, { device }) => sum + device.memoryBytes, 0);
  const devices = tableBlock(deviceTable(places, trans));
  return [
    lead(
      trans._n(
        '%3 on %2 node, %4 of memory in all.',
        '%3 on %2 nodes, %4 of memory in all.',
        nodes.length,
        count(nodes.length),
        deviceCount(places.length, trans),
        bytes(memory)
      )
    ),
    ...nodeBlocks,
    troubles,
    several ? { kind: 'fold', title: trans.__('Devices'), blocks: [devices] } : devices,
    failuresBlock(deviceNotices(state)),
    excluded.length > 0 &&
      sentence(
        trans.__(
          'Left out of the plan, until the devices are set again, e.g. with `%saturn cluster --gpu all`:'
        )
      ),
    failuresBlock(excluded),
    state.agent === 'away' && agentNote(trans)
  ];
}

/** How the way to the other nodes is. */
function bridgeBlocks({ bridge, nodes = [] }: SessionState, trans: ITranslation): Blocks {
  if (bridge === undefined) {
    return [];
  }
  const { address, state, joinedAt } = bridge;
  const isAlone = bridge.nodes.length === 0 && nodes.every(({ isOwn = false }) => isOwn);
  switch (state) {
    case 'starting':
      return [sentence(trans.__('The nodes of the Ray cluster %1 are being joined.', address))];
    case 'connected':
      return [
        ...carryingBlocks(bridge.nodes, trans),
        sentence(
          isAlone
            ? trans.__(
                'The Ray cluster %1 has no other node. One that starts Ray with its address is joined within seconds.',
                address
              )
            : trans.__('The nodes of the Ray cluster %1 are joined.', address),
          isAlone ? 'note' : 'muted'
        )
      ];
    case 'failed':
      return [
        joinedAt === undefined
          ? sentence(trans.__('The nodes of the Ray cluster %1 could not be joined.', address))
          : sentence(
              trans.__(
                'The way to the Ray cluster %1 is lost. It is tried again; what trains on this node goes on.',
                address
              )
            )
      ];
    case 'leaving':
      return [
        sentence(
          trans.__(
            'The nodes of the Ray cluster %1 are left: what trains there saves, to go on here.',
            address
          )
        )
      ];
    case 'ending':
      return [sentence(trans.__('The nodes of the Ray cluster %1 are left.', address))];
  }
}

/** What holds for nodes that do not share the session's folder. */
function carryingBlocks(nodes: readonly BridgeNode[], trans: ITranslation): Blocks {
  const names = nodes.filter(({ carries }) => carries).map(({ id }) => id);
  return names.length === 0
    ? []
    : [
        sentence(
          trans._n(
            "%2 does not share the session's folder: cells, checkpoints and logs travel through Ray's connection. Data that tasks read must be there under the same path, and no task spans several nodes.",
            "%2 do not share the session's folder: cells, checkpoints and logs travel through Ray's connection. Data that tasks read must be there under the same path, and no task spans several nodes.",
            names.length,
            listing(names, trans, NAMED)
          ),
          'note'
        )
      ];
}

function deviceTable(
  places: readonly { readonly node: string; readonly device: Device }[],
  trans: ITranslation
): ITable {
  return {
    columns: [
      { label: trans.__('Device') },
      { label: trans.__('Node') },
      { label: trans.__('Kind') },
      { label: trans.__('Name') },
      { label: trans.__('Memory'), align: 'right' },
      { label: trans.__('Cores') }
    ],
    rows: places.map(({ node, device }) => [
      device.id,
      node,
      kind(device, trans),
      device.uuid === undefined ? device.name : { text: device.name, title: device.uuid },
      bytes(device.memoryBytes),
      cores(device)
    ])
  };
}

function kind(device: Device, trans: ITranslation): string {
  if (device.kind === 'cpu') {
    return trans.__('virtual CPU device');
  }
  return device.partition ? trans.__('slice of a GPU (MIG)') : trans.__('GPU');
}

/** `0-3, 6`. */
function cores(device: Device): string {
  const runs: [number, number][] = [];
  for (const core of [...(device.cores ?? [])].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && core === last[1] + 1) {
      last[1] = core;
    } else {
      runs.push([core, core]);
    }
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}
