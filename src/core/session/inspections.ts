import type { Inspect, InspectResult, SessionEvent, TaskState, TaskStatus } from '../wire/messages.js';
import type { Command } from './command.js';
import { excludeDevices, isOfDevice } from './excludedDevices.js';
import {
  findTask,
  followsGiven,
  type ISession,
  type IStep,
  isFailedInTrial,
  isResumable,
  mapTasks,
  maxDevicesEver,
  techniquesOf,
  withNews,
  withStaleProfile,
  withState,
  withTask,
  withTaskState
} from './session.js';
import { signedInspection } from './speeds.js';
import { stopInspections } from './stopping.js';
import { isOfStorage, noteDiskFull } from './storage.js';
import { hasActive } from './taskTable.js';

/** Ask for the inspection of the tasks that wait for one, but not on a device; nothing while no devices are known. */
export function inspect(session: ISession, which: (task: TaskState) => boolean): Command[] {
  const tasks = session.state.tasks
    .filter(task => task.status === 'inspecting' && task.onDevice === undefined && which(task))
    .map(task => task.spec);
  const devices = maxDevicesEver(session);
  if (tasks.length === 0 || devices === 0 || session.state.agent === 'away') {
    return [];
  }
  const body: Inspect = { tasks, maxDevices: devices, ...techniquesOf(session) };
  return [{ kind: 'inspect', body }];
}

/**
 * What is feasible may have changed: have the tasks that wait inspected again. Those that are on a device are given up
 * there and begin anew: they may need none now, or another.
 */
export function inspectAgain(session: ISession): IStep {
  const there: string[] = [];
  const next = withStaleProfile(
    mapTasks(session, task => {
      const { onDevice, ...rest } = task;
      if (onDevice) {
        there.push(task.spec.name);
        return rest;
      }
      return task.status === 'ready' || task.status === 'invalid' || isFailedInTrial(task)
        ? { ...task, status: 'inspecting' }
        : task;
    })
  );
  return { session: next, commands: [...stopInspections(there), ...inspect(next, () => true)] };
}

/** Have those tasks inspected, of the named ones or of all, whose inspection was stopped. */
export function inspectStopped(session: ISession, names: readonly string[] | null): IStep {
  const again = new Set(
    session.state.tasks
      .filter(task => isUninspected(task) && (names?.includes(task.spec.name) ?? true))
      .map(task => task.spec.name)
  );
  if (again.size === 0) {
    return { session, commands: [] };
  }
  const next = withStaleProfile(
    mapTasks(session, task => (again.has(task.spec.name) ? { ...task, status: 'inspecting' } : task))
  );
  return { session: next, commands: inspect(next, task => again.has(task.spec.name)) };
}

/** Whether a task's inspection was stopped before it told anything. */
export function isUninspected(task: TaskState): boolean {
  return task.status === 'stopped' && !isResumable(task);
}

const INSPECTED: readonly TaskStatus[] = ['inspecting', 'ready', 'invalid'];

/** What an event tells of inspections; older journals hold one in each. */
export function resultsOf({ results, result }: SessionEvent & { kind: 'inspected' }): InspectResult[] {
  return results ?? (result ? [result] : []);
}

/**
 * Note what inspections found, the last word counts; results of a spec that was replaced meanwhile are dropped. What
 * failed for what may be the lack of a device is inspected again on one; for the fault of that, on another; for a full disk,
 * when there is room.
 *
 * @param time - seconds since the epoch.
 */
export function noteInspections(
  session: ISession,
  results: readonly InspectResult[],
  time: number
): ISession {
  return results.reduce((noted, result) => noteInspection(noted, result, time), session);
}

function noteInspection(session: ISession, result: InspectResult, time: number): ISession {
  const { needsDevice, error, inspection } = result;
  const task = findTask(session, result.task);
  if (!task || task.spec.hash !== result.hash || !INSPECTED.includes(task.status)) {
    return session;
  }
  const { name } = task.spec;
  const place = task.onDevice;
  if (needsDevice) {
    return task.status === 'inspecting' ? withTask(session, name, { onDevice: place ?? {} }) : session;
  }
  if (isOfStorage(error)) {
    const again = { status: 'inspecting' as const, ...(place && { onDevice: {} }) };
    return noteDiskFull(withTask(session, name, again), error, time);
  }
  if (place?.device !== undefined && isOfDevice(error)) {
    return excludeDevices(withTask(session, name, { onDevice: {} }), place.node, [place.device], error);
  }
  const { error: _gone, onDevice: _there, ...rest } = task;
  const known: TaskState = inspection
    ? { ...rest, status: 'ready', inspection: signedInspection(task, inspection) }
    : {
        ...rest,
        status: 'invalid',
        error: error ?? { code: 'internal', message: 'The inspection ended without an answer.' }
      };
  return withMore(withTaskState(session, known), name, time);
}

/** The planner is not asked again for one more task when it was asked this short a time before, in seconds. */
const PAUSE_SECONDS = 1;

/**
 * The session that knows of one more task. A thousand may come one by one: the plan before it is followed or made to its end
 * while they do, and each is in the next.
 */
function withMore(session: ISession, name: string, time: number): ISession {
  const { question, learning } = session;
  const { goal, plan, planning, probing, tasks } = session.state;
  const isFollowed = goal === 'run' && plan && !probing && !learning && !followsGiven(session);
  const isRecent = question !== null && time - question.time < PAUSE_SECONDS;
  const goesOn = hasActive(tasks) ? isRecent : planning;
  if (!isFollowed || !goesOn) {
    return withStaleProfile(session);
  }
  const more: ISession = { ...session, profiled: false, bestMakespan: undefined };
  const counted = session.profiled ? withState(more, { trialsDone: 0 }) : more;
  const last = counted.news.at(-1);
  return last?.kind === 'added'
    ? { ...counted, news: [...counted.news.slice(0, -1), { ...last, tasks: [...(last.tasks ?? []), name] }] }
    : withNews(counted, { kind: 'added', tasks: [name] });
}
