import type { Inspect, InspectResult, TaskState, TaskStatus } from '../wire/messages.js';
import type { Command } from './command.js';
import { excludeDevices, isOfDevice } from './excludedDevices.js';
import {
  type ISession,
  type IStep,
  isFailedInTrial,
  isResumable,
  mapTasks,
  maxDevicesEver,
  techniquesOf,
  withStaleProfile
} from './session.js';
import { signedInspection } from './speeds.js';
import { stopInspections } from './stopping.js';

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

/**
 * Note what an inspection found, the last word counts; results of a spec that was replaced meanwhile are dropped. What
 * failed for what may be the lack of a device is inspected again on one; for the fault of that, on another.
 */
export function noteInspection(session: ISession, result: InspectResult): ISession {
  const { needsDevice, error, inspection } = result;
  let faulty: TaskState['onDevice'];
  const known = mapTasks(session, task => {
    if (
      task.spec.name !== result.task ||
      task.spec.hash !== result.hash ||
      !INSPECTED.includes(task.status)
    ) {
      return task;
    }
    if (needsDevice) {
      return task.status === 'inspecting' ? { ...task, onDevice: task.onDevice ?? {} } : task;
    }
    if (task.onDevice?.device !== undefined && isOfDevice(error)) {
      faulty = task.onDevice;
      return { ...task, onDevice: {} };
    }
    const { error: _gone, onDevice: _there, ...rest } = task;
    return inspection
      ? { ...rest, status: 'ready', inspection: signedInspection(task, inspection) }
      : {
          ...rest,
          status: 'invalid',
          error: error ?? { code: 'internal', message: 'The inspection ended without an answer.' }
        };
  });
  return faulty?.device !== undefined && error
    ? excludeDevices(known, faulty.node, [faulty.device], error)
    : withStaleProfile(known);
}
