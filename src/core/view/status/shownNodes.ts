import type { ITranslation } from '../../model/translation.js';
import type { Device, Failure, Node, NodeState, SessionState } from '../../wire/messages.js';
import type { ITaskFailure } from '../format/failures.js';
import { clockTime, count, deviceCount, listing } from '../format/format.js';

/**
 * How a node is: `away`: it is waited for, as it may go on with what it does; `gone`: what it did goes on elsewhere;
 * `joining`: it was found, and has not spoken yet; `refused`: nothing trains there, for a reason that is told; `unreserved`: it
 * is there, but others use it, and nothing begins there before it is the session's alone.
 */
export type NodeStanding = 'connected' | 'away' | 'gone' | 'joining' | 'refused' | 'unreserved';

/** A node of a session, as far as anything is known of it. */
export interface IShownNode {
  readonly id: string;
  readonly standing: NodeStanding;
  /** Seconds since the epoch. */
  readonly since?: number;
  /** Its devices; absent while it has none in the cluster. */
  readonly node?: Node;
  readonly told?: NodeState;
  /** In the network of the cluster that it is of. */
  readonly address?: string;
  readonly error?: Failure;
}

/** So many nodes are named. */
const NAMED = 3;

/**
 * All nodes of a session: those that have spoken, in that order, then those that were found. Of one that is gone nothing is
 * said once the cluster that it was of is left: nobody misses it.
 */
export function shownNodes({ nodes = [], cluster, bridge, agent }: SessionState): IShownNode[] {
  const there = new Map((cluster?.nodes ?? []).map(node => [node.id, node]));
  const found = new Map((bridge?.nodes ?? []).map(node => [node.id, node]));
  const known = nodes.flatMap((told): IShownNode[] => {
    const { id, state, since, error, isOwn, address = found.get(id)?.address } = told;
    const node = there.get(id);
    const present = found.get(id)?.reserved === false ? 'unreserved' : 'connected';
    const standing = state === 'connected' ? present : node ? 'away' : 'gone';
    return standing === 'gone' && !isOwn && bridge === undefined
      ? []
      : [{ id, standing, since, node, told, address, error: error ?? found.get(id)?.error }];
  });
  const ids = new Set(nodes.map(({ id }) => id));
  // A journal of an earlier version tells of no nodes.
  const silent = [...there.values()]
    .filter(({ id }) => !ids.has(id))
    .map((node): IShownNode => ({ id: node.id, standing: agent, node }));
  const joining = [...found.values()]
    .filter(({ id }) => !ids.has(id) && !there.has(id))
    .map(
      ({ id, address, error }): IShownNode => ({
        ...{ id, address, error },
        standing: error ? 'refused' : 'joining'
      })
    );
  return [...known, ...silent, ...joining];
}

/** Whether a session has, or had, or is to have, more than its own node. */
export function hasSeveralNodes(state: SessionState): boolean {
  return state.bridge !== undefined || shownNodes(state).length > 1;
}

/**
 * The nodes of a session in one sentence: `2 nodes, 16 GPUs; gpu-7 away since 14:02`. Undefined where there is but one.
 *
 * @param now - seconds since the epoch.
 */
export function nodesSentence(state: SessionState, now: number, trans: ITranslation): string | undefined {
  if (!hasSeveralNodes(state)) {
    return undefined;
  }
  return [
    nodesWords(state, trans),
    ...awayNodes(state, now, trans),
    ...idleNodes(state, trans),
    ...bridgeTrouble(state, trans)
  ].join('; ');
}

/** The nodes that are there, with their devices: `2 nodes, 16 GPUs`. */
export function nodesWords(state: SessionState, trans: ITranslation): string {
  const here = shownNodes(state).filter(
    ({ standing }) => standing === 'connected' || standing === 'unreserved'
  );
  const devices = here.flatMap(({ node }) => node?.devices ?? []);
  return trans.__('%1, %2', nodeCount(here.length, trans), deviceWords(devices, trans));
}

/** What is wrong with nodes, and with the way to them. */
export function nodeFailures(state: SessionState, trans: ITranslation): ITaskFailure[] {
  const { bridge } = state;
  const lost = bridge?.state === 'failed' && {
    where: [trans.__('Ray cluster %1', bridge.address)],
    error: bridge.error ?? { code: 'bridge-lost', message: trans.__('The way to it is lost.') }
  };
  const nodes = shownNodes(state).flatMap(({ id, standing, error }) =>
    error && standing !== 'connected' ? [{ where: [id], error }] : []
  );
  return lost ? [lost, ...nodes] : nodes;
}

/** `1 node`, `3 nodes`. */
export function nodeCount(number: number, trans: ITranslation): string {
  return trans._n('%2 node', '%2 nodes', number, count(number));
}

/** `16 GPUs`. */
export function deviceWords(devices: readonly Device[], trans: ITranslation): string {
  const all = (kind: Device['kind']): boolean =>
    devices.length > 0 && devices.every(one => one.kind === kind);
  const number = devices.length;
  if (all('cuda')) {
    return trans._n('%2 GPU', '%2 GPUs', number, count(number));
  }
  return all('cpu')
    ? trans._n('%2 virtual CPU device', '%2 virtual CPU devices', number, count(number))
    : deviceCount(number, trans);
}

/** Since when a node is away: `away since 14:02`. */
export function awayWords({ since }: Pick<IShownNode, 'since'>, now: number, trans: ITranslation): string {
  return since === undefined ? trans.__('away') : trans.__('away since %1', clockTime(since, now));
}

/** The nodes of a session that are away, but for its own. */
export function missedNodes(state: SessionState): IShownNode[] {
  return shownNodes(state).filter(
    ({ standing, told }) => (standing === 'away' || standing === 'gone') && told !== undefined && !told.isOwn
  );
}

/** The nodes of a session that are away, in words: `gpu-7 away since 14:02`, `gpu-1, gpu-2, gpu-3 and 4 more away`. */
export function awayNodes(state: SessionState, now: number, trans: ITranslation): string[] {
  const away = missedNodes(state);
  return away.length > NAMED
    ? [trans.__('%1 away', named(away, trans))]
    : away.map(node => trans.__('%1 %2', node.id, awayWords(node, now, trans)));
}

function named(nodes: readonly IShownNode[], trans: ITranslation): string {
  return listing(
    nodes.map(({ id }) => id),
    trans,
    NAMED
  );
}

/** The nodes on which nothing trains yet, or at all. */
function idleNodes(state: SessionState, trans: ITranslation): string[] {
  const nodes = shownNodes(state);
  const of = (wanted: NodeStanding): IShownNode[] => nodes.filter(({ standing }) => standing === wanted);
  const [joining, refused, unreserved] = [of('joining'), of('refused'), of('unreserved')];
  return [
    ...(joining.length > 0 ? [trans.__('%1 joining', named(joining, trans))] : []),
    ...(refused.length > 0 ? [trans.__('%1 left out', named(refused, trans))] : []),
    ...(unreserved.length > 0 ? [trans.__('%1 used by others', named(unreserved, trans))] : [])
  ];
}

function bridgeTrouble({ bridge }: SessionState, trans: ITranslation): string[] {
  switch (bridge?.state) {
    case 'starting':
      return [trans.__('joining the Ray cluster %1', bridge.address)];
    case 'failed':
      return [trans.__('no way to the Ray cluster %1', bridge.address)];
    case 'leaving':
    case 'ending':
      return [trans.__('leaving the Ray cluster %1', bridge.address)];
    case 'connected':
    case undefined:
      return [];
  }
}
