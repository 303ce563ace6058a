import { sharesOf } from '../model/schedule/deviceRuns.js';
import { furtherTrials } from '../profiling/trialSelection.js';
import type { Node, TaskState, TrialStart, TrialState } from '../wire/messages.js';
import { explorers } from './candidateTasks.js';
import type { Command } from './command.js';
import { busyDevices, freeDevices } from './dispatch.js';
import { countComing, isCrowded, isLeftToPlan } from './earlyStarts.js';
import { exploration, exploresInRun } from './exploration.js';
import { startGroup } from './groupStart.js';
import { devicesFor, type IdlePlace, idlePlace } from './idlePlaces.js';
import { patience } from './patience.js';
import { deviceKey, deviceKeys, plannedCluster } from './plannedCluster.js';
import { failedTrials, measuredCells } from './profileTable.js';
import {
  findTask,
  type ISession,
  type IStep,
  isExploring,
  isStaying,
  lastAttempt,
  techniquesOf,
  withState
} from './session.js';
import { targetStep } from './stretches.js';
import { leave } from './takeovers.js';
import { activeTasks, lacksDevice, tableOf } from './taskTable.js';
import { smallerTrials, type TrialWish, untried } from './trialPlanning.js';
import { isHeldBack, isRoomForOne } from './wishes.js';

/**
 * Start every queued trial that finds enough free devices on one node: as a rank group that trains a task which waits anyway,
 * else beside training, and its steps are thrown away. Before the first plan of a run, tasks that train make room.
 *
 * @param time - seconds since the epoch.
 */
export function dispatchTrials(session: ISession, time: number): IStep {
  const commands: Command[] = [];
  let next = session;
  const queued = session.state.trials.filter(({ status }) => status === 'queued');
  let free = queued.length > 0 ? freeDevices(next) : [];
  for (const trial of queued) {
    if (free.every(({ devices }) => devices.length === 0)) {
      break;
    }
    const place = placeOf(next, trial, free);
    if (place) {
      const explorer = explorerOf(next, trial, time);
      const begun = explorer
        ? explore(next, trial, place, explorer, time)
        : place.elsewhere
          ? withdraw(next, trial)
          : tryOut(next, trial, place);
      free = begun.session === next ? free : freeDevices(begun.session);
      next = begun.session;
      commands.push(...begun.commands);
    }
  }
  if (!next.learning) {
    return { session: next, commands };
  }
  const filled = fillIdle(next, time);
  const freed = makeRoom(filled.session, time);
  return { session: freed.session, commands: [...commands, ...filled.commands, ...freed.commands] };
}

/**
 * Try something more on devices that the first round leaves idle: what it tells costs nobody time. Where many tasks wait for
 * each device it tells little, and could hold up the plan; where more is wanted than to be done soon, it is for nobody else to
 * spend devices.
 */
function fillIdle(session: ISession, time: number): IStep {
  const { trials, tasks } = session.state;
  const isFirst = session.bestMakespan === undefined && trials.length === 0 && countComing(session) === 0;
  if (!isFirst || isCrowded(session) || isLeftToPlan(session)) {
    return { session, commands: [] };
  }
  const free = freeDevices(session);
  const idle = free.reduce((sum, { devices }) => sum + devices.length, 0);
  const tried = activeTasks(tasks).flatMap(task => {
    const { strategy } = exploration(task) ?? {};
    return strategy && task.inspection ? [{ signature: task.inspection.signature, strategy }] : [];
  });
  for (const cell of idle > 0 && tried.length > 0 ? furtherTrials(untried(session), tried, idle) : []) {
    const place = idlePlace(session, cell, free);
    const explorer = place && explorerOf(session, cell, time);
    const begun = explorer && explore(session, cell, place, explorer, time);
    if (begun && begun.session !== session) {
      const more = fillIdle(begun.session, time);
      return { session: more.session, commands: [...begun.commands, ...more.commands] };
    }
  }
  return { session, commands: [] };
}

