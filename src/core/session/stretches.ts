import { derived } from '../model/derived.js';
import { placeKey } from '../model/schedule/taskHistory.js';
import type { Plan, Segment, SessionState, TaskState } from '../wire/messages.js';
import { deviceKeys } from './plannedCluster.js';
import { comingAttempt, isActive, isHeld, isStaying } from './session.js';
import { taskNamed } from './taskTable.js';

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
      const { steps, likely = steps } = before.segment;
      const isSure = before.segment.likely === undefined && segment.likely === undefined;
      stretches[index!] = {
        until,
        segment: {
          ...before.segment,
          end: segment.end,
          steps: steps + segment.steps,
          ...(!isSure && { likely: likely + (segment.likely ?? segment.steps) })
        }
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

/** A stretch of a plan that is followed. */
export interface IPlannedStretch {
  readonly segment: Segment;
  /** Steps its task is still to do when it is over; none or fewer after the last. */
  readonly stepsAfter: number;
}

/** What a plan has its tasks and devices do. */
export interface IDispatchLists {
  /** All of it, in the order of the plan. */
  readonly stretches: readonly IPlannedStretch[];
  /** Places in it of what each device is to do, by its key, in that order. */
  readonly byDevice: ReadonlyMap<string, readonly number[]>;
  /** Likewise of each task, by its name. */
  readonly byTask: ReadonlyMap<string, readonly number[]>;
  /** Likewise of each run of several tasks. */
  readonly byFusion: ReadonlyMap<string, readonly number[]>;
}

/** What there is to do by a plan, worked out once for it. */
export const dispatchLists = derived(({ segments }: Plan): IDispatchLists => {
  const planned = new Map<string, number>();
  for (const { task, steps } of segments) {
    planned.set(task, (planned.get(task) ?? 0) + steps);
  }
  const byDevice = new Map<string, number[]>();
  const byTask = new Map<string, number[]>();
  const byFusion = new Map<string, number[]>();
  const note = (lists: Map<string, number[]>, key: string, place: number): void => {
    const list = lists.get(key);
    if (list) {
      list.push(place);
    } else {
      lists.set(key, [place]);
    }
  };
  const stretches = stretchesOf(segments, task => -planned.get(task)!).map(({ segment, until }) => ({
    segment,
    stepsAfter: -until
  }));
  stretches.forEach(({ segment }, place) => {
    note(byTask, segment.task, place);
    if (segment.fusion !== undefined) {
      note(byFusion, segment.fusion, place);
    }
    for (const key of deviceKeys(segment)) {
      note(byDevice, key, place);
    }
  });
  return { stretches, byDevice, byTask, byFusion };
});

/** What a stretch still is of the plan that a session follows; undefined when nothing of it is left to do. */
export function stretchLeft(
  { segment, stepsAfter }: IPlannedStretch,
  task: TaskState | undefined
): IStretch | undefined {
  if (task === undefined || isHeld(task) || !(task.status === 'ready' || isActive(task))) {
    return undefined;
  }
  const target = targetStep(task);
  const until = target - stepsAfter;
  const isLeft = until > doneBy(task) || (task.status === 'ready' && until >= target);
  return isLeft ? { segment, until } : undefined;
}

/** Whether nothing that rank groups tell can make a stretch one that is to begin. */
export function isOver({ stepsAfter }: IPlannedStretch, task: TaskState | undefined): boolean {
  return (
    task === undefined ||
    task.status === 'finished' ||
    (stepsAfter > 0 && (task.checkpointStep ?? 0) >= targetStep(task) - stepsAfter)
  );
}

/**
 * What is left to do of the plan that a session follows, in its order, each task's stretches up to its last step. What a
 * task that trains does now is not in it.
 */
export function stretchesLeft({ tasks }: Pick<SessionState, 'tasks'>, plan: Plan): IStretch[] {
  return dispatchLists(plan).stretches.flatMap(
    stretch => stretchLeft(stretch, taskNamed(tasks, stretch.segment.task)) ?? []
  );
}

/** Steps that a task has done when it next waits: all, when nothing in the plan makes it stop before. */
function doneBy(task: TaskState): number {
  return isStaying(task) ? (comingAttempt(task)?.until ?? Infinity) : (task.checkpointStep ?? 0);
}
