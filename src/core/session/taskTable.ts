import { isPaused } from '../model/sweepTasks.js';
import type { TaskState, TaskStatus } from '../wire/messages.js';

const ACTIVE: ReadonlySet<TaskStatus> = new Set(['starting', 'running', 'stopping']);

/** Whether a task holds devices. */
export function isActive(task: Pick<TaskState, 'status'>): boolean {
  return ACTIVE.has(task.status);
}

/** Whether a task is to be inspected on a device, and has none yet. */
export function lacksDevice({ status, onDevice }: TaskState): boolean {
  return status === 'inspecting' && onDevice !== undefined && onDevice.device === undefined;
}

/** Whether only that was looked at of a task which it needs to train on one device, or is to be first. */
export function isPartly({ look, inspection }: TaskState): boolean {
  return look !== undefined || inspection?.partial === true;
}

/** Where a task is to be inspected that must begin anew on another device. */
export function placeless({ kind }: NonNullable<TaskState['onDevice']>): TaskState['onDevice'] & object {
  return kind === undefined ? {} : { kind };
}

/** What is asked of a list of tasks at each event, found without going through it. */
export interface ITaskTable {
  /** Where a task is in the list, by its name. */
  readonly places: ReadonlyMap<string, number>;
  /** Places of the tasks that hold devices, in order. */
  readonly active: readonly number[];
  /** How many tasks there are of each status; none of those that are missing. */
  readonly counts: Readonly<Partial<Record<TaskStatus, number>>>;
  /** How many tasks are to be taken out. */
  readonly removing: number;
  /** How many tasks a rule has wait at rungs. */
  readonly paused: number;
  /** How many tasks are to be inspected on a device, and have none yet. */
  readonly lackingDevice: number;
  /** Of how many tasks not all was looked at that is to be found. */
  readonly partly: number;
}

const tables = new WeakMap<readonly TaskState[], ITaskTable>();

/** The table of a list of tasks. */
export function tableOf(tasks: readonly TaskState[]): ITaskTable {
  let table = tables.get(tasks);
  if (table === undefined) {
    table = tabulated(tasks, new Map(tasks.map(({ spec }, place) => [spec.name, place])));
    tables.set(tasks, table);
  }
  return table;
}

/** The task of a list that has a name. */
export function taskNamed(tasks: readonly TaskState[], name: string): TaskState | undefined {
  const place = tableOf(tasks).places.get(name);
  return place === undefined ? undefined : tasks[place];
}

/** The tasks of a list that hold devices. */
export function activeTasks(tasks: readonly TaskState[]): TaskState[] {
  return tableOf(tasks).active.map(place => tasks[place]!);
}

/** Whether a task of a list holds devices. */
export function hasActive(tasks: readonly TaskState[]): boolean {
  return tableOf(tasks).active.length > 0;
}

/** How many tasks of a list have a status. */
export function countOf(tasks: readonly TaskState[], status: TaskStatus): number {
  return tableOf(tasks).counts[status] ?? 0;
}

/** A list with the tasks at some places replaced by others of the same names; its table follows from that of the old one. */
export function replaced(tasks: readonly TaskState[], others: ReadonlyMap<number, TaskState>): TaskState[] {
  const before = tableOf(tasks);
  const list = tasks.slice();
  for (const [place, task] of others) {
    list[place] = task;
  }
  if (others.size > 1) {
    tables.set(list, tabulated(list, before.places));
    return list;
  }
  const counts = { ...before.counts };
  let { active, removing, paused, lackingDevice, partly } = before;
  for (const [place, task] of others) {
    const old = tasks[place]!;
    counts[old.status] = (counts[old.status] ?? 0) - 1;
    counts[task.status] = (counts[task.status] ?? 0) + 1;
    removing += Number(task.removing === true) - Number(old.removing === true);
    paused += Number(isPaused(task)) - Number(isPaused(old));
    lackingDevice += Number(lacksDevice(task)) - Number(lacksDevice(old));
    partly += Number(isPartly(task)) - Number(isPartly(old));
    if (isActive(task) !== isActive(old)) {
      active = isActive(task)
        ? [...active, place].sort((a, b) => a - b)
        : active.filter(other => other !== place);
    }
  }
  tables.set(list, { places: before.places, active, counts, removing, paused, lackingDevice, partly });
  return list;
}

function tabulated(tasks: readonly TaskState[], places: ReadonlyMap<string, number>): ITaskTable {
  const counts: Partial<Record<TaskStatus, number>> = {};
  const active: number[] = [];
  let removing = 0;
  let paused = 0;
  let lackingDevice = 0;
  let partly = 0;
  tasks.forEach((task, place) => {
    counts[task.status] = (counts[task.status] ?? 0) + 1;
    removing += Number(task.removing === true);
    paused += Number(isPaused(task));
    lackingDevice += Number(lacksDevice(task));
    partly += Number(isPartly(task));
    if (isActive(task)) {
      active.push(place);
    }
  });
  return { places, active, counts, removing, paused, lackingDevice, partly };
}
