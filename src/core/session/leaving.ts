import type { SessionState } from '../wire/messages.js';

/** Whether the session leaves the cluster that it has joined. */
export function isLeaving({ bridge }: Pick<SessionState, 'bridge'>): boolean {
  return bridge?.state === 'leaving' || bridge?.state === 'ending';
}

/** Whether a node is another than the session's own. */
export function isFar({ nodes = [] }: Pick<SessionState, 'nodes'>, node: string | undefined): boolean {
  return nodes.some(({ id, isOwn }) => id === node && !isOwn);
}

/** Whether nothing is to begin on a node: it belongs to a cluster that the session leaves. */
export function isLeft(state: Pick<SessionState, 'bridge' | 'nodes'>, node: string): boolean {
  return isLeaving(state) && isFar(state, node);
}
