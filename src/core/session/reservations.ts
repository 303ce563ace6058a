import type { BridgeNode, SessionState } from '../wire/messages.js';
import { type ISession, type IStep, isOpen, withStaleProfile, withState } from './session.js';
import { hasActive } from './taskTable.js';

type Bridged = Pick<SessionState, 'bridge'>;

/**
 * The nodes of a joined cluster are wanted for the session alone while there is work, where the user has said so: have that
 * told when it has changed.
 */
export function withReservations(session: ISession): IStep {
  const { bridge, nodes = [] } = session.state;
  const own = nodes.find(({ isOwn, state }) => isOwn && state === 'connected');
  if (!bridge?.request.ray.reserve || bridge.state !== 'connected' || !own) {
    return { session, commands: [] };
  }
  const wanted = hasWork(session.state);
  if (wanted === (bridge.reserves ?? false)) {
    return { session, commands: [] };
  }
  // What was granted before may be given back meanwhile: the bridge tells it again.
  const known = bridge.nodes.map(({ reserved: _before, ...node }) => node);
  return {
    session: withState(session, {
      bridge: { ...bridge, reserves: wanted, nodes: wanted ? known : bridge.nodes }
    }),
    commands: [{ kind: 'reserve-nodes', node: own.id, wanted }]
  };
}

/** Whether it is about to be known which nodes are the session's alone: what begins is planned once, with those. */
export function isReserving({ state }: ISession): boolean {
  return (
    !hasActive(state.tasks) &&
    wantedNodes(state).some(({ reserved, error }) => reserved === undefined && !error)
  );
}

/** Whether nothing is to begin on a node, as it is not the session's alone. */
export function isUnreserved(state: Bridged, node: string): boolean {
  return wantedNodes(state).some(({ id, reserved }) => id === node && !reserved);
}

/** The session when more or fewer nodes are its own alone, of which its plan does not know. */
export function withOtherReservations(session: ISession, before: ISession): ISession {
  const isOpen = (state: Bridged): string =>
    JSON.stringify(
      wantedNodes(state)
        .filter(node => node.reserved)
        .map(node => node.id)
    );
  const isFirst =
    wantedNodes(before.state).every(({ reserved }) => reserved === undefined) &&
    !hasActive(before.state.tasks);
  const areAll = wantedNodes(session.state).every(({ reserved }) => reserved !== false);
  return isOpen(session.state) === isOpen(before.state) || (isFirst && areAll)
    ? session
    : withStaleProfile(session);
}

/** Whether tasks may yet be trained on nodes that others use. */
export function isWaitingForReservation({ state }: ISession): boolean {
  return (
    wantedNodes(state).some(({ reserved, error }) => !reserved && !error) &&
    state.tasks.some(task => isOpen(task, state))
  );
}

/** The nodes that are to be the session's alone just now. */
function wantedNodes({ bridge }: Bridged): readonly BridgeNode[] {
  return bridge?.request.ray.reserve && bridge.reserves ? bridge.nodes : [];
}

function hasWork({ goal, tasks, trials }: SessionState): boolean {
  return goal !== 'none' || trials.some(({ status }) => status !== 'queued') || hasActive(tasks);
}
