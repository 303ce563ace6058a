import { isPaused } from '../../model/sweepTasks.js';
import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';

/** What people tell states of tasks apart by, when they look for some; in the order in which they are offered. */
export const STATUS_GROUPS = ['failed', 'training', 'waiting', 'stopped', 'given-up', 'trained'] as const;

export type StatusGroup = (typeof STATUS_GROUPS)[number];

/** The group of a task's status. */
export function statusGroup(task: TaskState): StatusGroup {
  const { status, moving, givenUp } = task;
  if (givenUp) {
    return 'given-up';
  }
  if (isPaused(task)) {
    return 'waiting';
  }
  switch (status) {
    case 'failed':
    case 'invalid':
      return 'failed';
    case 'starting':
    case 'running':
      return 'training';
    case 'stopping':
      return moving === true ? 'training' : 'stopped';
    case 'inspecting':
    case 'ready':
      return 'waiting';
    case 'stopped':
      return 'stopped';
    case 'finished':
      return 'trained';
  }
}

/** How many tasks there are of each group. */
export function statusCounts(tasks: readonly TaskState[]): Record<StatusGroup, number> {
  const counts = { failed: 0, training: 0, waiting: 0, stopped: 0, 'given-up': 0, trained: 0 };
  for (const task of tasks) {
    counts[statusGroup(task)] += 1;
  }
  return counts;
}

/** A group in a person's words. */
export function statusGroupWords(group: StatusGroup, trans: ITranslation): string {
  switch (group) {
    case 'failed':
      return trans.__('Failed');
    case 'training':
      return trans.__('Training');
    case 'waiting':
      return trans.__('Waiting');
    case 'stopped':
      return trans.__('Stopped');
    case 'given-up':
      return trans.__('Given up');
    case 'trained':
      return trans.__('Trained');
  }
}
