import { SaturnError } from '../wire/failure.js';
import type { TaskSpec, TaskState, TaskWishes } from '../wire/messages.js';
import { isSame, trainsTheSame } from './admission.js';
import { withSpent } from './budgets.js';
import type { Command } from './command.js';
import { inspect } from './inspections.js';
import { mayBeLike } from './likePoints.js';
import {
  findTask,
  type ISession,
  type IStep,
  isActive,
  mapTasks,
  withStaleProfile,
  withState
} from './session.js';
import { inspecting, stopGroups, stopInspections, stopTrialsOf } from './stopping.js';
import { tableOf } from './taskTable.js';
import { forgetFailures } from './verdicts.js';

/**
 * A task as it is once its cell is there in new words. What was trained and is trained the same now goes on from its
 * checkpoint: at its last step, it is only evaluated again.
 */
function renewed(old: TaskState, spec: TaskSpec): TaskState {
  const { attempts, checkpointStep, validations } = old;
  return trainsTheSame(old.spec, spec)
    ? {
        ...fresh(spec, old),
        attempts,
        progress: { step: checkpointStep ?? 0 },
        ...(checkpointStep === undefined ? {} : { checkpointStep }),
        ...(validations === undefined ? {} : { validations })
      }
    : fresh(spec, old);
}

/**
 * The session with more tasks, of which nothing is known yet, and those of known names in new words.
 *
 * @param wishes - what is asked of the plan for those that are new.
 */
export function withNew(session: ISession, specs: readonly TaskSpec[], wishes?: TaskWishes): ISession {
  const incoming = new Map(specs.map(spec => [spec.name, spec]));
  const kept = session.state.tasks.map(task => {
    const spec = incoming.get(task.spec.name);
    incoming.delete(task.spec.name);
    return spec ? renewed(task, spec) : task;
  });
  return withState(session, {
    tasks: [...kept, ...[...incoming.values()].map(spec => fresh(spec, { wishes }))]
  });
}

/** A task that nothing has become of yet; what is asked of the plan for its name stays. */
function fresh(spec: TaskSpec, { wishes }: { wishes?: TaskWishes | undefined }): TaskState {
  const step = spec.warmStart?.continues ? spec.warmStart.step : 0;
  return {
    spec,
    status: 'inspecting',
    attempts: [],
    progress: { step },
    ...(step > 0 && { checkpointStep: step }),
    ...(wishes && { wishes })
  };
}

/**
 * Put admitted specs into the session, and have them inspected; a task that is the same already only
 * learns where its notebook is now, and what makes it the better one.
 *
 * @param wishes - as of {@link withNew}.
 */
export function addTasks(session: ISession, all: readonly TaskSpec[], wishes?: TaskWishes): IStep {
  const moved = new Map<string, TaskSpec>();
  for (const spec of all) {
    const old = findTask(session, spec.name);
    if (old && isSame(old, spec)) {
      moved.set(spec.name, spec);
    }
  }
  const at = mapTasks(session, task => {
    const spec = moved.get(task.spec.name);
    return spec === undefined ? task : { ...task, spec };
  });
  return addChanged(
    at,
    all.filter(spec => !moved.has(spec.name)),
    wishes
  );
}

function addChanged(session: ISession, specs: readonly TaskSpec[], wishes?: TaskWishes): IStep {
  if (specs.length === 0) {
    return { session, commands: [] };
  }
  const incoming = new Map(specs.map(spec => [spec.name, spec]));
  const archived = session.state.tasks.filter(task => {
    const spec = incoming.get(task.spec.name);
    return spec && task.attempts.length > 0 && !trainsTheSame(task.spec, spec);
  });
  const names = new Set(specs.map(spec => spec.name));
  const added = withWaiting(withJoined(withNew(withSpent(session, archived), specs, wishes), specs), names);
  const known = forgetFailures(added, hashesOf(session, names));
  const trials = stopTrialsOf(withStaleProfile(known), names);
  return {
    session: trials.session,
    commands: [
      ...stopInspections(inspecting(session, name => names.has(name))),
      ...trials.commands,
      ...(archived.length > 0 ? [archive(archived)] : []),
      ...inspect(trials.session, task => names.has(task.spec.name))
    ]
  };
}

