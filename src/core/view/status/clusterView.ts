import type { Device, Rendered, SessionState } from '../../wire/messages.js';
import { display, lead, sentence, tablePart } from '../format/display.js';
import { bytes, plural } from '../format/format.js';

/** The devices of the session. */
export function clusterView(state: SessionState): Rendered {
  const nodes = state.cluster?.nodes ?? [];
  const places = nodes.flatMap(node => node.devices.map(device => ({ node: node.id, device })));
  if (places.length === 0) {
    return display('cluster', [
      lead('No devices yet.'),
      sentence(
        state.agent === 'away'
          ? 'The agent that owns them is away; it is started again when a notebook attaches.'
          : 'Choose some with `%saturn cluster`.'
      )
    ]);
  }
  const memory = places.reduce((sum, { device }) => sum + device.memoryBytes, 0);
  return display('cluster', [
    lead(
      `${plural(places.length, 'device')} on ${plural(nodes.length, 'node')}, ${bytes(memory)} of memory in all.`
    ),
    tablePart({
      columns: [
        { label: 'Device' },
        { label: 'Node' },
        { label: 'Kind' },
        { label: 'Name' },
        { label: 'Memory', align: 'right' },
        { label: 'Cores' }
      ],
      rows: places.map(({ node, device }) => [
        device.id,
        node,
        device.kind === 'cuda' ? 'GPU' : 'virtual CPU device',
        device.uuid === undefined ? device.name : { text: device.name, title: device.uuid },
        bytes(device.memoryBytes),
        cores(device)
      ])
    }),
    state.agent === 'away' && sentence('The agent is away, so nothing can start on them now.')
  ]);
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
