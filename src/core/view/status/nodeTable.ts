import { busyElsewhere } from '../../model/busyDevices.js';
import type { ITranslation } from '../../model/translation.js';
import type { Device, NodeVersions, SessionState } from '../../wire/messages.js';
import { bytes, clockTime, listing, NOTHING } from '../format/format.js';
import type { ICell, ITable, Tone } from '../format/table.js';
import { deviceWords, type IShownNode, type NodeStanding, shownNodes } from './shownNodes.js';

/** So many devices that others use are named. */
const NAMED = 4;

const TONES: Record<NodeStanding, Tone> = {
  connected: 'good',
  away: 'warning',
  gone: 'bad',
  joining: 'active',
  refused: 'bad',
  unreserved: 'warning'
};

/**
 * The nodes of a session: how each is and since when, its devices, its machine, and what others use of it; versions where not
 * all have the same.
 *
 * @param now - seconds since the epoch.
 */
export function nodeTable(state: SessionState, now: number, trans: ITranslation): ITable {
  const nodes = shownNodes(state);
  const unlike = unlikeVersions(nodes);
  const busy = busyElsewhere(state);
  const isShared = busy.length > 0;
  return {
    label: trans.__('Nodes'),
    columns: [
      { label: trans.__('Node') },
      { label: trans.__('State') },
      { label: trans.__('Since'), narrow: 'tooltip' },
      { label: trans.__('Devices') },
      { label: trans.__('Memory'), align: 'right', narrow: 'below' },
      { label: trans.__('Machine'), narrow: 'tooltip' },
      ...(isShared ? [{ label: trans.__('In use elsewhere'), narrow: 'tooltip' as const }] : []),
      ...(unlike.length > 0 ? [{ label: trans.__('Versions'), narrow: 'below' as const }] : [])
    ],
    rows: nodes.map(shown => [
      nameCell(shown, trans),
      stateCell(shown, trans),
      shown.since === undefined ? NOTHING : clockTime(shown.since, now),
      devicesCell(shown, trans),
      shown.node ? bytes(shown.node.devices.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)) : NOTHING,
      machineWords(shown),
      ...(isShared ? [busyWords(shown, busy, trans)] : []),
      ...(unlike.length > 0 ? [versionWords(shown, unlike)] : [])
    ])
  };
}

function nameCell({ id, told }: IShownNode, trans: ITranslation): ICell {
  return told?.isOwn ? { text: id, note: trans.__('(of this session)') } : { text: id };
}

function stateCell({ standing }: IShownNode, trans: ITranslation): ICell {
  return {
    text: {
      connected: trans.__('connected'),
      away: trans.__('away, is waited for'),
      gone: trans.__('away'),
      joining: trans.__('joining'),
      refused: trans.__('left out'),
      unreserved: trans.__('used by others, is waited for')
    }[standing],
    tone: TONES[standing]
  };
}

/** `8 GPUs`, and which: `NVIDIA H200`. */
function devicesCell({ node }: IShownNode, trans: ITranslation): ICell {
  if (node === undefined || node.devices.length === 0) {
    return { text: NOTHING };
  }
  const words = deviceWords(node.devices, trans);
  const names = [...new Set(node.devices.flatMap(({ kind, name }) => (kind === 'cuda' ? [name] : [])))];
  return { text: names.length > 0 ? trans.__('%1, %2', words, listing(names, trans)) : words };
}

function machineWords({ id, told, address }: IShownNode): string {
  const words = [told?.host === id ? undefined : told?.host, address].filter(word => word !== undefined);
  return words.join(', ') || NOTHING;
}

function busyWords(
  { id }: IShownNode,
  busy: readonly { readonly node: string; readonly device: Device }[],
  trans: ITranslation
): string {
  const mine = busy.filter(({ node }) => node === id).map(({ device }) => device.id);
  return mine.length > 0 ? listing(mine, trans, NAMED) : NOTHING;
}

/** Names of software that is not the same on all nodes that tell it. */
function unlikeVersions(nodes: readonly IShownNode[]): (keyof NodeVersions)[] {
  return (['package', 'python', 'torch', 'ray'] as const).filter(name => {
    const told = nodes.flatMap(node => node.told?.versions?.[name] ?? []);
    return new Set(told).size > 1;
  });
}

const SOFTWARE: Record<keyof NodeVersions, string> = {
  package: 'jupyterlab-saturn',
  python: 'Python',
  torch: 'PyTorch',
  ray: 'Ray'
};

function versionWords({ told }: IShownNode, names: readonly (keyof NodeVersions)[]): string {
  const words = names.flatMap(name => {
    const version = told?.versions?.[name];
    return version === undefined ? [] : [`${SOFTWARE[name]} ${version}`];
  });
  return words.join(', ') || NOTHING;
}
