import { placeKey } from '../model/schedule/taskHistory.js';
import type { Plan, Segment, SessionState, TaskState } from '../wire/messages.js';
import { comingAttempt, isActive, isHeld, isStaying } from './session.js';

/** Two times of a plan are the same when they differ by no more than this share of its length. */
const SAME = 1e-9;

/** A stretch of a plan: a task in one place, from one start to one stop. */
export interface IStretch {
  readonly segment: Segment;
  /** Steps its task has done when it is over. */
  readonly until: number;
}

/**
 * A plan as a list of things to do, in its order: segments of a task that follow each other in one place are one.
 *
 * @param from - steps a task has done when the plan is taken up.
 */
export function stretchesOf(segments: readonly Segment[], from: (task: string) => number): IStretch[] {
  const length = segments.reduce((latest, { end }) => Math.max(latest, end), 0);
  const last = new Map<string, number>();
  const stretches: IStretch[] = [];
  for (const segment of [...segments].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const index = last.get(segment.task);
    const before = index === undefined ? undefined : stretches[index]!;
    const until = (before?.until ?? from(segment.task)) + segment.steps;
    if (
      before !== undefined &&
      placeKey(before.segment) === placeKey(segment) &&
      segment.start <= before.segment.end + SAME * length
    ) {
      const { steps } = before.segment;
      stretches[index!] = {
        until,
        segment: { ...before.segment, end: segment.end, steps: steps + segment.steps }
      };
    } else {
      last.set(segment.task, stretches.length);
      stretches.push({ segment, until });
    }
  }
  return stretches;
}

/** Step that a task is planned to reach: its last, or that at which it waits for the others. */
export function targetStep({ inspection, target }: TaskState): number {
  return target ?? inspection?.steps ?? 1;
}

/**
 * What is left to do of the plan that a session follows, in its order, each task's stretches up to its last step. What a
 * task that trains does now is not in it.
 */
export function stretchesLeft(state: SessionState, plan: Plan): IStretch[] {
  const tasks = new Map(state.tasks.map(task => [task.spec.name, task]));
  const planned = new Map<string, number>();
  for (const { task, steps } of plan.segments) {
    planned.set(task, (planned.get(task) ?? 0) + steps);
  }
  const target = (name: string): number => {
    const task = tasks.get(name);
    return task === undefined ? 0 : targetStep(task);
  };
  return stretchesOf(plan.segments, name => target(name) - planned.get(name)!).filter(stretch => {
    const { task: name } = stretch.segment;
    const task = tasks.get(name);
    if (task === undefined || isHeld(task) || !(task.status === 'ready' || isActive(task))) {
      return false;
    }
    return stretch.until > doneBy(task) || (task.status === 'ready' && stretch.until >= target(name));
  });
}

/** Steps that a task has done when it next waits: all, when nothing in the plan makes it stop before. */
function doneBy(task: TaskState): number {
  return isStaying(task) ? (comingAttempt(task)?.until ?? Infinity) : (task.checkpointStep ?? 0);
}
