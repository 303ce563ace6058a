import { SaturnError } from '../wire/failure.js';
import type { TaskSpec, TaskState } from '../wire/messages.js';
import { isUninspected } from './inspections.js';
import { findTask, type ISession, isActive, isFailedInTrial } from './session.js';

/** What adding specs would do. */
export interface IAdmission {
  readonly added: readonly TaskSpec[];
  readonly replaced: readonly TaskSpec[];
  readonly unchanged: readonly TaskSpec[];
}

/**
 * Decide what to do with new task specs. The same name with the same hash is left alone, unless
 * it could not be built, tried or evaluated (what it lacked may be there now) or its inspection was stopped;
 * running a cell again replaces its own tasks as long as they were not trained otherwise, and whatever never
 * could be built gives way to its correction.
 *
 * @throws SaturnError `duplicate-task`, `task-running`, `being-removed` or `already-trained`; nothing is added then.
 */
export function admit(session: ISession, specs: readonly TaskSpec[], replace: boolean): IAdmission {
  const admission = { added: [] as TaskSpec[], replaced: [] as TaskSpec[], unchanged: [] as TaskSpec[] };
  const seen = new Set<string>();
  refuseRemoved(
    session,
    specs.map(({ name }) => name)
  );
  for (const spec of specs) {
    if (seen.has(spec.name)) {
      throw new SaturnError({
        code: 'duplicate-task',
        message: `The name "${spec.name}" occurs twice in one request.`,
        hint: 'Give each task of a sweep its own values.'
      });
    }
    seen.add(spec.name);
    const old = findTask(session, spec.name);
    if (!old) {
      admission.added.push(spec);
    } else if (isSame(old, spec)) {
      admission.unchanged.push(spec);
    } else if (old.spec.hash === spec.hash) {
      admission.replaced.push(spec);
    } else {
      refuseReplacement(old, spec, replace);
      admission.replaced.push(spec);
    }
  }
  return admission;
}

/** Whether a spec asks for what a task is already: it keeps what it has been through. */
export function isSame(old: TaskState, spec: TaskSpec): boolean {
  return old.spec.hash === spec.hash && !isUnfinished(old);
}

/** @throws SaturnError `being-removed`: nothing can be asked of a task that is being taken out. */
export function refuseRemoved(session: ISession, names: readonly string[]): void {
  const removed = names.filter(name => findTask(session, name)?.removing);
  if (removed.length > 0) {
    throw new SaturnError({
      code: 'being-removed',
      message: `${removed.map(name => `"${name}"`).join(', ')} is being removed.`,
      hint: 'It is gone in a moment; then its name is free.'
    });
  }
}

function refuseReplacement(old: TaskState, spec: TaskSpec, replace: boolean): void {
  const name = spec.name;
  if (isActive(old)) {
    throw new SaturnError({
      code: 'task-running',
      message: `"${name}" is being trained with other code or settings.`,
      hint: 'Stop it first with %saturn stop, or rename the function.'
    });
  }
  const sameCell = spec.origin !== undefined && spec.origin === old.spec.origin;
  const correction = old.status === 'invalid';
  if (!replace && !sameCell && !correction) {
    throw new SaturnError({
      code: 'duplicate-task',
      message: `A task named "${name}" exists already, with other code or settings.`,
      hint: 'Rename the function, or add --replace to put this one in its place.'
    });
  }
  if (!replace && old.attempts.length > 0 && !trainsTheSame(old.spec, spec)) {
    throw new SaturnError({
      code: 'already-trained',
      message: `"${name}" was already trained (${old.status}) with other code or settings.`,
      hint: 'Add --replace to archive that result and train again, or rename the function.'
    });
  }
}

/** Whether two specs end with the same weights: what one has trained the other need not train again. */
export function trainsTheSame(a: TaskSpec, b: TaskSpec): boolean {
  return (a.trainingHash ?? a.hash) === (b.trainingHash ?? b.hash);
}

/** Whether specs of the same hash differ in what is no part of it: where the notebook is, what is best. */
export function isRestated(a: TaskSpec, b: TaskSpec): boolean {
  const { metric, goal } = a.best ?? {};
  return a.world !== b.world || metric !== b.best?.metric || goal !== b.best?.goal;
}

/** Whether a task lacks something that its own cell, run again, may find this time. */
function isUnfinished(task: TaskState): boolean {
  return (
    task.status === 'invalid' ||
    isFailedInTrial(task) ||
    isUninspected(task) ||
    (task.status === 'finished' && task.result?.evaluationError !== undefined)
  );
}
