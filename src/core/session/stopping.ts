import type { Failure, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { type ISession, lastAttempt, withNotice, withState } from './session.js';

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

/** The session that begins nothing more by itself; what runs goes on. */
export function withoutGoal(session: ISession, time: number): ISession {
  const { run, trials } = session.state;
  return withState(
    { ...session, full: false },
    {
      goal: 'none',
      planning: false,
      probing: false,
      trials: trials.filter(trial => trial.status === 'running'),
      ...(run && run.endedAt === undefined ? { run: { ...run, endedAt: time } } : {})
    }
  );
}

/** Code of the error by which an agent refuses devices that another session holds. */
export const DEVICE_BUSY = 'device-busy';

/** Another session holds a device: nothing more is begun until the user asks again. */
export function noteBusy(session: ISession, error: Failure, time: number): ISession {
  const idle = withoutGoal(session, time);
  // Groups that start together are refused in the same words.
  return idle.state.notices.at(-1)?.message === error.message ? idle : withNotice(idle, error);
}
