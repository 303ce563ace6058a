import { FailedTrials } from '../profiling/failedTrials.js';
import type { Node, Segment, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { type IGroupWish, startGroup } from './groupStart.js';
import { measuredCell } from './patience.js';
import { plannedCluster } from './plannedCluster.js';
import { deviceKey } from './projection.js';
import { findTask, type ISession, type IStep, isActive, lastAttempt, withState } from './session.js';
import { type IStretch, stretchesLeft } from './stretches.js';
import { isHeldBack, isRoomForOne } from './wishes.js';

/** Devices held by rank groups, trials and inspections, by their keys. */
export function busyDevices(session: ISession): Set<string> {
  const busy = new Set<string>();
  const hold = (node: string | undefined, devices: readonly string[] = []): void => {
    for (const device of devices) {
      busy.add(deviceKey(node ?? '', device));
    }
  };
  for (const task of session.state.tasks) {
    if (task.status === 'inspecting' && task.onDevice?.device !== undefined) {
      hold(task.onDevice.node, [task.onDevice.device]);
    }
    const attempt = lastAttempt(task);
    if (isActive(task) && attempt) {
      hold(attempt.node, attempt.devices);
      hold(task.next?.node, task.next?.devices);
    }
  }
  for (const trial of session.state.trials) {
    if (trial.status !== 'queued') {
      hold(trial.node, trial.devices);
    }
  }
  return busy;
}

/** The nodes, with those of their devices that nothing holds. */
export function freeDevices(session: ISession, busy: ReadonlySet<string> = busyDevices(session)): Node[] {
  return plannedCluster(session.state).nodes.map(node => ({
    ...node,
    devices: node.devices.filter(device => !busy.has(deviceKey(node.id, device.id)))
  }));
}

/**
 * Start every stretch of the plan whose turn has come: its devices are free and nothing earlier waits for one of them.
 * Order on each device is the plan's; times are not waited for, so a task that ends early lets the next one start early,
 * but none before it may.
 * A plan that is being replaced is followed until then, as far as it can be.
 */
export function dispatchSegments(session: ISession, time: number): IStep {
  const planned = session.state.plan;
  if (!planned || !session.state.tasks.some(task => task.status === 'ready')) {
    return { session, commands: [] };
  }
  const blocked = busyDevices(session);
  const failed = new FailedTrials(session.state.cells);
  const waiting = new Set<string>();
  const commands: Command[] = [];
  let next = session;
  for (const stretch of stretchesLeft(session.state, planned.plan)) {
    const { segment } = stretch;
    const task = findTask(next, segment.task);
    if (!task || !isRunnable(session, task, segment, failed)) {
      continue;
    }
    const keys = segment.devices.map(device => deviceKey(segment.node, device));
    const isNext = task.status === 'ready' && !waiting.has(segment.task);
    waiting.add(segment.task);
    const mayStart = isNext && !isHeldBack(task, time) && isRoomForOne(next);
    if (mayStart && keys.every(key => !blocked.has(key))) {
      const [started, command] = startGroup(next, task, wishOf(next, stretch, time), time);
      const origin = next.state.plan?.startedAt ?? time;
      next = withState(started, { plan: { ...planned, startedAt: origin } });
      commands.push(command);
    }
    for (const key of keys) {
      blocked.add(key);
    }
  }
  return { session: next, commands };
}

/** Whether a segment can still be run: what it was planned with may be gone. */
export function isRunnable(
  { state, selection }: ISession,
  task: TaskState,
  segment: Segment,
  failed: FailedTrials
): boolean {
  const { strategy, node, devices } = segment;
  const { spec, inspection } = task;
  const there = plannedCluster(state).nodes.find(({ id }) => id === node)?.devices ?? [];
  return (
    (selection?.includes(spec.name) ?? true) &&
    devices.every(device => there.some(({ id }) => id === device)) &&
    !state.excludeTechniques.includes(strategy.technique) &&
    measuredCell(state.cells, task, strategy) !== undefined &&
    failed.failure({ hash: spec.hash, signature: inspection?.signature ?? '' }, strategy) === undefined
  );
}

/** What a rank group is to do for a stretch of the plan. */
export function wishOf({ state }: ISession, { segment, until }: IStretch, time: number): IGroupWish {
  const { strategy, node, devices, start, end } = segment;
  const origin = state.plan?.startedAt ?? time;
  return { strategy, node, devices, until, planned: { start: origin + start, end: origin + end } };
}
