import { isPointOf } from '../model/sweepTasks.js';
import { pointKey } from '../search/space.js';
import type {
  Dimension,
  Inspection,
  SessionState,
  SweepState,
  TaskSpec,
  TaskState
} from '../wire/messages.js';
import { inspect, withMore } from './inspections.js';
import { findSweep, type ISession, type IStep, mapSweeps, mapTasks, withStaleProfile } from './session.js';
import { countOf } from './taskTable.js';

/**
 * Points of a sweep that differ only in numbers which decide nothing of how a task is built, as a learning rate does, share
 * one inspection. Whether they are such is not believed, but seen: of the first two that differ in nothing else, both are
 * inspected. What holds for those is taken to hold for the others, and looked at once more where their ranks build them.
 */

/** Whether a task waits for what the inspection of another point tells, before it is inspected itself. */
export function mayBeLike(state: SessionState, spec: TaskSpec): boolean {
  const sweep = sweepOf(state, spec);
  return sweep !== undefined && !sweep.apart && Object.values(sweep.spec.space).some(isSoft);
}

/** The session in which what waits for other points has what they tell, or is inspected as they tell nothing. */
export function shareInspections(session: ISession, time: number): IStep {
  const { tasks } = session.state;
  const waiting = countOf(tasks, 'inspecting') > 0 ? tasks.filter(isWaiting) : [];
  if (waiting.length === 0) {
    return { session, commands: [] };
  }
  const released = new Set<string>();
  const models = new Map<string, TaskState>();
  const apart = new Set<SweepState>();
  for (const [sweep, those] of grouped(waiting, ({ spec }) => sweepOf(session.state, spec))) {
    const verdict = sweep && !sweep.apart ? verdictOf(sweep, tasks) : 'apart';
    if (verdict === 'apart' && sweep) {
      apart.add(sweep);
    }
    for (const { spec } of verdict === 'apart' ? those : verdict.released) {
      released.add(spec.name);
    }
    for (const [task, model] of verdict === 'apart' ? [] : verdict.models) {
      models.set(task.spec.name, model);
    }
  }
  const noted = mapTasks(withApart(session, apart), task => {
    const { alike: _waited, ...rest } = task;
    const model = models.get(task.spec.name);
    return released.has(task.spec.name) ? rest : model ? like(rest, model) : task;
  });
  const next = [...models.keys()].reduce((known, name) => withMore(known, name, time), noted);
  return { session: next, commands: inspect(next, ({ spec }) => released.has(spec.name)) };
}

/** The session in which a task turned out not to be like those that were inspected: each of its sweep is. */
export function withoutLikeness(session: ISession, { spec }: TaskState): ISession {
  const sweep = sweepOf(session.state, spec);
  const next = mapTasks(withApart(session, new Set(sweep ? [sweep] : [])), task => {
    if (task.alike !== 'assumed' || task.spec.sweep !== spec.sweep || task.status !== 'ready') {
      return task;
    }
    const { inspection: _other, verdicts: _all, ...rest } = task;
    return { ...rest, status: 'inspecting', alike: 'waits' };
  });
  return withStaleProfile(next);
}

function verdictOf(
  { spec: { name, space } }: SweepState,
  tasks: readonly TaskState[]
): 'apart' | { released: TaskState[]; models: Map<TaskState, TaskState> } {
  const hard = Object.keys(space).filter(parameter => !isSoft(space[parameter]!));
  const points = tasks.filter(({ spec }) => isPointOf(spec, name));
  const classes = [...grouped(points, task => classKey(task, hard)).values()];
  const pairs = classes.map(members => members.filter(isBuilt)).filter(built => built.length > 1);
  const isAlone = points.some(({ inspection }) => inspection?.native !== undefined || inspection?.onDevice);
  if (isAlone || pairs.some(built => built.some(task => essence(task) !== essence(built[0]!)))) {
    return 'apart';
  }
  let isProven = pairs.length > 0;
  const released: TaskState[] = [];
  const models = new Map<TaskState, TaskState>();
  for (const members of classes) {
    const those = members.filter(isWaiting);
    const model = members.find(isBuilt);
    const looked = members.filter(task => isBuilt(task) || isLookedAt(task)).length;
    if (model && pairs.length > 0) {
      for (const task of those) {
        models.set(task, model);
      }
      continue;
    }
    // Two of one kind are enough to see; of each other, the first stands for all.
    const wanted = isProven || looked + those.length < 2 ? 1 : 2;
    isProven ||= wanted === 2;
    const [first = those[0]] = members.filter(task => !isWaiting(task));
    const order =
      looked > 0 ? leastLike(those, first) : [...those.slice(0, 1), ...leastLike(those.slice(1), first)];
    released.push(...order.slice(0, Math.max(0, wanted - looked)));
  }
  return { released, models };
}

/** Some points, those first that share the fewest values with another: in a grid, its neighbours share all but one. */
function leastLike(points: readonly TaskState[], other: TaskState | undefined): TaskState[] {
  const shared = ({ spec: { params } }: TaskState): number =>
    Object.keys(params).filter(name => params[name] === other?.spec.params[name]).length;
  return [...points].sort((a, b) => shared(a) - shared(b));
}

/** Whether a parameter may be one that decides nothing of how a task is built: fractions, not whole numbers or words. */
function isSoft(dimension: Dimension): boolean {
  return 'values' in dimension
    ? dimension.values.every(value => typeof value === 'number') &&
        dimension.values.some(value => !Number.isInteger(value))
    : !dimension.whole;
}

function isWaiting({ status, alike }: TaskState): boolean {
  return status === 'inspecting' && alike === 'waits';
}

function isLookedAt({ status, alike }: TaskState): boolean {
  return status === 'inspecting' && alike === undefined;
}

/** Whether a task was inspected itself, and what was found is of use to others. */
function isBuilt({ status, alike, inspection, unlike }: TaskState): boolean {
  const isOver = status !== 'inspecting' && status !== 'invalid';
  return isOver && !alike && !unlike && inspection !== undefined && !inspection.partial;
}

/** Equal of tasks that are the same but for the parameters that may decide nothing, by the same code. */
function classKey(
  { spec: { params, payload, world, epochs, steps } }: TaskState,
  hard: readonly string[]
): string {
  const point = Object.fromEntries(hard.map(name => [name, params[name] ?? null]));
  return JSON.stringify([pointKey(point), payload, world, epochs, steps]);
}

function essence({ inspection }: TaskState): string {
  const { warnings: _said, ...rest } = inspection as Inspection;
  return JSON.stringify(rest);
}

function like(task: Omit<TaskState, 'alike'>, { inspection, verdicts }: TaskState): TaskState {
  return {
    ...task,
    status: 'ready',
    alike: 'assumed',
    ...(inspection && { inspection }),
    ...(verdicts && { verdicts })
  };
}

function sweepOf(state: SessionState, spec: TaskSpec): SweepState | undefined {
  return isPointOf(spec, spec.sweep) ? findSweep(state, spec.sweep) : undefined;
}

function withApart(session: ISession, apart: ReadonlySet<SweepState>): ISession {
  return mapSweeps(session, one => (apart.has(one) ? { ...one, apart: true } : one));
}

function grouped<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) {
      group.push(item);
    } else {
      groups.set(key, [item]);
    }
  }
  return groups;
}
