import { DIVERGED } from '../model/divergence.js';
import { BY_LOSS } from '../model/metricGoal.js';
import { metricValue } from '../model/metricName.js';
import { isPointOf } from '../model/sweepTasks.js';
import type { Argument, Criterion, KnownPoint, SweepSpec, TaskState, Validation } from '../wire/messages.js';

/** By what the points of a sweep are compared. */
export function searchedBy({ by = BY_LOSS }: Pick<SweepSpec, 'by'>): Criterion {
  return by;
}

/** What has come of the points of a sweep so far, in the order in which they were made. Clones of its tasks are none. */
export function knownPoints(sweep: SweepSpec, tasks: readonly TaskState[]): KnownPoint[] {
  const { metric } = searchedBy(sweep);
  return tasks
    .filter(({ spec }) => isPointOf(spec, sweep.name))
    .map(task => ({ params: paramsOf(sweep, task), ...outcome(task, metric) }));
}

function paramsOf({ space }: SweepSpec, { spec }: TaskState): Record<string, Argument> {
  return Object.fromEntries(Object.entries(spec.params).filter(([name]) => Object.hasOwn(space, name)));
}

/**
 * What came of a task. What says nothing of how good its point is counts as one that trains: others keep away from it, and
 * nothing more is made of it.
 */
function outcome(task: TaskState, metric: string): Omit<KnownPoint, 'params'> {
  const { status, result, error, givenUp, attempts } = task;
  if (status === 'finished') {
    const value = metricValue(result ?? {}, metric);
    return value === undefined
      ? { state: 'running' }
      : { state: 'complete', ...(value !== null && { value }) };
  }
  if (error?.code === DIVERGED) {
    return { state: 'stopped' };
  }
  if (status === 'failed' || status === 'invalid') {
    return { state: attempts.at(-1)?.blameless ? 'running' : 'failed' };
  }
  const last = status === 'stopped' ? lastValue(task, metric) : undefined;
  if (!last) {
    return { state: givenUp ? 'stopped' : 'running' };
  }
  return { state: 'stopped', step: last.step, ...(last.value !== null && { value: last.value }) };
}

/** What was told last of a task that was trained in part. */
function lastValue(
  { rungs = [], validations = [] }: TaskState,
  metric: string
): { step: number; value: number | null } | undefined {
  const seen = validations.flatMap(({ step, metrics }: Validation) => {
    const value = metricValue({ metrics }, metric);
    return value === undefined ? [] : [{ step, value }];
  });
  return [...seen, ...rungs].reduce<{ step: number; value: number | null } | undefined>(
    (last, one) => (last && last.step > one.step ? last : one),
    undefined
  );
}
