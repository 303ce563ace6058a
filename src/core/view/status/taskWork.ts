import type { SessionState, TaskState } from '../../wire/messages.js';
import { othersIn } from '../format/fusedWords.js';
import {
  endSeconds,
  type IPace,
  measuredCell,
  ownStepSeconds,
  paceOf,
  secondsFor,
  startSeconds
} from './pace.js';
import { segmentSeconds } from './timeLeft.js';

/** Device-seconds that tasks take in all, of those of which that can be told. */
export function weightsOf(tasks: readonly TaskState[], state: SessionState): Map<string, number> {
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