/** The session in which new points of a search are inspected only if nothing can be told of them by others. */
function withWaiting(session: ISession, names: ReadonlySet<string>): ISession {
  return mapTasks(session, task =>
    names.has(task.spec.name) && mayBeLike(session.state, task.spec) ? { ...task, alike: 'waits' } : task
  );
}

/** The session whose run trains the clones of its tasks as well. */
function withJoined(session: ISession, specs: readonly TaskSpec[]): ISession {
  const { selection, state } = session;
  if (state.goal !== 'run' || selection === null) {
    return session;
  }
  const clones = specs.filter(({ cloneOf }) => cloneOf !== undefined && selection.includes(cloneOf));
  return { ...session, selection: [...new Set([...selection, ...clones.map(({ name }) => name)])] };
}

function archive(tasks: readonly TaskState[]): Command {
  return { kind: 'archive', tasks: tasks.map(({ spec }) => spec.name) };
}

function hashesOf({ state }: ISession, names: ReadonlySet<string>): Set<string> {
  return new Set(state.tasks.filter(({ spec }) => names.has(spec.name)).map(({ spec }) => spec.hash));
}

/**
 * The names a selection means.
 *
 * @throws SaturnError `unknown-task`.
 */
export function selectTasks(session: ISession, names: readonly string[] | undefined): string[] {
  const all = session.state.tasks.map(task => task.spec.name);
  const unknown = (names ?? []).filter(name => findTask(session, name) === undefined);
  if (unknown.length > 0) {
    throw new SaturnError({
      code: 'unknown-task',
      message: `There is no task named ${unknown.map(name => `"${name}"`).join(', ')}.`,
      hint: all.length > 0 ? `Tasks are: ${all.join(', ')}.` : 'Define some with %%saturn task.'
    });
  }
  return names ? [...names] : all;
}

/** Take tasks out. What trains is killed first, and saves nothing: its devices are free in a moment. */
export function removeTasks(session: ISession, names: readonly string[]): IStep {
  const gone = new Set(names);
  const kills: Command[] = [];
  const marked = mapTasks(session, task => {
    if (!gone.has(task.spec.name) || !isActive(task)) {
      return task;
    }
    const nowhere = { moving: undefined, pausedAt: undefined };
    const removed: TaskState = { ...task, ...nowhere, status: 'stopping', removing: true };
    kills.push(...stopGroups(session.state, removed));
    return removed;
  });
  const { session: left, commands } = forgetTasks(
    marked,
    names.filter(name => !findTask(marked, name)?.removing)
  );
  return { session: withStaleProfile(left), commands: [...kills, ...commands] };
}

/** Take out what was to be taken out and trains no more. */
export function finishRemovals(session: ISession): IStep {
  if (tableOf(session.state.tasks).removing === 0) {
    return { session, commands: [] };
  }
  const over = session.state.tasks.filter(task => task.removing && !isActive(task));
  return forgetTasks(
    session,
    over.map(({ spec }) => spec.name)
  );
}

/** Forget tasks that do not train. Their folders are archived. */
function forgetTasks(session: ISession, names: readonly string[]): IStep {
  if (names.length === 0) {
    return { session, commands: [] };
  }
  const gone = new Set(names);
  const over = session.state.tasks.filter(task => gone.has(task.spec.name));
  const tasks = session.state.tasks.filter(task => !gone.has(task.spec.name));
  const spent = withSpent(session, over);
  const known = forgetFailures(withState(spent, { tasks }), hashesOf(session, gone));
  const trials = stopTrialsOf(known, gone);
  return {
    session: trials.session,
    commands: [
      ...stopInspections(inspecting(session, name => gone.has(name))),
      ...trials.commands,
      archive(over)
    ]
  };
}
