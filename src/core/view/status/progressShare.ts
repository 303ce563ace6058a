import { isPaused } from '../../model/sweepTasks.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { othersIn } from '../format/fusedWords.js';
import { leftOut } from './leftOut.js';
import {
  endSeconds,
  type IPace,
  measuredCell,
  ownStepSeconds,
  paceOf,
  secondsFor,
  startSeconds
} from './pace.js';
import { plannedShare } from './plannedShare.js';
import { segmentSeconds } from './timeLeft.js';

/** What is not all done is never told to be. */
const NEARLY = 0.999;

const shares = new WeakMap<SessionState, number | undefined>();

/**
 * How much of the session is trained, from 0 to 1: each task by the device time it takes in all, with what those in training
 * have done; steps that are not likely to be made count as little. Tasks that failed, cannot be built or are left out count no
 * more, nor do those that the run under way is not of, as they were not chosen or were stopped; of those that a rule has given
 * up, what they did is all there was.
 * 1 only when all others are trained; undefined when there are none.
 */
export function progressShare(state: SessionState): number | undefined {
  if (!shares.has(state)) {
    shares.set(state, shareOf(state));
  }
  return shares.get(state);
}

function shareOf(state: SessionState): number | undefined {
  const counted = countedTasks(state);
  if (counted.length === 0) {
    return undefined;
  }
  if (counted.every(task => task.status === 'finished' || isGivenUp(task))) {
    return 1;
  }
  const weights = weightsOf(counted, state);
  const known = [...weights.values()];
  const usual = known.length === 0 ? 1 : known.reduce((sum, weight) => sum + weight, 0) / known.length;
  let all = 0;
  let done = 0;
  for (const task of counted) {
    const weight = weights.get(task.spec.name) ?? usual;
    const share = taskShare(task);
    const rest = isGivenUp(task) || isPaused(task) ? 0 : plannedShare(state, task.spec.name) * (1 - share);
    all += weight * (share + rest);
    done += weight * share;
  }
  return Math.min(NEARLY, all > 0 ? done / all : 0);
}

/** Whether a rule has ended a task: what it has done is all that there was to do. */
function isGivenUp({ status, givenUp }: TaskState): boolean {
  return status === 'stopped' && givenUp !== undefined;
}

/** How much of its steps a task has done, from 0 to 1: 1 only when it is trained. */
export function taskShare({ status, progress, inspection }: TaskState): number {
  if (status === 'finished') {
    return 1;
  }
  return inspection && inspection.steps > 0
    ? Math.min(NEARLY, Math.max(0, progress.step) / inspection.steps)
    : 0;
}

function countedTasks(state: SessionState): TaskState[] {
  const out = new Set(leftOut(state).map(({ task }) => task));
  const selected = state.selected === undefined ? undefined : new Set(state.selected);
  return state.tasks.filter(({ spec: { name }, status, givenUp }) => {
    const waits = status === 'ready' || status === 'stopped' || status === 'inspecting';
    return (
      status !== 'failed' &&
      status !== 'invalid' &&
      !out.has(name) &&
      !(status === 'stopped' && state.goal === 'run' && !givenUp) &&
      !(waits && selected !== undefined && !selected.has(name))
    );
  });
}

/** Device-seconds that tasks take in all, of those of which that can be told. */
function weightsOf(tasks: readonly TaskState[], state: SessionState): Map<string, number> {
  const pace = paceOf(state);
  const planned = plannedWork(state, pace);
  const best = new Map<string, number | undefined>();
  const weights = new Map<string, number>();
  for (const task of tasks) {
    const weight =
      runWork(task, state, pace) ?? planned.get(task.spec.name) ?? cheapestWork(task, state, pace, best);
    if (weight !== undefined && weight > 0) {
      weights.set(task.spec.name, weight);
    }
  }
  return weights;
}

/** Of a task as it trains, or was trained last. */
function runWork(task: TaskState, state: SessionState, pace: IPace): number | undefined {
  const attempt = task.attempts.at(-1);
  if (!attempt || !task.inspection) {
    return undefined;
  }
  const { signature, steps } = task.inspection;
  const own = ownStepSeconds(task, attempt);
  const cell = measuredCell(state, signature, attempt);
  const seconds =
    own === undefined
      ? secondsFor(state, signature, { ...attempt, steps }, pace)
      : startSeconds(cell, pace) + own * steps + endSeconds(cell, pace);
  const tasks = 1 + othersIn(state.tasks, attempt);
  return seconds === undefined ? undefined : (seconds * attempt.strategy.devices) / tasks;
}

/** Of the tasks of the plan; of one that goes on, what it has done counts as much for each step as what is left. */
function plannedWork(state: SessionState, pace: IPace): Map<string, number> {
  const tasks = new Map(state.tasks.map(task => [task.spec.name, task]));
  const sums = new Map<string, { work: number; steps: number }>();
  const fused = new Map<string | undefined, number>();
  for (const { fusion } of state.plan?.plan.segments ?? []) {
    fused.set(fusion, fusion === undefined ? 1 : (fused.get(fusion) ?? 0) + 1);
  }
  for (const segment of state.plan?.plan.segments ?? []) {
    const task = tasks.get(segment.task);
    if (task) {
      const sum = sums.get(segment.task) ?? { work: 0, steps: 0 };
      const devices = [segment, ...(segment.elsewhere ?? [])].reduce(
        (number, { devices }) => number + devices.length,
        0
      );
      sums.set(segment.task, {
        work:
          sum.work +
          (segmentSeconds(segment, task, state, pace, 'most') * devices) / (fused.get(segment.fusion) ?? 1),
        steps: sum.steps + segment.steps
      });
    }
  }
  return new Map(
    [...sums].map(([name, { work, steps }]) => {
      const all = tasks.get(name)?.inspection?.steps ?? steps;
      return [name, steps > 0 ? (work * all) / steps : work];
    })
  );
}

/** Of a task that has no plan: by whichever strategy takes least. */
function cheapestWork(
  { inspection }: TaskState,
  state: SessionState,
  pace: IPace,
  known: Map<string, number | undefined>
): number | undefined {
  if (!inspection) {
    return undefined;
  }
  const { signature, steps, feasibility } = inspection;
  const key = `${signature}\n${steps}`;
  if (!known.has(key)) {
    const works = feasibility.flatMap(({ strategy, feasible }) => {
      const seconds = feasible ? secondsFor(state, signature, { strategy, steps }, pace) : undefined;
      return seconds === undefined ? [] : [seconds * strategy.devices];
    });
    known.set(key, works.length > 0 ? Math.min(...works) : undefined);
  }
  return known.get(key);
}
