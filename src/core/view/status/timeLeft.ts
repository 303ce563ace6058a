import type { Attempt, Segment, SessionState, TaskState, TaskStatus } from '../../wire/messages.js';
import {
  endSeconds,
  type IPace,
  measuredCell,
  ownStepSeconds,
  paceOf,
  placesOf,
  secondsFor,
  startSeconds,
  stepSecondsOf
} from './pace.js';
import { type Outlook, plannedShare, shareOf } from './plannedShare.js';

/** Nothing more is trained of these by the plan there is. */
const OVER: ReadonlySet<TaskStatus> = new Set(['finished', 'failed', 'invalid', 'stopped']);

/**
 * Seconds a running task still needs to its end, by its own pace; by what was measured, at the pace of the run, while it has
 * none of its own. Undefined when neither is known or the task does not run. Where a rule may end it early, it is what is likely.
 *
 * @param now - seconds since the epoch; the time since the last step counts as work done, one step at most.
 */
export function taskTimeLeft(task: TaskState, state: SessionState, now: number): number | undefined {
  const steps = task.inspection?.steps;
  return steps === undefined
    ? undefined
    : attemptTimeLeft(task, state, now, likelySteps(task, state, steps, 'likely'));
}

/** Steps that a task has done when it has trained to one, or is over before. */
function likelySteps(task: TaskState, state: SessionState, until: number, outlook: Outlook): number {
  const share = outlook === 'likely' ? plannedShare(state, task.spec.name) : 1;
  const { step } = task.progress;
  return until > step ? step + share * (until - step) : until;
}

/** Seconds until a running task has done so many of its steps and what follows them. */
function attemptTimeLeft(
  task: TaskState,
  state: SessionState,
  now: number,
  until: number
): number | undefined {
  const attempt = task.attempts.at(-1);
  if (!task.inspection || !attempt || attempt.endedAt !== undefined) {
    return undefined;
  }
  const pace = paceOf(state);
  const cell = measuredCell(state, task.inspection.signature, attempt);
  const known = attempt.fusion === undefined && cell ? stepSecondsOf(cell, pace) : attempt.stepSeconds;
  const step = ownStepSeconds(task, attempt) ?? known;
  if (step === undefined) {
    return undefined;
  }
  const { progress } = task;
  const left = Math.max(0, until - progress.step);
  const since = progress.at === undefined ? 0 : Math.max(0, now - progress.at);
  const ending = endSeconds(cell, pace);
  if (left === 0) {
    return Math.max(0, ending - since);
  }
  return startLeft(attempt, startSeconds(cell, pace), now) + left * step - Math.min(since, step) + ending;
}

/** Seconds until an attempt does its first step. */
function startLeft({ startedAt, requestedAt }: Attempt, usual: number, now: number): number {
  return startedAt === undefined ? Math.max(0, usual - Math.max(0, now - requestedAt)) : 0;
}

/** Seconds until all planned tasks are trained. Undefined without a plan or without anything left to do. */
export function sessionTimeLeft(
  state: SessionState,
  now: number,
  outlook: Outlook = 'likely'
): number | undefined {
  let left: number | undefined;
  for (const seconds of timesLeft(state, now, outlook).values()) {
    left = Math.max(left ?? 0, seconds);
  }
  return left;
}

/**
 * Seconds until each planned task is trained, by name: what runs takes the time it still needs, what waits takes what was
 * measured, at the pace of the run, as soon as its devices are free. Nothing of those that are over.
 */
export function timesLeft(
  state: SessionState,
  now: number,
  outlook: Outlook = 'likely'
): Map<string, number> {
  const pace = paceOf(state);
  const tasks = new Map(state.tasks.map(task => [task.spec.name, task]));
  const free = new Map<string, number>();
  const ends = new Map<string, number>();
  // Tasks that are trained in one run begin together.
  const begun = new Map<string, number>();
  for (const segment of [...(state.plan?.plan.segments ?? [])].sort((a, b) => a.start - b.start)) {
    const task = tasks.get(segment.task);
    if (!task || isOver(task)) {
      continue;
    }
    const attempt = task.attempts.at(-1);
    const until = likelySteps(task, state, attempt?.until ?? task.inspection?.steps ?? 0, outlook);
    const running = ends.has(segment.task) ? undefined : attemptTimeLeft(task, state, now, until);
    const places = [segment, ...(segment.elsewhere ?? [])].flatMap(placesOf);
    const run = segment.fusion === undefined ? undefined : `${segment.fusion} ${segment.start}`;
    const known = run === undefined ? undefined : begun.get(run);
    const start =
      known ??
      places.reduce((last, place) => Math.max(last, free.get(place) ?? 0), ends.get(segment.task) ?? 0);
    if (run !== undefined) {
      begun.set(run, start);
    }
    const end = start + (running ?? segmentSeconds(segment, task, state, pace, outlook));
    ends.set(segment.task, end);
    for (const place of places) {
      free.set(place, Math.max(free.get(place) ?? 0, end));
    }
  }
  for (const task of state.tasks) {
    const { name } = task.spec;
    const seconds = ends.has(name) || isOver(task) ? undefined : taskTimeLeft(task, state, now);
    if (seconds !== undefined) {
      ends.set(name, seconds);
    }
  }
  return ends;
}

function isOver({ status, moving }: TaskState): boolean {
  return OVER.has(status) || (status === 'stopping' && !moving);
}

/** Seconds a stretch of the plan takes, at the pace of the run; as planned where nothing was measured of it. */
export function segmentSeconds(
  segment: Segment,
  task: TaskState,
  state: SessionState,
  pace: IPace,
  outlook: Outlook
): number {
  const { signature } = task.inspection ?? {};
  const share = shareOf(segment);
  const steps = (outlook === 'likely' ? share : 1) * segment.steps;
  const { start, end, overheadSeconds = 0 } = segment;
  const training = (end - start - overheadSeconds) / (outlook === 'likely' ? 1 : share);
  return (
    (signature === undefined ? undefined : secondsFor(state, signature, { ...segment, steps }, pace)) ??
    (overheadSeconds + training) * pace.stretch
  );
}
