import { derived } from '../model/derived.js';
import { modelAt } from '../model/deviceModels.js';
import type { FailedTrials } from '../profiling/failedTrials.js';
import type { Attempt, Node, Plan, Segment, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { isLoner } from './fusedEnds.js';
import { cellOfRun } from './fusedRuns.js';
import { type IGroupWish, type IMember, startRun } from './groupStart.js';
import { areAllPlannedOn, deviceKey, deviceKeys, plannedCluster } from './plannedCluster.js';
import { failedTrials, measuredCell } from './profileTable.js';
import { type ISession, type IStep, lastAttempt, withState } from './session.js';
import { dispatchLists, type IDispatchLists, type IStretch, isOver, stretchLeft } from './stretches.js';
import { activeTasks, countOf, taskNamed } from './taskTable.js';
import { isHeldBack, isRoomForOne } from './wishes.js';

/** Devices held by rank groups, trials and inspections, by their keys. */
export function busyDevices(session: ISession): Set<string> {
  const busy = new Set<string>();
  const hold = (attempt: Attempt | undefined): void => {
    for (const key of attempt ? deviceKeys(attempt) : []) {
      busy.add(key);
    }
  };
  const { tasks } = session.state;
  for (const task of countOf(tasks, 'inspecting') > 0 ? tasks : []) {
    if (task.status === 'inspecting' && task.onDevice?.device !== undefined) {
      busy.add(deviceKey(task.onDevice.node ?? '', task.onDevice.device));
    }
  }
  for (const task of activeTasks(tasks)) {
    hold(lastAttempt(task));
    hold(task.next);
  }
  for (const trial of session.state.trials) {
    if (trial.status !== 'queued') {
      for (const device of trial.devices ?? []) {
        busy.add(deviceKey(trial.node ?? '', device));
      }
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
  if (!planned || countOf(session.state.tasks, 'ready') === 0) {
    return { session, commands: [] };
  }
  const turns = new Turns(session, planned.plan);
  const commands: Command[] = [];
  let next: ISession = session;
  for (const turn of turns.next()) {
    const [first, ...others] = turn.filter(({ task }) => !isHeldBack(task, time));
    if (first && isRoomForOne(next)) {
      const memberOf = ({ stretch, task }: ITurn): IMember => ({ task, wish: wishOf(next, stretch, time) });
      const [started, command] = startRun(next, [memberOf(first), ...others.map(memberOf)], time);
      const origin = next.state.plan?.startedAt ?? time;
      next = withState(started, { plan: { ...planned, startedAt: origin } });
      commands.push(command);
    }
  }
  return { session: turns.isFurther ? { ...next, passed: turns.passed } : next, commands };
}

/** Whether the plan has something for a task that waits for no time, and could run it if its devices were free. */
export function hasTurns(session: ISession, time: number): boolean {
  const planned = session.state.plan;
  if (!planned || countOf(session.state.tasks, 'ready') === 0) {
    return false;
  }
  const { cells, tasks } = session.state;
  const failed = failedTrials(cells);
  return dispatchLists(planned.plan).stretches.some(stretch => {
    const task = taskNamed(tasks, stretch.segment.task);
    return (
      task?.status === 'ready' &&
      !isHeldBack(task, time) &&
      stretchLeft(stretch, task) !== undefined &&
      isRunnable(session, task, stretch.segment, failed)
    );
  });
}

/** A stretch whose turn has come. */
interface ITurn {
  readonly stretch: IStretch;
  readonly task: TaskState;
}

/** What is next by a plan on devices that are free; looks no further into it than it must. */
class Turns {
  private readonly _lists: IDispatchLists;
  private readonly _failed: FailedTrials;
  private readonly _further = new Map<string, number>();

  constructor(
    private readonly _session: ISession,
    plan: Plan
  ) {
    this._lists = dispatchLists(plan);
    this._failed = failedTrials(_session.state.cells);
  }

  /** The stretches whose turn it is, in the order of the plan; those of one run together. */
  next(): ITurn[][] {
    const busy = busyDevices(this._session);
    const firsts = new Map<string, number>();
    for (const key of this._lists.byDevice.keys()) {
      const first = busy.has(key) ? undefined : this._firstOn(key);
      if (first !== undefined) {
        firsts.set(key, first);
      }
    }
    return [...new Set(firsts.values())]
      .sort((a, b) => a - b)
      .flatMap(place => {
        const { segment } = this._lists.stretches[place]!;
        const isFirst = deviceKeys(segment).every(key => firsts.get(key) === place);
        const turn = isFirst ? this._runAt(place) : [];
        return turn.length > 0 ? [turn] : [];
      });
  }

  /** What is to begin together with a stretch; nothing while one of it has still to leave where it trains. */
  private _runAt(place: number): ITurn[] {
    const { fusion } = this._lists.stretches[place]!.segment;
    const places = fusion === undefined ? [place] : this._lists.byFusion.get(fusion)!;
    const turns = places.flatMap(own => (this._isFirstOfTask(own) ? (this._at(own) ?? []) : []));
    const isAwaited = turns.some(({ task }) => task.status === 'stopping' && task.moving);
    const ready = isAwaited ? [] : turns.filter(({ task }) => task.status === 'ready');
    const together = ready.filter(({ task }) => !isLoner(task));
    return together.length > 1 && this._isKnownToRun(together) ? together : ready.slice(0, 1);
  }

  /** Whether so many tasks in one run are known to work still: they may have run out of memory since the plan was made. */
  private _isKnownToRun(turns: readonly ITurn[]): boolean {
    const { cells } = this._session.state;
    const { segment } = turns[0]!.stretch;
    const model = modelAt(plannedCluster(this._session.state), segment);
    const way = { strategy: segment.strategy, ...(model !== undefined && { model }) };
    return (
      cellOfRun(
        turns.map(({ task }) => task),
        way,
        cells
      ) !== undefined
    );
  }

  /** Whether devices were found to be further in the plan than was known. */
  get isFurther(): boolean {
    return this._further.size > 0;
  }

  /** How far devices are: see {@link ISession.passed}. */
  get passed(): Readonly<Record<string, number>> {
    return { ...this._session.passed, ...Object.fromEntries(this._further) };
  }

  /** Place of what a device has to do first. */
  private _firstOn(key: string): number | undefined {
    const list = this._lists.byDevice.get(key)!;
    const from = this._session.passed[key] ?? 0;
    let passed = from;
    while (passed < list.length && this._isOver(list[passed]!)) {
      passed += 1;
    }
    if (passed > from) {
      this._further.set(key, passed);
    }
    for (let index = passed; index < list.length; index++) {
      if (this._at(list[index]!)) {
        return list[index];
      }
    }
    return undefined;
  }

  private _isFirstOfTask(place: number): boolean {
    const { task } = this._lists.stretches[place]!.segment;
    return this._lists.byTask.get(task)!.every(other => other >= place || !this._at(other));
  }

  private _isOver(place: number): boolean {
    const stretch = this._lists.stretches[place]!;
    return isOver(stretch, taskNamed(this._session.state.tasks, stretch.segment.task));
  }

  /** What is left of a stretch that can be run; else it stands in the way of no other. */
  private _at(place: number): ITurn | undefined {
    const planned = this._lists.stretches[place]!;
    const task = taskNamed(this._session.state.tasks, planned.segment.task);
    const stretch = stretchLeft(planned, task);
    return task && stretch && isRunnable(this._session, task, planned.segment, this._failed)
      ? { stretch, task }
      : undefined;
  }
}

const asSet = derived((names: readonly string[]) => new Set(names));

/** Whether a segment can still be run: what it was planned with may be gone. */
export function isRunnable(
  { state, selection }: ISession,
  task: TaskState,
  segment: Segment,
  failed: FailedTrials
): boolean {
  const { strategy } = segment;
  const { spec, inspection } = task;
  const model = modelAt(plannedCluster(state), segment);
  return (
    (selection === null || asSet(selection).has(spec.name)) &&
    areAllPlannedOn(state, segment) &&
    !state.excludeTechniques.includes(strategy.technique) &&
    measuredCell(state.cells, task, strategy, model) !== undefined &&
    failed.failure({ hash: spec.hash, signature: inspection?.signature ?? '' }, strategy, model) === undefined
  );
}

/** What a rank group is to do for a stretch of the plan. */
export function wishOf({ state }: ISession, { segment, until }: IStretch, time: number): IGroupWish {
  const { strategy, node, devices, elsewhere, start, end } = segment;
  const origin = state.plan?.startedAt ?? time;
  const place = { strategy, node, devices, ...(elsewhere && { elsewhere }) };
  return { ...place, until, planned: { start: origin + start, end: origin + end } };
}
