import { usableBy } from '../model/strategy.js';
import { FailedTrials } from '../profiling/failedTrials.js';
import type {
  Attempt,
  GroupStart,
  RunState,
  Segment,
  TaskState,
  TrialStart,
  TrialState
} from '../wire/messages.js';
import type { Command } from './command.js';
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
  withState,
  withTask
} from './session.js';
import { type IStretch, stretchesLeft } from './stretches.js';
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

/** Start every queued trial that finds enough free devices on one node. */
export function dispatchTrials(session: ISession): IStep {
  const busy = busyDevices(session);
  const commands: Command[] = [];
  const trials = session.state.trials.map(trial => {
    const task = findTask(session, trial.task);
    if (trial.status !== 'queued' || !task) {
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
  const free = plannedCluster(session.state).nodes.map(({ id, devices }) => ({
    node: id,
    devices: devices.filter(device => !busy.has(deviceKey(id, device.id)))
  }));
  if (free.every(({ devices }) => devices.length === 0)) {
    return undefined;
  }
  const places = [trial.strategy, ...smallerTrials(session, trial)].flatMap(strategy =>
    free.map(({ node, devices }) => ({
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
      next = withState(next, {
        run: begun(next.state.run, time),
        ...(next.state.plan?.startedAt === undefined ? { plan: { ...planned, startedAt: time } } : {})
      });
      const [attempt, body] = startOf(next, task, stretch, time);
      next = withTask(next, task.spec.name, {
        status: 'starting',
        attempts: [...task.attempts, attempt],
        progress: { step: task.checkpointStep ?? 0 }
      });
      commands.push({ kind: 'start', node: segment.node, body });
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

/** A run in which training begins: it goes on with one that was over, and does not count the time between. */
function begun(run: RunState | undefined, time: number): RunState {
  if (run?.endedAt === undefined) {
    return run ?? { startedAt: time };
  }
  const { startedAt, endedAt, idleSeconds = 0 } = run;
  return { startedAt, idleSeconds: idleSeconds + Math.max(0, time - endedAt) };
}

/** The attempt at a stretch of the plan, and what the agent is told to begin it. */
export function startOf(
  session: ISession,
  task: TaskState,
  { segment, until }: IStretch,
  time: number
): [Attempt, GroupStart] {
  const leaves = until < (task.inspection?.steps ?? 1) ? { until } : {};
  const origin = session.state.plan?.startedAt ?? time;
  const attempt: Attempt = {
    number: (lastAttempt(task)?.number ?? 0) + 1,
    strategy: segment.strategy,
    node: segment.node,
    devices: segment.devices,
    requestedAt: time,
    fromStep: task.checkpointStep ?? 0,
    ...leaves,
    planned: { start: origin + segment.start, end: origin + segment.end }
  };
  const stepSeconds = measuredCell(session.state.cells, task, segment.strategy)?.stepSeconds;
  const { checkpointSeconds, rankSeconds } = patience(session.state, task, segment.strategy);
  const body: GroupStart = {
    task: task.spec,
    attempt: attempt.number,
    steps: task.inspection?.steps ?? 1,
    ...leaves,
    ...(until === task.target && { evaluates: true }),
    strategy: segment.strategy,
    ...(task.inspection ? { signature: task.inspection.signature } : {}),
    devices: segment.devices,
    checkpointSeconds,
    patienceSeconds: rankSeconds,
    ...(stepSeconds === undefined ? {} : { stepSeconds }),
    ...techniquesOf(session)
  };
  return [attempt, body];
}
