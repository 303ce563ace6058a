import type { TaskSpec, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { hasTurns } from './dispatch.js';
import { ALONE, canTrainAlone, comingTasks, countComing, countOpen, isLeftToPlan } from './earlyStarts.js';
import { exploresInRun } from './exploration.js';
import { inspect } from './inspections.js';
import { inspectors } from './inspectors.js';
import { countDevices, plannedCluster } from './plannedCluster.js';
import { measuredCell } from './profileTable.js';
import {
  findSweep,
  type ISession,
  type IStep,
  isActive,
  isStaying,
  lastAttempt,
  mapTasks
} from './session.js';
import { stopGroups, stopInspections } from './stopping.js';
import { hasActive, tableOf } from './taskTable.js';

/**
 * Where cores are the devices, inspection takes from those that train, and a short sweep is trained in less time than all of it
 * takes. So where a run begins with what is inspected, only what a task needs to train on one device is looked for first, with
 * whatever refuses it; the rest afterwards, giving way to those that train. A task of which no more is known is still inspected,
 * unless it trains, or has: only an early start begins it.
 *
 * @param time - seconds since the epoch.
 */
export function lookFirst(session: ISession, time: number): IStep {
  const hurried = hurry(session, time);
  if (tableOf(hurried.session.state.tasks).partly === 0) {
    return hurried;
  }
  const looked = lookFurther(hurried.session);
  return { session: looked.session, commands: [...hurried.commands, ...looked.commands] };
}

/** What a step asks of inspections, each task once: what is looked for first of it is not asked as a whole. */
export function askedOnce(commands: readonly Command[]): readonly Command[] {
  const first = new Set(
    commands.flatMap(command =>
      command.kind === 'inspect' && command.body.part === 'first' ? command.body.tasks.map(nameOf) : []
    )
  );
  return commands.flatMap((command): Command[] => {
    if (first.size === 0 || command.kind !== 'inspect' || command.body.part !== undefined) {
      return [command];
    }
    const tasks = command.body.tasks.filter(task => !first.has(nameOf(task)));
    return tasks.length > 0 ? [{ ...command, body: { ...command.body, tasks } }] : [];
  });
}

const nameOf = ({ name }: TaskSpec): string => name;

/** Look for the first of those tasks of which nothing is known: before the rest of others. */
function hurry(session: ISession, time: number): IStep {
  const none = { session, commands: [] };
  if (countComing(session) === 0 || !isHurried(session, time)) {
    return none;
  }
  const hurried = new Set(comingTasks(session).filter(task => canHurry(session, task)));
  if (hurried.size === 0) {
    return none;
  }
  const late: string[] = [];
  const next = mapTasks(session, task => {
    if (hurried.has(task)) {
      return { ...task, look: 'first' };
    }
    if (task.look === 'rest') {
      late.push(task.spec.name);
      const { look: _later, ...rest } = task;
      return rest;
    }
    return task;
  });
  const names = new Set([...hurried].map(({ spec }) => spec.name));
  const asked = inspect(next, ({ spec }) => names.has(spec.name));
  return { session: next, commands: [...stopInspections(late), ...asked] };
}

/** Whether each device gets a task by what is looked for first, and nothing but to be done soon counts. */
function isHurried(session: ISession, time: number): boolean {
  const { state, learning } = session;
  const begins = learning || !(hasActive(state.tasks) || hasTurns(session, time));
  const kinds = [...inspectors(state).keys()];
  return (
    begins &&
    exploresInRun(session) &&
    kinds.length === 1 &&
    kinds[0] === 'cpu' &&
    !isLeftToPlan(session) &&
    countOpen(session) >= countDevices(plannedCluster(state).nodes)
  );
}

/** Not points of a search, which wait for all that is found of others. */
function canHurry(
  { state }: ISession,
  { spec, look, inspection, verdicts, alike, onDevice }: TaskState
): boolean {
  const isKnown = look !== undefined || inspection !== undefined || verdicts !== undefined;
  return !isKnown && alike === undefined && onDevice === undefined && !findSweep(state, spec.sweep);
}

/**
 * Look for the rest when the first is known of all; what waits is still inspected, and what is refused trains no more. Planned
 * is nothing of which only the first is known, unless it trains.
 */
function lookFurther(session: ISession): IStep {
  const { goal, tasks } = session.state;
  const isFirst = tasks.some(({ look, status }) => look === 'first' && status === 'inspecting');
  const names = new Set<string>();
  const stops: Command[] = [];
  const next = mapTasks(session, task => {
    if (task.look === 'refused') {
      stops.push(...(isStaying(task) ? stopGroups(session.state, task) : []));
      return refused(task);
    }
    if (!task.inspection?.partial) {
      return task;
    }
    const { look, ...rest } = task;
    const isIdle = goal === 'none' && task.status === 'ready';
    const isPlanned = task.status === 'stopped' && !task.givenUp && (goal === 'plan' || goal === 'profile');
    const waits = task.status === 'inspecting' || task.status === 'ready' || isPlanned;
    if (isIdle || (!waits && !isActive(task))) {
      return look === undefined || isIdle ? task : rest;
    }
    const status = waits && !goesOn(session, task) ? 'inspecting' : task.status;
    if (!isFirst && look === undefined && (waits || isStaying(task))) {
      names.add(task.spec.name);
      return { ...task, status, look: 'rest' };
    }
    return status === task.status ? task : { ...task, status };
  });
  const asked = inspect(next, ({ spec }) => names.has(spec.name));
  return { session: next, commands: [...stops, ...asked] };
}

/**
 * Whether a task that waits has trained on one device, and can go on there whatever else there is to be found: at a speed that is
 * known, as else no plan begins it.
 */
function goesOn(session: ISession, task: TaskState): boolean {
  const { cells, goal } = session.state;
  const attempt = lastAttempt(task);
  return (
    goal === 'run' &&
    task.status === 'ready' &&
    attempt !== undefined &&
    measuredCell(cells, task, ALONE, attempt.model) !== undefined &&
    canTrainAlone(session, task, attempt.model)
  );
}

/** A task that trains and cannot be: its group leaves, and then it is known to be invalid. */
function refused(task: TaskState): TaskState {
  if (isStaying(task)) {
    return { ...task, status: 'stopping', moving: undefined };
  }
  if (task.status === 'stopping') {
    return task;
  }
  const { look: _over, ...known } = task;
  if (task.status === 'finished') {
    return known;
  }
  const { inspection: _part, ...rest } = known;
  return { ...rest, status: 'invalid' };
}
