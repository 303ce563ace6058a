import { cellKey, usableBy } from '../model/strategy.js';
import { FailedTrials } from '../profiling/failedTrials.js';
import type { Attempt, Node, Segment, TaskState, TrialStart, TrialState } from '../wire/messages.js';
import type { Command } from './command.js';
import { exploresInRun, isExplorer } from './exploration.js';
import { startGroup } from './groupStart.js';
import { measuredCell, patience } from './patience.js';
import { plannedCluster } from './plannedCluster.js';
import { deviceKey } from './projection.js';
import {
  findTask,
  type ISession,
  type IStep,
  isActive,
  lastAttempt,
  techniquesOf,
  withState
} from './session.js';
import { stretchesLeft } from './stretches.js';
import { smallerTrials } from './trialPlanning.js';
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

/** Start every queued trial that finds enough free devices on one node, unless it is made by training. */
export function dispatchTrials(session: ISession): IStep {
  const busy = busyDevices(session);
  const commands: Command[] = [];
  const byTraining = exploresInRun(session) ? new Set(session.state.tasks.filter(t => t.status === 'ready' && isExplorer(t)).map(t => t.inspection?.signature)) : new Set();
  const trials = session.state.trials.map(trial => {
    const task = findTask(session, trial.task);
    if (trial.status !== 'queued' || !task || byTraining.has(trial.signature)) {
      return trial;
    }
    const place = placeOfTrial(session, trial, busy);
    if (place) {
      const { strategy, node, devices } = place;
      for (const device of devices) {
        busy.add(deviceKey(node, device));
      }
      const { trialSeconds, rankSeconds } = patience(session.state, task, strategy);
      const body: TrialStart = {
        trial: trial.id,
        task: task.spec,
        signature: trial.signature,
        strategy,
        devices,
        deadlineSeconds: trialSeconds,
        patienceSeconds: rankSeconds,
        ...techniquesOf(session)
      };
      commands.push({ kind: 'trial', node, body });
      return { ...trial, hash: task.spec.hash, status: 'running' as const, strategy, node, devices };
    }
    return trial;
  });
  return { session: commands.length > 0 ? withState(session, { trials }) : session, commands };
}

/** Where a trial can begin now, as it was asked for or, rather than have devices wait for it, on fewer of them. */
function placeOfTrial(
  session: ISession,
  trial: TrialState,
  busy: ReadonlySet<string>
): Pick<Attempt, 'strategy' | 'node' | 'devices'> | undefined {
  const free = freeDevices(session, busy);
  if (free.every(({ devices }) => devices.length === 0)) {
    return undefined;
  }
  const places = [trial.strategy, ...smallerTrials(session, trial)].flatMap(strategy =>
    free.map(({ id: node, devices }) => ({
      strategy,
      node,
      devices: usableBy(strategy, devices)
        .map(({ id }) => id)
        .slice(0, strategy.devices)
    }))
  );
  return places.find(({ strategy, devices }) => devices.length === strategy.devices);
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
      const origin = next.state.plan?.startedAt ?? time;
      next = withState(next, { plan: { ...planned, startedAt: origin } });
      const { strategy, node, devices, start, end } = segment;
      const [started, command] = startGroup(
        next,
        task,
        {
          strategy,
          node,
          devices,
          planned: { start: origin + start, end: origin + end },
          until: stretch.until
        },
        time
      );
      next = started;
      commands.push(command);
    }
    for (const key of keys) {
      blocked.add(key);
    }
  }
  return { session: next, commands };
}

/** Whether a segment can still be run: what it was planned with may be gone. */
function isRunnable(session: ISession, task: TaskState, segment: Segment, failed: FailedTrials): boolean {
  const { state, selection } = session;
  const { strategy, node, devices } = segment;
  const { spec, inspection } = task;
  const there = plannedCluster(state).nodes.find(({ id }) => id === node)?.devices ?? [];
  return (
    (selection?.includes(spec.name) ?? true) &&
    devices.every(device => there.some(({ id }) => id === device)) &&
    !state.excludeTechniques.includes(strategy.technique) &&
    (measuredCell(state.cells, task, strategy) !== undefined || !state.cells.some(c => c.status === 'oom' && cellKey(c.signature, c.strategy) === cellKey(inspection?.signature ?? '', strategy))) &&
    failed.failure({ hash: spec.hash, signature: inspection?.signature ?? '' }, strategy) === undefined
  );
}
