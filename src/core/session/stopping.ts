import type { TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { lastAttempt } from './session.js';

/** A running task asked to stop has this long to reach a step boundary and save, in seconds. */
export const STOP_GRACE_SECONDS = 60;

/** Have the newest rank group of a task save and leave. */
export function stopGroup(task: TaskState): Command[] {
  const attempt = lastAttempt(task);
  if (!attempt) {
    return [];
  }
  const body = { task: task.spec.name, attempt: attempt.number, graceSeconds: STOP_GRACE_SECONDS };
  return [{ kind: 'stop', node: attempt.node, body }];
}
