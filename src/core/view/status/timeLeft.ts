import { strategyKey } from '../../model/strategy.js';
import type { SessionState, TaskState } from '../../wire/messages.js';

/**
 * Seconds a running task still needs, by its step time; the profile's while it has none of its own.
 * Undefined when neither is known or the task does not run.
 *
 * @param now - seconds since the epoch; the time since the last step counts as work done, one step at most.
 */
export function taskTimeLeft(task: TaskState, state: SessionState, now: number): number | undefined {
  const attempt = task.attempts.at(-1);
  if (!task.inspection || !attempt || attempt.endedAt !== undefined) {
    return undefined;
  }
  const { signature, steps } = task.inspection;
  const key = strategyKey(attempt.strategy);
  const stepSeconds =
    task.progress.stepSeconds ??
    state.cells.find(
      cell => cell.status === 'ok' && cell.signature === signature && strategyKey(cell.strategy) === key
    )?.stepSeconds;
  if (stepSeconds === undefined) {
    return undefined;
  }
  const since = task.progress.at === undefined ? 0 : Math.max(0, now - task.progress.at);
  return Math.max(0, (steps - task.progress.step) * stepSeconds - Math.min(since, stepSeconds));
}

/**
 * Seconds until all planned tasks are trained. Undefined without a plan or without anything left to do.
 */
export function sessionTimeLeft(state: SessionState, now: number): number | undefined {
  const left = [...timesLeft(state, now).values()];
  return left.length === 0 ? undefined : left.reduce((most, seconds) => Math.max(most, seconds), 0);
}

/**
 * Seconds until each planned task is trained, by name: what runs takes the time it still needs, what waits takes its
 * planned time as soon as its devices are free. Nothing of those that are over, or that no plan has.
 */
export function timesLeft(state: SessionState, now: number): Map<string, number> {
  const tasks = new Map(state.tasks.map(task => [task.spec.name, task]));
  const free = new Map<string, number>();
  const left = new Map<string, number>();
  const segments = [...(state.plan?.plan.segments ?? [])].sort((a, b) => a.start - b.start);
  for (const segment of segments) {
    const task = tasks.get(segment.task);
    if (!task || task.status === 'finished' || task.status === 'failed' || task.status === 'invalid') {
      continue;
    }
    const keys = segment.devices.map(device => `${segment.node}/${device}`);
    const start = Math.max(0, ...keys.map(key => free.get(key) ?? 0));
    const end = start + (taskTimeLeft(task, state, now) ?? segment.end - segment.start);
    for (const key of keys) {
      free.set(key, end);
    }
    left.set(segment.task, Math.max(left.get(segment.task) ?? 0, end));
  }
  return left;
}
