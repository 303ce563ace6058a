import { isEqual } from './equality.js';
import { SaturnError } from './failure.js';
import { judgedOfChange, withJudged, withoutVerdicts } from './judged.js';
import type {
  CellsChange,
  PlanState,
  Segment,
  SessionState,
  StateChange,
  TaskState,
  TasksChange,
  TrialsChange
} from './messages.js';

/** Members of an object in the place of what they were; null where one is there no more. */
type Patch<T> = { [K in keyof T]?: T[K] | null };

/** How a list has become another one; see the schema's `TasksChange`. */
interface IListChange<T> {
  keep?: number[][];
  put?: { at: number; entry: T }[];
  patch?: { at: number; patch: Patch<T> }[];
}

/** Members that a change tells in ways of their own. */
const APART: ReadonlySet<string> = new Set(['rev', 'tasks', 'cells', 'trials']);
const PLAN_APART: ReadonlySet<string> = new Set(['plan']);
const SEGMENTS_APART: ReadonlySet<string> = new Set(['segments']);

/**
 * What makes one state of a session of another. States of one engine share what is the same in them: what is identical
 * is not looked into, so that the work is that of what has changed.
 */
export function stateChange(before: SessionState, after: SessionState): StateChange {
  const isPlanned = before.plan !== undefined && after.plan !== undefined;
  const change = {
    session: memberPatch(before, after, isPlanned ? new Set([...APART, 'plan']) : APART),
    ...(before.plan && after.plan && planChange(before.plan, after.plan)),
    tasks: listChange(before.tasks, after.tasks, taskName) as TasksChange | undefined,
    cells: listChange(before.cells, after.cells) as CellsChange | undefined,
    trials: listChange(before.trials, after.trials) as TrialsChange | undefined
  };
  const { tasks } = change;
  const judged = tasks && judgedOfChange(tasks, after.tasks);
  const apart = judged ? { ...change, tasks: tasksWithoutVerdicts(tasks), judged } : change;
  const told = Object.entries(apart).filter(([, part]) => part !== undefined);
  return { base: before.rev, rev: after.rev, ...(Object.fromEntries(told) as Partial<StateChange>) };
}

/** What makes one plan of another: where it was made anew, most tasks are to be trained as before, at other times. */
function planChange(before: PlanState, after: PlanState): Partial<Record<keyof StateChange, object>> {
  const [old, made] = [before.plan, after.plan];
  return {
    plan: memberPatch(before, after, PLAN_APART),
    planned: old === made ? undefined : memberPatch(old, made, SEGMENTS_APART),
    segments: listChange(old.segments, made.segments, segmentName)
  };
}

/**
 * The state that a change makes of another. What has not changed in it is identical to what was there before.
 *
 * @throws SaturnError `bad-change` when it is the change of another state.
 */
export function withChange(before: SessionState, change: StateChange): SessionState {
  if (change.base !== before.rev) {
    throw badChange();
  }
  const { session = {}, plan, planned, segments, tasks = {}, cells = {}, trials = {} } = change;
  const next = patched(before, session as Patch<SessionState>);
  const isReplanned = plan !== undefined || planned !== undefined || segments !== undefined;
  if (isReplanned && !next.plan) {
    throw badChange();
  }
  const listed = withListChange(before.tasks, tasks as IListChange<TaskState>);
  return {
    ...next,
    rev: change.rev,
    tasks: change.judged ? withJudged(listed, change.judged, badChange) : listed,
    cells: withListChange(before.cells, cells),
    trials: withListChange(before.trials, trials),
    ...(isReplanned && next.plan && { plan: withPlanChange(next.plan, change) })
  };
}

function withPlanChange(before: PlanState, { plan = {}, planned, segments }: StateChange): PlanState {
  const next = patched(before, plan as Patch<PlanState>);
  if (!planned && !segments) {
    return next;
  }
  const list = withListChange(next.plan.segments, (segments ?? {}) as IListChange<Segment>);
  return { ...next, plan: { ...patched(next.plan, planned ?? {}), segments: list } };
}

