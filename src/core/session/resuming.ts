import { isPaused } from '../model/sweepTasks.js';
import { type Obstacle, refusalOf } from '../model/taskOrders.js';
import { SaturnError } from '../wire/failure.js';
import type { Attempt, TaskState, TaskStatus } from '../wire/messages.js';
import { includeBusyDevices } from './excludedDevices.js';
import { inspectAnew, isUninspected } from './inspections.js';
import {
  findTask,
  type ISession,
  type IStep,
  isResumable,
  isStaying,
  mapTasks,
  withGoal,
  withStaleProfile
} from './session.js';
import { selectTasks } from './tasks.js';
import { forgetFailures } from './verdicts.js';

/** A task of which training is wanted once more: one that waits at a rung, was stopped, is about to be, or has failed; else as it is. */
function resumed(task: TaskState): TaskState {
  if (isPaused(task) && !task.removing) {
    const { pausedAt: _there, ...rest } = task;
    return { ...rest, spared: true, ...(task.status === 'stopping' && { moving: true }) };
  }
  if (task.status === 'stopping') {
    const { givenUp, ...rest } = task;
    return task.moving || task.removing ? task : { ...rest, moving: true, ...(givenUp && { spared: true }) };
  }
  if (!isResumable(task) && task.status !== 'failed') {
    return task;
  }
  const { error: _gone, pausedAt: _left, givenUp, ...rest } = task;
  return {
    ...rest,
    status: 'ready',
    ...(givenUp && { spared: true }),
    ...(task.status === 'failed' && { attempts: forgiven(task.attempts) })
  };
}

/** The attempts of a failed task that is tried again: it is not to fail at once for what became of them. */
function forgiven(attempts: readonly Attempt[]): Attempt[] {
  return attempts.map((attempt, index) =>
    index === attempts.length - 1 ? { ...attempt, retried: true } : attempt
  );
}

/**
 * The tasks to go on with: those named, or all that somebody has stopped. One that trains already is no error: that is what was
 * wanted.
 *
 * @throws SaturnError `unknown-task`, `task-finished`, `task-failed`, `task-invalid` or `nothing-stopped`.
 */
export function selectStopped(session: ISession, names: readonly string[] | undefined): string[] {
  const selected = selectTasks(session, names);
  if (names === undefined) {
    return existing(
      session.state.tasks.filter(isOut).map(({ spec }) => spec.name),
      'nothing-stopped',
      'No task is stopped.'
    );
  }
  for (const name of selected) {
    refuseOver(session, name, 'resume');
  }
  return selected;
}

/**
 * Refuse to stop tasks that are over, all of them. Of several, those that are over are no error: nothing of them trains, as
 * was wanted.
 *
 * @throws SaturnError `unknown-task`, `task-finished`, `task-failed` or `task-invalid`.
 */
export function refuseStop(session: ISession, names: readonly string[]): void {
  const [first] = selectTasks(session, names);
  if (first !== undefined && names.every(name => refusal(session, name, 'stop') !== undefined)) {
    refuseOver(session, first, 'stop');
  }
}

function refuseOver(session: ISession, name: string, order: 'stop' | 'resume'): void {
  const reason = refusal(session, name, order);
  const words = reason && REFUSALS[reason];
  if (words) {
    throw new SaturnError({ code: words.code, message: `"${name}" ${words.is}.`, hint: words.hint });
  }
}

function refusal(session: ISession, name: string, order: 'stop' | 'resume' | 'retry'): Obstacle | undefined {
  const task = findTask(session, name);
  return task && refusalOf(order, task);
}

/**
 * The tasks to try again: those named, or all that failed or could not be built, as when a download did not come.
 *
 * @throws SaturnError `unknown-task`, `not-failed` or `nothing-failed`.
 */
export function selectFailed(session: ISession, names: readonly string[] | undefined): string[] {
  const selected = selectTasks(session, names);
  const failed = selected.filter(name => refusal(session, name, 'retry') === undefined);
  if (names === undefined) {
    return existing(failed, 'nothing-failed', 'No task has failed.');
  }
  const others = selected.filter(name => !failed.includes(name));
  if (others.length > 0) {
    throw new SaturnError({
      code: 'not-failed',
      message: `${others.map(name => `"${name}" (${statusOf(session, name)})`).join(', ')} did not fail.`,
      hint: 'One that was stopped goes on with %saturn resume.'
    });
  }
  return failed;
}