/** The waiting task that can make a trial by training: the one it is of, or another of its kind. */
function explorerOf(
  session: ISession,
  { task: name, signature, strategy, model, fused }: TrialWish,
  time: number
): TaskState | undefined {
  if (!exploresInRun(session)) {
    return undefined;
  }
  const failed = failedTrials(measuredCells(session.state.cells));
  const can = (task: TaskState): boolean =>
    !isHeldBack(task, time) && !failed.isClosed({ hash: task.spec.hash, signature }, strategy, model);
  const kin = fused ? [] : (explorers(session).get(signature) ?? []);
  return kin.find(task => task.spec.name === name && can(task)) ?? kin.find(can);
}

function explore(
  session: ISession,
  trial: TrialWish,
  place: IdlePlace,
  task: TaskState,
  time: number
): IStep {
  if (!isRoomForOne(session)) {
    return { session, commands: [] };
  }
  const [started, command] = startGroup(session, task, { ...place, until: targetStep(task) }, time);
  const trials = started.state.trials.filter(one => one !== trial);
  return { session: withState(started, { trials }), commands: [command] };
}

function tryOut(session: ISession, trial: TrialState, place: IdlePlace): IStep {
  const task = findTask(session, trial.task);
  const others = (trial.fused ?? []).map(name => findTask(session, name)?.spec);
  if (!task) {
    return { session, commands: [] };
  }
  if (!others.every(spec => spec !== undefined)) {
    return withdraw(session, trial);
  }
  const [second, ...further] = others;
  const { strategy, node, devices } = place;
  const { trialSeconds, rankSeconds } = patience(session.state, task, { ...trial, strategy });
  const body: TrialStart = {
    trial: trial.id,
    task: task.spec,
    signature: second ? (task.inspection?.signature ?? '') : trial.signature,
    ...(task.alike === 'assumed' && { assumed: true }),
    ...(second && { fused: [second, ...further] as const, base: trial.signature }),
    strategy,
    devices,
    deadlineSeconds: trialSeconds,
    patienceSeconds: rankSeconds,
    ...techniquesOf(session)
  };
  const running: TrialState = { ...trial, hash: task.spec.hash, status: 'running', ...place };
  const trials = session.state.trials.map(one => (one === trial ? running : one));
  return { session: withState(session, { trials }), commands: [{ kind: 'trial', node, body }] };
}

/** Forget a trial that waits: no task is left that could make it by training, or not all that were to be tried together. */
function withdraw(session: ISession, trial: TrialState): IStep {
  const trials = session.state.trials.filter(one => one !== trial);
  return { session: withState(session, { trials }), commands: [] };
}

/** Where a trial can begin now, as it was asked for or, rather than have devices wait for it, on fewer of them. */
function placeOf(session: ISession, trial: TrialState, free: readonly Node[]): IdlePlace | undefined {
  return [trial.strategy, ...smallerTrials(session, trial)]
    .map(strategy => idlePlace(session, { ...trial, strategy }, free))
    .find(place => place !== undefined);
}

/** Have tasks that have found out what they were to leave for trials that wait, as far as their devices are needed. */
function makeRoom(session: ISession, time: number): IStep {
  const queued = session.state.trials.filter(({ status }) => status === 'queued');
  let made = makeRoomToInspect(session, time);
  for (const model of new Set(queued.map(trial => trial.model))) {
    const freed = makeRoomFor(
      made.session,
      queued.filter(trial => trial.model === model),
      time
    );
    made = { session: freed.session, commands: [...made.commands, ...freed.commands] };
  }
  return made;
}

