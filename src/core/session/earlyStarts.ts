import { derived } from '../model/derived.js';
import { isSameModel, modelAt } from '../model/deviceModels.js';
import { strategyKey } from '../model/strategy.js';
import type { Node, ProfileCell, Strategy, TaskState } from '../wire/messages.js';
import { candidateTasks, explorers, selectionOf } from './candidateTasks.js';
import type { Command } from './command.js';
import { busyDevices, freeDevices } from './dispatch.js';
import { exploresInRun, isExplorer } from './exploration.js';
import { fusionBase } from './fusedRuns.js';
import { startGroup } from './groupStart.js';
import { devicesFor, type IdlePlace, idlePlace } from './idlePlaces.js';
import { countDevices, plannedCluster } from './plannedCluster.js';
import { aloneCells, failedTrials, isFeasibleBy, measuredCell } from './profileTable.js';
import { followsGiven, type ISession, type IStep } from './session.js';
import { targetStep } from './stretches.js';
import { countOf, tableOf } from './taskTable.js';
import { isHeldBack, isRoomForOne } from './wishes.js';

/**
 * A run begins with what is inspected, while the rest is: each signature's first task tries a strategy by training, and what is
 * known to run begins on devices that would be idle. Any of it may be moved by the first plan of the run, which is made when
 * all is inspected; or before, when something waits beside an idle device that only a plan can begin.
 */

/** With so many tasks for each device a task may as well begin by what makes the most of a device: hardly a plan does otherwise. */
const CROWD = 2;

/** The tasks of a run that are still inspected. */
export const comingTasks = derived((session: ISession): TaskState[] => {
  const { tasks } = session.state;
  if (countOf(tasks, 'inspecting') === 0) {
    return [];
  }
  const selection = selectionOf(session);
  const selected = selection && new Set(selection);
  return tasks.filter(({ status, spec }) => status === 'inspecting' && (selected?.has(spec.name) ?? true));
});

/** How many there are. */
export function countComing(session: ISession): number {
  return comingTasks(session).length;
}

const comingSweeps = derived(
  (session: ISession) => new Set(comingTasks(session).map(({ spec }) => spec.sweep))
);

/** Whether a run begins with what is inspected, before the rest is. */
export function beginsEarly(session: ISession): boolean {
  return exploresInRun(session) && countComing(session) > 0;
}

/** Whether what is inspected is to wait for the rest before it is planned: nothing is idle meanwhile for lack of a plan. */
export function awaitsRest(session: ISession, time: number): boolean {
  return session.learning && countComing(session) > 0 && !isAnyHeldUp(session, time);
}

/**
 * Have tasks that are known to run begin on devices that nothing else wants while others are inspected, the longest first. Where
 * a plan is followed that is one of which no more is known than what one device needs, once nothing waits that is planned.
 *
 * @param time - seconds since the epoch.
 */
export function startEarly(session: ISession, time: number): IStep {
  const isPlanned = (): boolean => followsGiven(session) || isAnyWaiting(session, time);
  if (!beginsEarly(session) || isLeftToPlan(session) || (!session.learning && isPlanned())) {
    return { session, commands: [] };
  }
  const crowded = isCrowded(session);
  const enough = countOpen(session) >= countDevices(plannedCluster(session.state).nodes);
  const commands: Command[] = [];
  let next = session;
  let free = spareDevices(next);
  while (countDevices(free) > 0 && isRoomForOne(next)) {
    const search = { free, isCrowded: crowded, time };
    const chosen = longest([
      ...(session.learning ? waysOf(next, search) : []),
      ...(enough ? waysOfPartly(next, search) : [])
    ]);
    if (!chosen) {
      break;
    }
    const { task, place } = chosen;
    const [started, command] = startGroup(next, task, { ...place, until: targetStep(task) }, time);
    next = started;
    commands.push(command);
    free = spareDevices(next);
  }
  return { session: next, commands };
}

/** Idle devices, but for those for which a trial waits that needs more of them. */
function spareDevices(session: ISession): Node[] {
  const wanted = devicesFor(
    session,
    session.state.trials.filter(({ status }) => status === 'queued')
  );
  return freeDevices(session, new Set([...busyDevices(session), ...wanted]));
}

/** Whether only a plan can weigh what is wanted: another goal than to be done soon, and what may not be exceeded. */
export function isLeftToPlan({ state: { wishes } }: ISession): boolean {
  const { objective, deviceSeconds, cost } = wishes ?? {};
  return (objective ?? 'makespan') !== 'makespan' || deviceSeconds !== undefined || cost !== undefined;
}

/** A task that can begin, where, and how long it would take, in seconds. */
interface IWay {
  readonly task: TaskState;
  readonly place: IdlePlace;
  readonly seconds: number;
}

interface ISearch {
  readonly free: readonly Node[];
  readonly isCrowded: boolean;
  readonly time: number;
}

/** The first task of each signature that can begin: what is known is the same for all. */
function waysOf(session: ISession, search: ISearch): IWay[] {
  return [...explorers(session).values()].flatMap(kin => {
    const task = kin.find(
      one => !isHeldBack(one, search.time) && !isWeighed(one) && !isKinComing(session, one)
    );
    const way = task && wayOf(session, task, search);
    return way ? [way] : [];
  });
}

