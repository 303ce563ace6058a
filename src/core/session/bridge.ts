import { sharesOf } from '../model/schedule/deviceRuns.js';
import type {
  AgentHello,
  BridgeReport,
  BridgeRequest,
  BridgeState,
  SessionState,
  TaskState
} from '../wire/messages.js';
import type { Command } from './command.js';
import { isFar, isLeaving } from './leaving.js';
import { forgetNode } from './lostNodes.js';
import { withOtherReservations } from './reservations.js';
import {
  type ISession,
  type IStep,
  isActive,
  isStaying,
  lastAttempt,
  mapTasks,
  withStaleProfile,
  withState
} from './session.js';
import { stopGroups, stopTrials } from './stopping.js';

/** The nodes of another cluster are wanted: its bridge is made once the session's own agent is there. */
export function noteWanted(session: ISession, request: BridgeRequest, time: number): IStep {
  const { bridge } = session.state;
  const isSame = bridge !== undefined && isAlike(bridge.request, request);
  return start(
    withBridge(session, {
      kind: 'ray',
      address: isSame ? bridge.address : request.ray.address,
      request,
      state: 'starting',
      since: time,
      nodes: isSame ? bridge.nodes : []
    })
  );
}

/** The session is to do without its bridge: what trains beyond it saves first, to go on here; nothing begins there. */
export function noteUnwanted(session: ISession, time: number): IStep {
  const { bridge } = session.state;
  if (!bridge || isLeaving(session.state)) {
    return { session, commands: [] };
  }
  const { error: _over, ...rest } = bridge;
  const leaving = withStaleProfile(withBridge(session, { ...rest, state: 'leaving', since: time }));
  const trials = stopTrials(leaving, ({ node }) => isFar(session.state, node));
  const training = session.state.tasks.filter(task => isStaying(task) && isBeyond(session.state, task));
  return {
    session: mapTasks(trials.session, task =>
      training.includes(task) ? { ...task, status: 'stopping', moving: true } : task
    ),
    commands: [...trials.commands, ...training.flatMap(task => stopGroups(session.state, task))]
  };
}

/** Have a bridge ended that is to be left, once nothing trains or is measured beyond it. */
export function finishLeaving(session: ISession): IStep {
  const { bridge, tasks, trials } = session.state;
  const isUsed =
    tasks.some(task => isActive(task) && isBeyond(session.state, task)) ||
    trials.some(({ status, node }) => status !== 'queued' && isFar(session.state, node));
  if (bridge?.state !== 'leaving' || isUsed) {
    return { session, commands: [] };
  }
  return { session: withBridge(session, { ...bridge, state: 'ending' }), commands: stop(session) };
}

/** Note how the bridge is. One that never was up is given up when it fails: whoever asked for it is told. */
export function noteBridge(session: ISession, report: BridgeReport, time: number): IStep {
  const { bridge } = session.state;
  const only = (next: ISession): IStep => ({ session: next, commands: [] });
  if (!bridge) {
    return only(session);
  }
  const { error: _before, ...rest } = bridge;
  switch (report.state) {
    case 'starting':
      // Which nodes are being joined, once they are known: where they were joined before, they are told of already.
      return only(
        report.nodes && bridge.state === 'starting'
          ? withBridge(session, { ...bridge, address: report.address ?? bridge.address, nodes: report.nodes })
          : session
      );
    case 'connected':
      return only(
        withOtherReservations(
          withBridge(session, {
            ...(isLeaving(session.state)
              ? bridge
              : {
                  ...rest,
                  state: 'connected',
                  since: bridge.state === 'connected' ? bridge.since : time,
                  joinedAt: bridge.joinedAt ?? time
                }),
            address: report.address ?? bridge.address,
            nodes: report.nodes ?? bridge.nodes
          }),
          session
        )
      );
    case 'failed':
      if (isLeaving(session.state)) {
        return only(session);
      }
      return {
        session: withBridge(session, {
          ...rest,
          state: 'failed',
          since: time,
          ...(report.error && { error: report.error })
        }),
        commands: bridge.joinedAt === undefined ? stop(session) : []
      };
    case 'ended':
      return isLeaving(session.state) ? withoutBridge(session, time) : only(session);
  }
}

/** The agent of the session's own node is there: it is to have the bridge that is wanted, and no other. */
export function restoreBridge(session: ISession, hello: AgentHello, time: number): IStep {
  const { bridge } = session.state;
  const idle: IStep = { session, commands: [] };
  if (hello.far) {
    return idle;
  }
  if (!bridge || (bridge.state === 'failed' && bridge.joinedAt === undefined)) {
    return hello.bridge ? { session, commands: stop(session) } : idle;
  }
  if (bridge.state === 'ending') {
    return hello.bridge ? { session, commands: stop(session) } : withoutBridge(session, time);
  }
  const isKept = hello.bridge && [bridge.request, wanted(bridge)].some(one => isAlike(one, hello.bridge));
  if (bridge.state === 'leaving' || isKept) {
    return idle;
  }
  const { reserves: _toldBefore, ...rest } = bridge;
  return start(withBridge(session, { ...rest, state: 'starting', since: time }));
}

/** Whether a bridge that is asked for is the one there is. */
export function isAlike(one: BridgeRequest, other: BridgeRequest | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What an agent is asked for: once the cluster of `auto` is found it is that one, whatever runs on the machine later. */
function wanted({ request, address, joinedAt }: BridgeState): BridgeRequest {
  return joinedAt === undefined ? request : { ray: { ...request.ray, address } };
}

function isBeyond(state: SessionState, task: TaskState): boolean {
  return [lastAttempt(task), task.next].some(
    attempt => attempt && sharesOf(attempt).some(({ node }) => isFar(state, node))
  );
}

function withBridge(session: ISession, bridge: BridgeState): ISession {
  return withState(session, { bridge });
}

function withoutBridge(session: ISession, time: number): IStep {
  const far = (session.state.nodes ?? []).filter(({ isOwn }) => !isOwn);
  const left = far.reduce<IStep>(
    ({ session: before, commands }, { id }) => {
      const next = forgetNode(before, id, time);
      return { session: next.session, commands: [...commands, ...next.commands] };
    },
    { session, commands: [] }
  );
  return { ...left, session: withState(left.session, { bridge: undefined }) };
}

function start(session: ISession): IStep {
  const { bridge, nodes = [] } = session.state;
  const own = nodes.find(({ isOwn, state }) => isOwn && state === 'connected');
  return {
    session,
    commands: own && bridge ? [{ kind: 'start-bridge', node: own.id, body: wanted(bridge) }] : []
  };
}

function stop({ state: { nodes = [] } }: ISession): Command[] {
  const own = nodes.find(({ isOwn }) => isOwn);
  return own ? [{ kind: 'stop-bridge', node: own.id }] : [];
}