/** Have a task leave for one that is to be inspected on a device, where none is idle nor about to be. */
function makeRoomToInspect(session: ISession, time: number): IStep {
  const { tasks } = session.state;
  if (tableOf(tasks).lackingDevice === 0) {
    return { session, commands: [] };
  }
  const wanted = tasks.find(lacksDevice)?.onDevice?.kind;
  const usable = new Set(
    plannedCluster(session.state).nodes.flatMap(({ id, devices }) =>
      devices.flatMap(device =>
        wanted === undefined || device.kind === wanted ? deviceKey(id, device.id) : []
      )
    )
  );
  const busy = busyDevices(session);
  const active = activeTasks(tasks);
  const isAwaited =
    [...usable].some(key => !busy.has(key)) ||
    active.some(({ status }) => status === 'stopping') ||
    tasks.some(({ status, onDevice }) => status === 'inspecting' && onDevice?.device !== undefined);
  const holder = active.find(
    task =>
      isSettled(task) && !endsSoon(task, time) && deviceKeys(lastAttempt(task)!).some(key => usable.has(key))
  );
  return holder && !isAwaited ? leave(session, holder) : { session, commands: [] };
}

/** Whether a task trains by itself, and has found out what it was to: a run of several goes on until all are done. */
function isSettled(task: TaskState): boolean {
  const attempt = lastAttempt(task)!;
  return isStaying(task) && !isExploring(attempt) && attempt.fusion === undefined;
}

/** @param queued - trials on devices of one model. */
function makeRoomFor(session: ISession, queued: readonly TrialState[], time: number): IStep {
  const { tasks, trials } = session.state;
  const usable = devicesFor(session, queued);
  const usableOf = (node: string, devices: readonly string[]): number =>
    devices.filter(id => usable.has(deviceKey(node, id))).length;
  const heldBy = (task: TaskState): number => {
    const attempt = lastAttempt(task);
    const shares = attempt ? sharesOf(attempt) : [];
    return shares.reduce((sum, { node, devices }) => sum + usableOf(node, devices), 0);
  };
  const wanted = queued.reduce((sum, { strategy }) => sum + strategy.devices, 0);
  // A run of several goes on until all are done.
  const active = activeTasks(tasks).filter(task => lastAttempt(task)?.fusion === undefined);
  const leaving = active.filter(({ status }) => status === 'stopping');
  const coming = leaving.reduce((sum, task) => sum + heldBy(task), 0);
  const free = freeDevices(session).reduce(
    (sum, { id, devices }) =>
      sum +
      usableOf(
        id,
        devices.map(device => device.id)
      ),
    0
  );
  const settled = active.filter(isSettled);
  const isStuck =
    leaving.length === 0 &&
    trials.every(({ status }) => status === 'queued') &&
    active.filter(isStaying).length === settled.length;
  // Where all are settled, what is free is not enough together, or no more may train at once.
  let lacking = isStuck ? Math.max(1, wanted - free) : wanted - free - coming;
  const there = settled.filter(task => heldBy(task) > 0);
  let next = session;
  const commands: Command[] = [];
  for (const task of isStuck && there.length === 0 ? settled : there) {
    if (lacking > 0 && !endsSoon(task, time)) {
      const freed = leave(next, task);
      next = freed.session;
      commands.push(...freed.commands);
      lacking -= lastAttempt(task)!.strategy.devices;
    }
  }
  return { session: next, commands };
}

/** A task that has no more left than this, in seconds, is let end: to stop it and go on with it later takes about as long. */
const SOON_LEAST = 1;
const SOON_STARTS = 4;

/** Whether a task that was measured ends before long, by what its journal says of it: that tells a replay the same. */
function endsSoon(task: TaskState, time: number): boolean {
  const { startedAt, fromStep = 0, stepSeconds, requestedAt } = lastAttempt(task)!;
  if (startedAt === undefined || stepSeconds === undefined) {
    return false;
  }
  const left = (targetStep(task) - fromStep) * stepSeconds - (time - startedAt);
  return left <= Math.max(SOON_LEAST, SOON_STARTS * (startedAt - requestedAt));
}
