import { usableBy } from '../model/strategy.js';
import type { Attempt, Strategy, TaskState, TrialState } from '../wire/messages.js';
import type { Command } from './command.js';
import { freeDevices } from './dispatch.js';
import { exploration, exploresInRun, isExplorer } from './exploration.js';
import { startGroup } from './groupStart.js';
import {
  type ISession,
  type IStep,
  isExploring,
  isStaying,
  lastAttempt,
  withState,
  withTask
} from './session.js';
import { stopGroup } from './stopping.js';
import { targetStep } from './stretches.js';
import { candidatesOf, candidateTasks, deviceShare } from './trialPlanning.js';
import { isHeldBack, isRoomForOne } from './wishes.js';

/**
 * Have tasks train that are to be tried: first those of whose kind nothing is known, for which others that were measured make
 * room, then, as long as there is no plan, whatever finds devices.
 *
 * @param time - seconds since the epoch.
 */
export function dispatchExplorations(session: ISession, time: number): IStep {
  const { trials } = session.state;
  if (!exploresInRun(session) || !(session.learning || trials.length > 0)) {
    return { session, commands: [] };
  }
  const commands: Command[] = [];
  const left: TrialState[] = [];
  let next = session;
  let waits = 0;
  for (const trial of trials) {
    const task = trial.status === 'queued' ? explorerOf(next, trial, time) : undefined;
    const started = task && explore(next, task, trial.strategy, time);
    if (started) {
      next = started.session;
      commands.push(...started.commands);
    } else {
      left.push(trial);
      waits += trial.status === 'queued' ? trial.strategy.devices : 0;
    }
  }
  if (left.length < trials.length) {
    next = withState(next, { trials: left });
  }
  const rest = !session.learning ? [] : waits > 0 ? [makeRoom(next, waits)] : (globalThis as any).process.env.FILL ? [fill(next, time)] : [];
  return rest.reduce<IStep>(
    (all, one) => ({ session: one.session, commands: [...all.commands, ...one.commands] }),
    { session: next, commands }
  );
}

/** The waiting task that can make a trial by training: the one it is of, or another of its kind. */
function explorerOf(
  session: ISession,
  { task: name, signature }: TrialState,
  time: number
): TaskState | undefined {
  const kin = candidateTasks(session).filter(
    task => task.inspection?.signature === signature && isReady(task, time)
  );
  return kin.find(({ spec }) => spec.name === name) ?? kin[0];
}

function isReady(task: TaskState, time: number): boolean {
  return task.status === 'ready' && isExplorer(task) && !isHeldBack(task, time);
}

/** Start a task where devices are free; nothing when there are not enough. */
function explore(session: ISession, task: TaskState, strategy: Strategy, time: number): IStep | undefined {
  const place = isRoomForOne(session) ? placeFor(session, strategy) : undefined;
  if (!place) {
    return undefined;
  }
  const [started, command] = startGroup(session, task, { ...place, strategy, until: targetStep(task) }, time);
  return { session: started, commands: [command] };
}

function placeFor(session: ISession, strategy: Strategy): Pick<Attempt, 'node' | 'devices'> | undefined {
  return freeDevices(session)
    .map(({ id, devices }) => ({
      node: id,
      devices: usableBy(strategy, devices)
        .slice(0, strategy.devices)
        .map(device => device.id)
    }))
    .find(({ devices }) => devices.length === strategy.devices);
}

/** Have tasks that have found out what they were to leave for those that have not, as far as their devices are needed. */
function makeRoom(session: ISession, wanted: number): IStep {
  const free = freeDevices(session).reduce((sum, { devices }) => sum + devices.length, 0);
  const leaving = session.state.tasks.filter(({ status }) => status === 'stopping');
  let lacking = wanted - free - leaving.reduce((sum, task) => sum + devicesOf(task), 0);
  let next = session;
  const commands: Command[] = [];
  for (const task of session.state.tasks) {
    const attempt = lastAttempt(task);
    if (lacking > 0 && attempt && isStaying(task) && !isExploring(attempt)) {
      const freed = moveAway(next, task);
      next = freed.session;
      commands.push(...freed.commands);
      lacking -= attempt.devices.length;
    }
  }
  return { session: next, commands };
}

/** Have a task save and leave, to go on elsewhere. */
function moveAway(session: ISession, task: TaskState): IStep {
  return {
    session: withTask(session, task.spec.name, { status: 'stopping', moving: true }),
    commands: stopGroup(session.state, task)
  };
}

const devicesOf = (task: TaskState): number => lastAttempt(task)?.devices.length ?? 0;

/** Have tasks of known kinds train meanwhile, by something new where there is any. */
function fill(session: ISession, time: number): IStep {
  const commands: Command[] = [];
  let next = session;
  const most = deviceShare(session);
  for (const task of candidateTasks(session).filter(one => isReady(one, time))) {
    const strategy = strategyToFill(next, task, most);
    const started = strategy && explore(next, task, strategy, time);
    if (started) {
      next = started.session;
      commands.push(...started.commands);
    }
  }
  return { session: next, commands };
}

function strategyToFill(session: ISession, { inspection }: TaskState, most: number): Strategy | undefined {
  const isKin = ({ signature }: { readonly signature: string }): boolean =>
    signature === inspection?.signature;
  const untried = candidatesOf(session).promising.filter(isKin);
  const tried = session.state.cells.filter(cell => isKin(cell) && cell.status === 'ok');
  const explored = session.state.tasks.flatMap(task =>
    task.inspection && isKin(task.inspection) ? (exploration(task) ?? []) : []
  );
  return [tried, explored, untried]
    .map(list =>
      list
        .map(({ strategy }) => strategy)
        .filter(({ devices }) => devices <= most)
        .sort((a, b) => b.devices - a.devices)
    )
    .find(list => list.length > 0)?.[0];
}
