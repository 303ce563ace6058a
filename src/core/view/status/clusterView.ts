import type { ITranslation } from '../../model/translation.js';
import type { Device, SessionState } from '../../wire/messages.js';
import { type Blocks, failuresBlock, lead, sentence, tableBlock } from '../display/block.js';
import { agentNote } from '../display/emptyStates.js';
import { bytes, count, deviceCount } from '../format/format.js';
import { deviceNotices } from './deviceNotices.js';

/** The devices of the session. */
export function clusterView(state: SessionState, trans: ITranslation): Blocks {
  const nodes = state.cluster?.nodes ?? [];
  const places = nodes.flatMap(node => node.devices.map(device => ({ node: node.id, device })));
  const excluded = (state.excludedDevices ?? []).map(({ device, error }) => ({ where: [device.id], error }));
  if (places.length === 0 && excluded.length > 0) {
    return [
      lead(trans.__('No device is left.')),
      sentence(trans.__('Take those that follow in again with `%saturn cluster --gpu all`.')),
      failuresBlock(excluded)
    ];
  }
  if (places.length === 0) {
    return [
      lead(trans.__('No devices yet.')),
      state.agent === 'away' ? agentNote(trans) : sentence(trans.__('Choose some with `%saturn cluster`.'))
    ];
  }
  const memory = places.reduce((sum, { device }) => sum + device.memoryBytes, 0);
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
    tableBlock({
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
    }),
    failuresBlock(deviceNotices(state).map(error => ({ where: [], error }))),
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
