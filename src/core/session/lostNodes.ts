import { isPaused } from '../model/sweepTasks.js';
import type { AgentHello, Attempt, Failure, SessionEvent, TaskState } from '../wire/messages.js';
import { withFittingTrials } from './fittingTrials.js';
import { loseParts } from './groupParts.js';
import { handOver } from './inspections.js';
import { type Inspectors, inspectors } from './inspectors.js';
import { settled } from './kindVerdicts.js';
import { losses, lostTooOften } from './losses.js';
import { awayWords, isInCluster, SILENT, withoutNode } from './nodes.js';
import { MAX_NODES_LOST } from './rankGroups.js';
import {
  type ISession,
  type IStep,
  isActive,
  lastAttempt,
  mapTasks,
  restingStatus,
  withNotice,
  withStaleProfile,
  withState
} from './session.js';
import { nodesOf } from './stopping.js';
import { placeless } from './taskTable.js';

/**
 * A node has left the cluster, and what it did is over: its tasks go on elsewhere, from what they have saved, and what it
 * measured or inspected is asked of others. That is no fault of any task, but of one with which it happens again and again.
 *
 * @param time - seconds since the epoch.
 */
export function noteNodeAway(
  session: ISession,
  { node, error }: SessionEvent & { kind: 'node-away' },
  time: number
): IStep {
  const known = session.state.nodes?.find(({ id }) => id === node);
  if (!known || !isInCluster(session.state, node)) {
    return { session, commands: [] };
  }
  const { error: _before, ...rest } = known;
  const since = known.state === 'away' ? known.since : time;
  const { excludedDevices, trials } = session.state;
  const without = withState(session, {
    ...withoutNode(session.state, { ...rest, state: 'away', since, ...(error && { error }) }),
    ...(excludedDevices && { excludedDevices: excludedDevices.filter(out => out.node !== node) })
  });
  const chosen = inspectors(without.state);
  const parted = loseParts(without, node, time);
  const left = withFittingTrials(
    withState(
      mapTasks(parted.session, task => withoutKinds(taskWithout(task, node, error, time), chosen)),
      // What is still missing is asked for anew.
      { trials: trials.filter(trial => trial.status === 'queued' || trial.node !== node) }
    )
  );
  const lost = session.state.tasks.filter(task => {
    const attempt = lastAttempt(task);
    return isActive(task) && attempt !== undefined && nodesOf(attempt).includes(node);
  });
  const stale = withStaleProfile(withNotice(left, noticeOf(node, lost, error)));
  return {
    session: stale,
    commands: [...parted.commands, ...handOver(stale, inspectors(session.state))]
  };
}

/** The session without a node that it has left on purpose: there is nothing to tell of it, and nothing to wait for. */
export function forgetNode(session: ISession, node: string, time: number): IStep {
  const { session: left, commands } = noteNodeAway(session, { kind: 'node-away', node }, time);
  const notices = session.state.notices.filter(({ message }) => !message.startsWith(awayWords(node)));
  const nodes = (left.state.nodes ?? []).filter(({ id }) => id !== node);
  return { session: withState(left, { notices, nodes }), commands };
}

/** A task that waits for no inspection for devices of which there are none any more. */
function withoutKinds(task: TaskState, chosen: Inspectors): TaskState {
  if (task.status !== 'inspecting' || chosen.size === 0) {
    return task;
  }
  const { onDevice, ...rest } = task;
  return settled(onDevice?.kind && !chosen.has(onDevice.kind) ? rest : task, chosen);
}

/** @param error - why the node is away, if somebody knows. */
function taskWithout(task: TaskState, node: string, error: Failure | undefined, time: number): TaskState {
  if (task.onDevice?.node === node) {
    return { ...task, onDevice: placeless(task.onDevice) };
  }
  const attempt = lastAttempt(task);
  if (!isActive(task) || attempt?.node !== node || attempt.elsewhere) {
    return task;
  }
  // What was to take over may have begun: no other has its number.
  const lost = [attempt, ...(task.next ? [task.next] : [])];
  const status = restingStatus(task);
  const times = losses(task, true) + 1;
  return {
    ...task,
    ...(status === 'ready' && times > MAX_NODES_LOST
      ? { status: 'failed', error: lostTooOften(task, whyLost(node, error), times) }
      : { status }),
    moving: undefined,
    next: undefined,
    attempts: [
      ...task.attempts.slice(0, -1),
      ...lost.map((one): Attempt => ({ ...one, endedAt: time, outcome: 'lost', blameless: true }))
    ]
  };
}

/**
 * A task that goes on in a group which was given up with its node, as its agent is there again and has it still, or has not
 * told its end; undefined when there is none, or something has been begun since. Only in a run it goes on.
 */
export function revived(
  task: TaskState,
  { node, groups }: AgentHello,
  isRun: boolean
): TaskState | undefined {
  const attempt = lastAttempt(task);
  if (!attempt || attempt.node !== node.id || attempt.elsewhere || !isGivenUp(task, attempt)) {
    return undefined;
  }
  const group = groups.find(one => one.task === task.spec.name && one.attempt === attempt.number);
  if (!group || (group.order && group.order.hash !== task.spec.hash)) {
    return undefined;
  }
  const { endedAt: _ended, outcome: _lost, blameless: _fault, ...rest } = attempt;
  const goesOn = isRun && task.status === 'ready' && !isPaused(task);
  return {
    ...task,
    status: goesOn ? (attempt.startedAt === undefined ? 'starting' : 'running') : 'stopping',
    attempts: [...task.attempts.slice(0, -1), rest]
  };
}

function isGivenUp({ status }: TaskState, { outcome, blameless }: Attempt): boolean {
  return outcome === 'lost' && blameless === true && (status === 'ready' || status === 'stopped');
}

function noticeOf(node: string, lost: readonly TaskState[], error: Failure | undefined): Failure {
  const names = lost.map(({ spec }) => spec.name).join(', ');
  const tasks = names && ` It trained ${names}: what was saved is not lost.`;
  const why = whyLost(node, error);
  return {
    ...why,
    message: `${why.message}${tasks}`,
    hint: error?.hint ?? 'Once it is back it takes part again, by itself.'
  };
}

function whyLost(node: string, error: Failure | undefined): Failure {
  return { code: error?.code ?? 'node-away', message: `${awayWords(node)}${error?.message ?? SILENT}` };
}
