import { strategyKey } from '../model/strategy.js';
import type { Attempt, GroupEvent, Strategy, TaskState } from '../wire/messages.js';
import { replaceLast } from './attemptEnds.js';
import { freeDevices } from './dispatch.js';
import { attemptAt } from './groupStart.js';
import { plannedCluster } from './plannedCluster.js';
import { type ISession, isActive, lastAttempt, withTaskState } from './session.js';
import { targetStep } from './stretches.js';

type Place = Pick<Attempt, 'strategy' | 'node' | 'devices' | 'elsewhere'>;

/**
 * What has started by the word of a journal that does not say what it was, as older ones: what the plan has the task do, or the
 * least that it can be trained by. Undefined where nothing is to be guessed: the session knows of the attempt, or its task was
 * never inspected.
 */
export function guessedAttempt(
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
export function withMeasuredStrategy(
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
