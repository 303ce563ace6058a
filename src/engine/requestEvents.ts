import { sharesOf } from '../core/model/schedule/deviceRuns.js';
import { ENGLISH } from '../core/model/translation.js';
import { refuseRemoved } from '../core/session/admission.js';
import { isAlike } from '../core/session/bridge.js';
import { maxDevices } from '../core/session/deviceCounts.js';
import { refuseUnknownTechniques } from '../core/session/profileTable.js';
import { refuseStop, selectFailed, selectStopped } from '../core/session/resuming.js';
import { type ISession, isActive, lastAttempt } from '../core/session/session.js';
import { selectTasks } from '../core/session/tasks.js';
import { wishesEvent } from '../core/session/wishRequests.js';
import { count, listing } from '../core/view/format/format.js';
import { SaturnError } from '../core/wire/failure.js';
import type { BridgeRequest, Message, SessionEvent, TechniquesSet } from '../core/wire/messages.js';
import { givenPlanEvent } from './planner/givenPlan.js';

/**
 * The event a client's request makes, once it is found to make sense.
 *
 * @param now - seconds since the epoch.
 * @returns null for requests that change nothing.
 * @throws SaturnError saying what is wrong and what to do first.
 */
export function eventOfRequest(
  message: Message<'client'>,
  session: ISession,
  now: number
): SessionEvent | null {
  switch (message.type) {
    case 'tasks.remove':
      return { kind: 'tasks-removed', tasks: selectTasks(session, message.body.tasks) };
    case 'techniques.set':
      refuseTechniques(session, message.body);
      return { kind: 'techniques-set', ...message.body };
    case 'profile':
      refuseNothing(session);
      refuseUnknownTechniques(session.state.tasks, message.body.excludeTechniques ?? []);
      return { kind: 'profile-requested', ...message.body };
    case 'plan':
      refuseNothing(session);
      refuseUnknownTechniques(session.state.tasks, message.body.excludeTechniques ?? []);
      return { kind: 'plan-requested', ...message.body };
    case 'plan.use':
      refuseNothing(session);
      return givenPlanEvent(session, message.body.segments, now);
    case 'wishes.set':
      return wishesEvent(session, message.body, now);
    case 'run':
      refuseNothing(session);
      selectTasks(session, message.body.tasks);
      refuseRemoved(session, message.body.tasks ?? []);
      return { kind: 'run-requested', ...message.body };
    case 'resume':
      refuseNothing(session);
      refuseRemoved(session, message.body.tasks ?? []);
      return { kind: 'resume-requested', tasks: selectStopped(session, message.body.tasks) };
    case 'retry':
      refuseNothing(session);
      return { kind: 'resume-requested', tasks: selectFailed(session, message.body.tasks) };
    case 'stop':
      refuseRemoved(session, message.body.tasks ?? []);
      refuseStop(session, message.body.tasks ?? []);
      return { kind: 'stop-requested', ...message.body };
    case 'cluster.join':
      return refuseOtherCluster(session, message.body)
        ? { kind: 'bridge-wanted', request: message.body }
        : null;
    case 'cluster.leave':
      return session.state.bridge ? { kind: 'bridge-unwanted' } : null;
    case 'reset':
      refuseBusy(session, 'The session cannot be reset');
      return { kind: 'reset' };
    default:
      return null;
  }
}

/** @throws SaturnError `busy` while devices are in use: those of a node, or any. */
export function refuseBusy(session: ISession, what: string, node?: string): void {
  const isThere = (where: string | undefined): boolean => node === undefined || where === node;
  const tasks = session.state.tasks.filter(task => {
    const attempt = lastAttempt(task);
    return attempt !== undefined && sharesOf(attempt).some(share => isThere(share.node));
  });
  const trials = session.state.trials.filter(trial => isThere(trial.node));
  const stopping = tasks.filter(({ status }) => status === 'stopping').length;
  const training = tasks.filter(isActive).length - stopping;
  // A trial that is being stopped has nothing to save: whatever comes next merely waits for its devices.
  const measuring = trials.filter(({ status }) => status === 'running').length;
  const reasons = [
    ...(training > 0
      ? [ENGLISH._n('%2 task is being trained', '%2 tasks are being trained', training, count(training))]
      : []),
    ...(stopping > 0
      ? [ENGLISH._n('%2 task saves and stops', '%2 tasks save and stop', stopping, count(stopping))]
      : []),
    ...(measuring > 0
      ? [ENGLISH._n('%2 trial is running', '%2 trials are running', measuring, count(measuring))]
      : [])
  ];
  if (reasons.length > 0) {
    throw new SaturnError({
      code: 'busy',
      message: `${what} while ${listing(reasons, ENGLISH)}.`,
      hint:
        training + measuring > 0
          ? 'Stop them first with %saturn stop, or wait with %saturn wait.'
          : 'Wait with %saturn wait.'
    });
  }
}

/**
 * Whether a cluster is still to be joined.
 *
 * @throws SaturnError `other-cluster`: what trains on the nodes of another one would lose steps.
 */
function refuseOtherCluster({ state: { bridge } }: ISession, request: BridgeRequest): boolean {
  if (!bridge || (bridge.state === 'failed' && bridge.joinedAt === undefined)) {
    return true;
  }
  if (isAlike(bridge.request, request)) {
    return bridge.state !== 'connected' && bridge.state !== 'starting';
  }
  throw new SaturnError({
    code: 'other-cluster',
    message: `The session has joined the Ray cluster at ${bridge.address}, or joined it otherwise.`,
    hint: 'Leave it first, with %saturn cluster --local.'
  });
}

/** A technique must be there to be removed, and idle to be changed: what it measures would count for the new one. */
function refuseTechniques(session: ISession, { techniques, remove = [] }: TechniquesSet): void {
  const own = (session.state.techniques ?? []).map(({ name }) => name);
  const unknown = remove.filter(name => !own.includes(name));
  if (unknown.length > 0) {
    throw new SaturnError({
      code: 'unknown-technique',
      message: `No technique ${unknown.map(name => `"${name}"`).join(', ')} was registered.`,
      hint: own.length > 0 ? `Registered are: ${own.join(', ')}.` : 'See %saturn technique list.'
    });
  }
  const changed = new Set([...techniques.map(({ name }) => name), ...remove]);
  const { tasks, trials } = session.state;
  const used = [
    ...trials.filter(({ status }) => status === 'running').map(({ strategy }) => strategy),
    ...tasks.filter(isActive).flatMap(task => lastAttempt(task)?.strategy ?? [])
  ].find(({ technique }) => changed.has(technique));
  if (used) {
    throw new SaturnError({
      code: 'busy',
      message: `The technique "${used.technique}" cannot be changed while it measures or trains.`,
      hint: 'Stop it first with %saturn stop, or wait with %saturn wait.'
    });
  }
}

function refuseNothing(session: ISession): void {
  if (session.state.tasks.length === 0) {
    throw new SaturnError({
      code: 'no-tasks',
      message: 'There are no tasks yet.',
      hint: 'Define some with a cell that begins with %%saturn task; %saturn help shows how.'
    });
  }
  if (maxDevices(session) === 0) {
    throw new SaturnError({
      code: 'no-devices',
      message: 'The cluster has no devices, so nothing can be measured or trained.',
      hint: 'Choose some with %saturn cluster --cpu 2 (or --gpu).'
    });
  }
}