/** What a task is trained by of which only the first is known. */
export const ALONE: Strategy = { technique: 'single', devices: 1 };

/**
 * The tasks of which no more is known than that they can be trained on one device: with one for each, none waits for more. Where
 * its like were measured by more than that, there is a choice.
 */
function waysOfPartly(session: ISession, { free, isCrowded, time }: ISearch): IWay[] {
  const { cells, cluster, tasks } = session.state;
  const place = idlePlace(session, { strategy: ALONE }, free);
  if (!place || tableOf(tasks).partly === 0) {
    return [];
  }
  const model = cluster && modelAt(cluster, place);
  return comingTasks(session).flatMap(task => {
    const isChoice = !isCrowded && workingCells(session, task).length > 1;
    const can =
      canTrainAlone(session, task, model) && !isHeldBack(task, time) && !isWeighed(task) && !isChoice;
    const { stepSeconds = Infinity } = measuredCell(cells, task, ALONE, model) ?? {};
    const steps = targetStep(task) - (task.checkpointStep ?? 0);
    return can ? [{ task, place, seconds: steps * stepSeconds }] : [];
  });
}

/**
 * Whether a task can be trained on one device by what was looked for first, and nothing else is wanted or known of it.
 *
 * @param model - of the device; any when undefined.
 */
export function canTrainAlone({ state }: ISession, task: TaskState, model: string | undefined): boolean {
  const { cells, excludeTechniques } = state;
  const { signature = '', partial = false } = task.inspection ?? {};
  return (
    partial &&
    isExplorer(task) &&
    isFeasibleBy(task, ALONE) &&
    !excludeTechniques.includes(ALONE.technique) &&
    !failedTrials(cells).isClosed({ signature, hash: task.spec.hash }, ALONE, model) &&
    !aloneCells(cells).some(
      cell =>
        cell.status === 'oom' &&
        cell.signature === signature &&
        isSameModel(cell.model, model) &&
        strategyKey(cell.strategy) === strategyKey(ALONE)
    )
  );
}

function isWeighed({ wishes }: TaskState): boolean {
  return wishes?.weight !== undefined || wishes?.deadline !== undefined;
}

/** How a task gets furthest with what devices do. Where there is a choice, and room for it, it is the plan's. */
function wayOf(session: ISession, task: TaskState, { free, isCrowded }: ISearch): IWay | undefined {
  const cells = usableCells(session, task);
  if (cells.length > 1 && !isCrowded) {
    return undefined;
  }
  const steps = targetStep(task) - (task.checkpointStep ?? 0);
  const costOf = ({ strategy, stepSeconds = Infinity }: ProfileCell): number =>
    strategy.devices * stepSeconds;
  for (const cell of cells.sort((a, b) => costOf(a) - costOf(b))) {
    const place = idlePlace(session, cell, free);
    if (place) {
      return { task, place, seconds: steps * (cell.stepSeconds ?? 0) };
    }
  }
  return undefined;
}

function usableCells(session: ISession, task: TaskState): ProfileCell[] {
  return workingCells(session, task).filter(({ strategy }) => isFeasibleBy(task, strategy));
}

/** What works for the like of a task, whether or not that is known of itself. */
function workingCells({ state }: ISession, { inspection, spec }: TaskState): ProfileCell[] {
  const { cells, excludeTechniques } = state;
  const failed = failedTrials(cells);
  const { signature = '' } = inspection ?? {};
  const own = { signature, hash: spec.hash };
  return aloneCells(cells).filter(
    ({ signature: of, status, strategy, model }) =>
      of === signature &&
      status === 'ok' &&
      strategy.nodes === undefined &&
      !excludeTechniques.includes(strategy.technique) &&
      failed.failure(own, strategy, model) === undefined
  );
}

function longest(ways: readonly IWay[]): IWay | undefined {
  return ways.reduce<IWay | undefined>(
    (best, way) => (best === undefined || way.seconds > best.seconds ? way : best),
    undefined
  );
}

/** Whether a task of a run waits beside an idle device. */
function isAnyHeldUp(session: ISession, time: number): boolean {
  return isRoomForOne(session) && countDevices(freeDevices(session)) > 0 && isAnyWaiting(session, time);
}

function isAnyWaiting(session: ISession, time: number): boolean {
  return candidateTasks(session).some(
    task => task.status === 'ready' && !isHeldBack(task, time) && !isKinComing(session, task)
  );
}

/** Whether a task may be trained in one run with others of its sweep that are inspected still. */
function isKinComing(session: ISession, task: TaskState): boolean {
  return fusionBase(task) !== undefined && comingSweeps(session).has(task.spec.sweep);
}

/** Whether so many tasks wait for each device that hardly any is trained on more than one. */
export function isCrowded(session: ISession): boolean {
  return countOpen(session) >= CROWD * countDevices(plannedCluster(session.state).nodes);
}

/** How many tasks a run has yet to train. */
export function countOpen(session: ISession): number {
  return candidateTasks(session).length + countComing(session);
}