/** These tasks are to be trained, beside what is wanted already; alone when nothing runs. */
export function noteResume(session: ISession, names: readonly string[]): IStep {
  const wanted = new Set(names);
  const whole = inspectAnew(
    includeBusyDevices(session),
    task => wanted.has(task.spec.name) && (isUninspected(task) || task.status === 'invalid')
  );
  const again = mapTasks(withFailedForgotten(whole.session, wanted), task =>
    wanted.has(task.spec.name) ? resumed(task) : task
  );
  const selection =
    session.state.goal === 'run'
      ? session.selection && [...new Set([...session.selection, ...names])]
      : [...names];
  return { ...whole, session: withGoal(withStaleProfile({ ...again, selection }), 'run') };
}

/**
 * Training is wanted: of all tasks that can go on, or of the named ones, which also retries failed ones and goes on with those
 * that a rule has given up, or wait at its rungs. What trains already goes on, wherever it is moved.
 */
export function noteRun(session: ISession, names: readonly string[] | null): ISession {
  const named = new Set(names ?? []);
  const { plan: planned } = session.state;
  const known = new Set(planned?.fresh ? planned.plan.segments.map(({ task }) => task) : []);
  let changed = false;
  const next = mapTasks(withFailedForgotten(session, named), task => {
    const wanted = names === null || named.has(task.spec.name);
    const isOver = task.status === 'failed' || task.givenUp !== undefined || isPaused(task);
    const next = wanted && (names !== null || !isOver) ? resumed(task) : task;
    changed ||= next !== task && !known.has(task.spec.name);
    return next;
  });
  const training = session.state.tasks.filter(task => isStaying(task) || task.moving);
  const selection = names && [...new Set([...names, ...training.map(({ spec }) => spec.name)])];
  const same = JSON.stringify(session.selection) === JSON.stringify(selection);
  const asked: ISession = { ...next, selection };
  // Only a run can try what is over several nodes.
  const more = session.state.wishes?.span !== undefined && session.state.goal !== 'run';
  return withGoal(changed || !same || more ? withStaleProfile(asked) : asked, 'run');
}

/** The session in which nothing is held against tasks that have failed, and are tried again. */
function withFailedForgotten(session: ISession, wanted: ReadonlySet<string>): ISession {
  const failed = session.state.tasks.filter(
    ({ spec, status }) => wanted.has(spec.name) && status === 'failed'
  );
  return forgetFailures(session, new Set(failed.map(({ spec }) => spec.hash)));
}

/** What can be done with a task that is finished. */
export const CLONE_IT = 'To train it further or otherwise, make a clone of it: %saturn help clone.';

const REFUSALS: Partial<Record<Obstacle, { code: string; is: string; hint: string }>> = {
  finished: {
    code: 'task-finished',
    is: 'is finished: nothing of it is left to train',
    hint: CLONE_IT
  },
  failed: { code: 'task-failed', is: 'has failed', hint: 'Try it again with %saturn retry.' },
  invalid: {
    code: 'task-invalid',
    is: 'could not be built',
    hint: 'Correct its cell and run that again. If nothing is wrong with it, have it built again: %saturn retry.'
  }
};

/** Whether somebody has stopped a task, or is about to, and it is to stay out. */
function isOut(task: TaskState): boolean {
  const { status, moving, removing, givenUp } = task;
  const isLeaving = status === 'stopping' && !moving && !removing && !isPaused(task);
  return !givenUp && (status === 'stopped' || isLeaving);
}

function statusOf(session: ISession, name: string): TaskStatus {
  return findTask(session, name)?.status ?? 'invalid';
}

function existing(names: string[], code: string, message: string): string[] {
  if (names.length === 0) {
    throw new SaturnError({ code, message, hint: 'See %saturn status.' });
  }
  return names;
}
