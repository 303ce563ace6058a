import { SaturnError } from '../wire/failure.js';
import type { AgentHello, Failure, NodeState, SessionState } from '../wire/messages.js';
import { type ISession, withNotice, withState } from './session.js';

/** A node of which nothing was heard for this long is away, in seconds; agents ping every 2, and give up sooner. */
export const AWAY_SECONDS = 15;

/** So many nodes are told that are no part of the cluster any more. */
const MOST_GONE = 20;

/** For so long a node is told that is no part of the cluster any more, in seconds. */
const TOLD_SECONDS = 600;

/** Whether a node is part of the cluster: it is there, or is waited for. */
export function isInCluster({ cluster }: Pick<SessionState, 'cluster'>, node: string): boolean {
  return cluster?.nodes.some(({ id }) => id === node) ?? false;
}

/** Whether the agent of a node listens. */
export function isConnected({ nodes = [] }: Pick<SessionState, 'nodes'>, node: string): boolean {
  return nodes.some(({ id, state }) => id === node && state === 'connected');
}

/**
 * Whether it is not known what some node does: it may go on with what it did, so nothing is begun or planned before it says
 * so, or is known to be gone.
 */
export function awaitsNodes({ agent, cluster, nodes = [] }: SessionState): boolean {
  return agent === 'away' || nodes.some(node => node.state === 'away' && isInCluster({ cluster }, node.id));
}

/**
 * Nodes that are waited for in vain: what they did is over, as they have ended it themselves. The agent of the session's own
 * node does not: engine and ranks would have ended with it.
 *
 * @param now - seconds since the epoch.
 */
export function overdueNodes({ state }: ISession, now: number): string[] {
  return (state.nodes ?? [])
    .filter(
      ({ id, isOwn, state: is, since }) =>
        is === 'away' && !isOwn && isInCluster(state, id) && now - since >= AWAY_SECONDS
    )
    .map(({ id }) => id);
}

/**
 * The session whose node's agent has said hello.
 *
 * @param time - seconds since the epoch.
 */
export function withConnected(session: ISession, hello: AgentHello, time: number): ISession {
  const { node, far, host, address, versions } = hello;
  const { nodes = [], notices, agent } = session.state;
  const old = nodes.find(({ id }) => id === node.id);
  const now: NodeState = {
    id: node.id,
    state: 'connected',
    since: old?.state === 'connected' ? old.since : time,
    ...(!far && { isOwn: true }),
    ...(host !== undefined && { host }),
    ...(address !== undefined && { address }),
    ...(versions !== undefined && { versions })
  };
  return withState(session, {
    agent: far ? agent : 'connected',
    nodes: old ? nodes.map(one => (one === old ? now : one)) : [...nodes, now],
    notices: notices.filter(({ message }) => !message.startsWith(awayWords(node.id)))
  });
}

/**
 * The session that hears nothing of a node, or of any, and waits for its word.
 *
 * @param node - which; all when undefined.
 * @param time - seconds since the epoch.
 */
export function withSilence(session: ISession, node: string | undefined, time: number): ISession {
  const { nodes = [], agent } = session.state;
  const silent = nodes.map(one =>
    one.state === 'connected' && (node === undefined || one.id === node)
      ? { ...one, state: 'away' as const, since: time }
      : one
  );
  const isOwn = node === undefined || nodes.some(one => one.id === node && one.isOwn);
  return withState(session, { agent: isOwn ? 'away' : agent, ...(nodes.length > 0 && { nodes: silent }) });
}

/** The nodes when one of them has left the cluster; the earliest that did are forgotten. */
export function withoutNode(
  { nodes = [], cluster }: SessionState,
  gone: NodeState
): Required<Pick<SessionState, 'nodes' | 'cluster'>> {
  const left = { nodes: (cluster?.nodes ?? []).filter(({ id }) => id !== gone.id) };
  const now = nodes.map(one => (one.id === gone.id ? gone : one));
  const forgotten = now
    .filter(({ id, state }) => state === 'away' && !isInCluster({ cluster: left }, id))
    .sort((a, b) => b.since - a.since)
    .slice(MOST_GONE);
  return { nodes: now.filter(one => !forgotten.includes(one)), cluster: left };
}

/** Whether there is nothing more to tell of some node: what it did has gone on elsewhere for long. */
export function isAnyForgotten({ state }: ISession, now: number): boolean {
  return (state.nodes ?? []).some(node => isForgotten(state, node, now));
}

/**
 * The session that tells no more of nodes that have been gone for long.
 *
 * @param now - seconds since the epoch.
 */
export function withoutForgotten(session: ISession, now: number): ISession {
  const { nodes = [] } = session.state;
  return isAnyForgotten(session, now)
    ? withState(session, { nodes: nodes.filter(node => !isForgotten(session.state, node, now)) })
    : session;
}

function isForgotten(session: SessionState, { id, state, isOwn, since }: NodeState, now: number): boolean {
  const isGone = state === 'away' && !isOwn && !isInCluster(session, id);
  const isFound = session.bridge?.nodes.some(node => node.id === id) ?? false;
  return isGone && !isFound && now - since >= TOLD_SECONDS;
}

/**
 * Refuse a node that is not there.
 *
 * @throws SaturnError `node-away` when it was, or `unknown-device`.
 */
export function refuseMissingNode({ cluster, nodes = [] }: SessionState, node: string): void {
  const known = nodes.find(({ id }) => id === node);
  if (known?.state === 'away') {
    throw new SaturnError({
      code: 'node-away',
      message: `${awayWords(node)}${known.error?.message ?? SILENT}`,
      hint: known.error?.hint ?? 'Try again once it is back; %saturn cluster shows it.'
    });
  }
  const there = (cluster?.nodes ?? []).map(({ id }) => id);
  if (!there.includes(node)) {
    throw new SaturnError({
      code: 'unknown-device',
      message: `There is no node "${node}".`,
      hint:
        there.length > 0 ? `There are: ${there.join(', ')}.` : 'Choose devices first with %saturn cluster.'
    });
  }
}

/** The session that tells of a node's trouble, and of which node where there are several. */
export function noteTrouble(session: ISession, node: string, error: Failure): ISession {
  const several = (session.state.cluster?.nodes.length ?? 0) > 1;
  return withNotice(session, several ? { ...error, message: `${node}: ${error.message}` } : error);
}

/** Why a node is away of which nothing else is known. */
export const SILENT = 'nothing was heard of it for too long.';

/** How a notice begins that a node is away. */
export function awayWords(node: string): string {
  return `Node ${node} is away: `;
}
