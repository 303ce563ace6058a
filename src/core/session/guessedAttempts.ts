import { strategyKey } from '../model/strategy.js';
import type { Attempt, GroupEvent, SessionEvent, Strategy, TaskState } from '../wire/messages.js';
import { replaceLast } from './attemptEnds.js';
import { adopted } from './begun.js';
import { freeDevices } from './dispatch.js';
import { attemptAt } from './groupStart.js';
import { deviceKeys, plannedCluster } from './plannedCluster.js';
import {
  findTask,
  type ISession,
  isActive,
  lastAttempt,
  mapTasks,
  withState,
  withTaskState
} from './session.js';
import { targetStep } from './stretches.js';
import { taskNamed } from './taskTable.js';

type Place = Pick<Attempt, 'strategy' | 'node' | 'devices' | 'elsewhere'>;

/**
 * The session in which what an event tells of was begun, as far as it can be guessed: journals of before do not say it, and what
 * follows from the rules that are there now may be another.
 */
export function withGuess(session: ISession, event: SessionEvent): ISession {
  if (event.kind === 'trial-finished') {
    return withGuessedTrial(session, event);
  }
  if (event.kind !== 'group') {
    return session;
  }
  const { task: name, time } = event.event;
  const task = findTask(session, name);
  if (!task) {
    return session;
  }
  const guessed = guessedAttempt(session, task, event.event);
  if (guessed) {
    return adopted(withoutSupposed({ ...session, passed: {} }, task, guessed), task, guessed, time);
  }
  return event.event.kind === 'measured' ? withMeasuredStrategy(session, task, event.event) : session;
}

/** What a trial found is of another, or of none, if the one of that number was not of it: that is measured again, as it must be. */
function withGuessedTrial(
  session: ISession,
  { trial: id, cell }: SessionEvent & { kind: 'trial-finished' }
): ISession {
  const { tasks, trials } = session.state;
  const trial = trials.find(one => one.id === id);
  if (!trial || !cell) {
    return session;
  }
  const { signature, strategy, fused } = trial;
  const own = fused && taskNamed(tasks, trial.task)?.inspection?.signature;
  const isOf =
    [signature, own].includes(cell.signature) && strategyKey(strategy) === strategyKey(cell.strategy);
  return isOf ? session : withState(session, { trials: trials.filter(one => one !== trial) });
}

/**
 * What has started: what the plan has the task do, or the least that it can be trained by. Undefined where nothing is to be
 * guessed: the session knows of the attempt, or its task was never inspected.
 */
function guessedAttempt(
  session: ISession,
  task: TaskState,
  { kind, attempt: number, time }: GroupEvent
): Attempt | undefined {
  const isNew = kind === 'started' && !isComing(task, number) && !isPast(task, number);
  const place = isNew ? likelyPlace(session, task) : undefined;
  const joined = place?.elsewhere && { joined: true };
  return place && { ...begunAt(session, task, place, time), number, ...joined };
}

function isComing(task: TaskState, attempt: number): boolean {
  return isActive(task) && [lastAttempt(task), task.next].some(one => one?.number === attempt);
}

/** Whether it, or a later one, has started before: it is only told again. */
function isPast({ attempts }: TaskState, attempt: number): boolean {
  return attempts.some(({ number, startedAt }) => number >= attempt && startedAt !== undefined);
}

/** What ranks have measured tells by what they trained, where that was guessed. */
function withMeasuredStrategy(
  session: ISession,
  task: TaskState,
  { attempt: number, cell }: GroupEvent
): ISession {
  const last = lastAttempt(task);
  if (!cell || !last || last.number !== number || !isActive(task) || !isGuessed(last)) {
    return session;
  }
  if (cell.strategy.nodes !== undefined || strategyKey(cell.strategy) === strategyKey(last.strategy)) {
    return session;
  }
  const place = placeOf(withTaskState(session, { ...task, status: 'ready' }), cell.strategy);
  return place
    ? withTaskState(session, {
        ...task,
        attempts: replaceLast(task, {
          ...begunAt(session, task, place, last.requestedAt),
          number,
          fromStep: last.fromStep ?? 0
        })
      })
    : session;
}

function begunAt(session: ISession, task: TaskState, place: Place, time: number): Attempt {
  return { ...attemptAt(session, task, { ...place, until: targetStep(task) }, time), startedAt: time };
}

/** Others start some time after they were asked for, and run as they were told to. */
function isGuessed({ requestedAt, startedAt, planned, fusion }: Attempt): boolean {
  return requestedAt === startedAt && planned === undefined && fusion === undefined;
}

function likelyPlace(session: ISession, { spec, inspection }: TaskState): Place | undefined {
  const segments = session.state.plan?.plan.segments ?? [];
  const planned = segments.find(({ task, steps }) => task === spec.name && steps > 0);
  if (planned && inspection) {
    const { strategy, node, devices, elsewhere } = planned;
    return { strategy, node, devices, ...(elsewhere && { elsewhere }) };
  }
  const [least] = (inspection?.feasibility ?? [])
    .filter(({ feasible, strategy }) => feasible && strategy.nodes === undefined)
    .map(({ strategy }) => strategy)
    .sort((a, b) => a.devices - b.devices);
  return least && placeOf(session, least);
}

/** Where a strategy may have run: where there is room, else where there are devices. */
function placeOf(session: ISession, strategy: Strategy): Place | undefined {
  const { devices: count } = strategy;
  const node = [...freeDevices(session), ...plannedCluster(session.state).nodes].find(
    ({ devices }) => devices.length >= count
  );
  return node && { strategy, node: node.id, devices: node.devices.slice(0, count).map(({ id }) => id) };
}

/** The session without what others were thought to begin on the devices of an attempt. */
function withoutSupposed(session: ISession, { spec }: TaskState, attempt: Attempt): ISession {
  const taken = new Set(deviceKeys(attempt));
  const isSupposed = (other: Attempt | undefined): boolean =>
    other !== undefined &&
    other.startedAt === undefined &&
    (other.fusion === undefined || other.fusion !== attempt.fusion) &&
    deviceKeys(other).some(key => taken.has(key));
  return mapTasks(session, other => {
    if (other.spec.name === spec.name || !isActive(other)) {
      return other;
    }
    const kept = isSupposed(other.next) ? { ...other, next: undefined } : other;
    if (!isSupposed(lastAttempt(kept))) {
      return kept;
    }
    const isStopped = kept.status === 'stopping' && !kept.moving;
    return {
      ...kept,
      status: isStopped ? 'stopped' : 'ready',
      moving: undefined,
      next: undefined,
      attempts: kept.attempts.slice(0, -1)
    };
  });
}
