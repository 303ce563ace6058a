import { fusedCell, type IFusedWay } from '../profiling/fusedSpeeds.js';
import type { Attempt, ProfileCell, SessionState, TaskState } from '../wire/messages.js';
import { measuredCell } from './profileTable.js';
import { isStaying, lastAttempt } from './session.js';
import { activeTasks } from './taskTable.js';

/** What tasks have in common that can be trained in one run; undefined of a task that cannot. */
export function fusionBase({ inspection }: Pick<TaskState, 'inspection'>): string | undefined {
  const { fusion } = inspection ?? {};
  return fusion && 'base' in fusion ? fusion.base : undefined;
}

/** The tasks that train in a run, in their order. */
export function tasksIn({ tasks }: Pick<SessionState, 'tasks'>, fusion: string): TaskState[] {
  return activeTasks(tasks).filter(task => lastAttempt(task)?.fusion === fusion);
}

/** Those of them that are to go on in it. */
export function stayingIn(state: Pick<SessionState, 'tasks'>, fusion: string): TaskState[] {
  return tasksIn(state, fusion).filter(isStaying);
}

/** The run that a task is to go on in with others, now or once it has begun; undefined when it has none beside it. */
export function sharedRun(
  state: Pick<SessionState, 'tasks'>,
  { fusion }: Pick<Attempt, 'fusion'>
): string | undefined {
  return fusion !== undefined && stayingIn(state, fusion).length > 1 ? fusion : undefined;
}

/** How many runs there are of some tasks that train: those fused are one. */
export function countRuns(tasks: readonly TaskState[]): number {
  const fusions = new Set<string>();
  let alone = 0;
  for (const task of tasks) {
    const fusion = lastAttempt(task)?.fusion;
    if (fusion === undefined) {
      alone += 1;
    } else {
      fusions.add(fusion);
    }
  }
  return alone + fusions.size;
}

/**
 * What is known of how tasks run that are fused, by the strategy and devices of one of them; with one left, of that one.
 *
 * @param cells - what is believed.
 */
export function cellOfRun(
  tasks: readonly TaskState[],
  { strategy, model }: Pick<Attempt, 'strategy' | 'model'>,
  cells: readonly ProfileCell[]
): ProfileCell | undefined {
  const own = tasks.map(task => measuredCell(cells, task, strategy, model));
  const [first] = tasks;
  const base = first && fusionBase(first);
  const alone = Math.max(0, ...own.map(cell => cell?.stepSeconds ?? 0));
  const way: IFusedWay = { base: base ?? '', strategy, model };
  return tasks.length > 1 ? fusedCell(cells, way, tasks.length, alone) : own[0];
}