/** What is other in an object; undefined when nothing is. */
function memberPatch<T extends object>(
  before: T,
  after: T,
  without?: ReadonlySet<string>
): Patch<T> | undefined {
  const patch: Patch<T> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof T & string>) {
    if (!without?.has(key) && !isEqual(before[key], after[key])) {
      patch[key] = after[key] === undefined ? null : after[key];
    }
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

function patched<T extends object>(before: T, patch: Patch<T>): T {
  const members = Object.entries({ ...before, ...patch });
  return Object.fromEntries(members.filter(([key]) => patch[key as keyof T] !== null)) as T;
}

/**
 * How a list has become another one; undefined when it is the same.
 *
 * @param nameOf - what an entry keeps while it changes; when absent, one that changes is another one.
 */
function listChange<T extends object>(
  before: readonly T[],
  after: readonly T[],
  nameOf?: (entry: T) => string
): IListChange<T> | undefined {
  if (before === after) {
    return undefined;
  }
  const places = new Map(before.map((entry, place) => [entry, place]));
  const named = new Map(nameOf && before.map((entry, place) => [nameOf(entry), place]));
  const keep: [number, number][] = [];
  const put: { at: number; entry: T }[] = [];
  const patch: { at: number; patch: Patch<T> }[] = [];
  for (const [at, entry] of after.entries()) {
    const place =
      places.get(entry) ?? (nameOf ? named.get(nameOf(entry)) : isEqual(before[at], entry) ? at : undefined);
    const old = place === undefined ? undefined : before[place];
    if (place === undefined || !old) {
      put.push({ at, entry });
      continue;
    }
    const last = keep.at(-1);
    if (last && last[0] + last[1] === place) {
      last[1] += 1;
    } else {
      keep.push([place, 1]);
    }
    const other = old === entry ? undefined : memberPatch(old, entry);
    if (other) {
      patch.push({ at, patch: other });
    }
  }
  const stays =
    before.length === 0 || (keep.length === 1 && keep[0]?.[0] === 0 && keep[0][1] === before.length);
  const change = {
    ...(!stays && { keep }),
    ...(put.length > 0 && { put }),
    ...(patch.length > 0 && { patch })
  };
  return Object.keys(change).length > 0 ? change : undefined;
}

function withListChange<T extends object>(before: T[], { keep, put = [], patch = [] }: IListChange<T>): T[] {
  if (!keep && put.length === 0 && patch.length === 0) {
    return before;
  }
  const kept = keep ? keep.flatMap(([first, count]) => run(before, first, count)) : before;
  const next: T[] = [];
  let taken = 0;
  for (const { at, entry } of put) {
    const between = run(kept, taken, at - next.length);
    taken += between.length;
    next.push(...between, entry);
  }
  next.push(...kept.slice(taken));
  for (const { at, patch: other } of patch) {
    const old = next[at];
    if (!old) {
      throw badChange();
    }
    next[at] = patched(old, other);
  }
  return next;
}

/** So many entries from one on; all of them must be there. */
function run<T>(list: readonly T[], first = 0, count = 0): T[] {
  const entries = list.slice(first, first + count);
  if (count < 0 || entries.length !== count) {
    throw badChange();
  }
  return entries;
}

function tasksWithoutVerdicts({ put, patch, ...rest }: TasksChange): TasksChange {
  return {
    ...rest,
    ...(put && { put: put.map(({ at, entry }) => ({ at, entry: withoutVerdicts(entry) })) }),
    ...(patch && { patch: patch.map(({ at, patch: other }) => ({ at, patch: withoutVerdicts(other) })) })
  };
}

const taskName = ({ spec }: TaskState): string => spec.name;
const segmentName = ({ task }: Segment): string => task;

function badChange(): SaturnError {
  return new SaturnError({
    code: 'bad-change',
    message: 'What has changed in the session is told of another state than the one that is known here.',
    hint: 'The whole state is asked for by itself.'
  });
}
