import type { Inspect, TrialState } from '../wire/messages.js';
import type { Command } from './command.js';
import { maxDevicesEver } from './deviceCounts.js';
import { busyDevices } from './dispatch.js';
import { awaitsNodes } from './nodes.js';
import { deviceKey, plannedCluster } from './plannedCluster.js';
import { type ISession, type IStep, mapTasks, techniquesOf, withStaleProfile, withState } from './session.js';
import { lacksDevice, tableOf } from './taskTable.js';

/**
 * Have each task that is to be inspected on a device inspected on one that is free, as long as there are some. Of a paused
 * session none is.
 */
export function dispatchInspections(session: ISession): IStep {
  const { pause, tasks } = session.state;
  if (awaitsNodes(session.state) || pause || tableOf(tasks).lackingDevice === 0) {
    return { session, commands: [] };
  }
  const busy = busyDevices(session);
  const free = plannedCluster(session.state).nodes.flatMap(node =>
    node.devices.map(({ id, kind }) => ({ kind, node: node.id, device: id }))
  );
  const most = maxDevicesEver(session);
  const commands: Command[] = [];
  const next = mapTasks(session, task => {
    const wanted = task.onDevice?.kind;
    const place = free.find(
      ({ kind, node, device }) =>
        (wanted === undefined || wanted === kind) && !busy.has(deviceKey(node, device))
    );
    if (!lacksDevice(task) || !place) {
      return task;
    }
    const { kind, node, device } = place;
    busy.add(deviceKey(node, device));
    const body: Inspect = {
      tasks: [task.spec],
      maxDevices: most.get(kind) ?? 1,
      device,
      ...techniquesOf(session)
    };
    commands.push({ kind: 'inspect', node, body });
    return { ...task, onDevice: { ...(wanted && { kind }), node, device } };
  });
  return { session: commands.length > 0 ? next : session, commands };
}

/** Code of the error by which ranks tell that they built another task than was inspected. */
export const OTHER_TASK = 'other-task';

/**
 * The session in which those tasks of a signature that wait are inspected again, on a device: on devices they are not
 * what was inspected. Undefined when there is none, or they were inspected on a device already.
 */
export function inspectOnDevice(session: ISession, signature: string): ISession | undefined {
  const found = new Set<string>();
  const next = mapTasks(session, task => {
    const { inspection, spec, status } = task;
    if (inspection?.signature !== signature || inspection.onDevice || status !== 'ready') {
      return task;
    }
    found.add(spec.name);
    return { ...task, status: 'inspecting', onDevice: {} };
  });
  const isOf = ({ task, fused = [] }: TrialState): boolean => [task, ...fused].some(name => found.has(name));
  const trials = next.state.trials.filter(
    trial => trial.status !== 'queued' || (trial.signature !== signature && !isOf(trial))
  );
  return found.size > 0 ? withStaleProfile(withState(next, { trials })) : undefined;
}
