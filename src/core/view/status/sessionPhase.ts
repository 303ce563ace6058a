import type { SessionState, TaskStatus } from '../../wire/messages.js';

/**
 * Where a session stands: no task is defined, or none of them can be built; they are looked at, measured and planned; they train; training was stopped
 * before all was done; or all is over.
 */
export type SessionPhase = 'define' | 'prepare' | 'train' | 'stopped' | 'done';

/** What comes next, as a user is to be offered it. */
export type NextStep = 'define' | 'measure' | 'plan' | 'train' | 'continue' | 'stop' | 'retry' | 'compare';

const TRAINING: ReadonlySet<TaskStatus> = new Set(['starting', 'running', 'stopping']);
const OPEN: ReadonlySet<TaskStatus> = new Set(['inspecting', 'ready', 'stopped']);

/** Where a session stands. */
export function sessionPhase(state: SessionState): SessionPhase {
  const { tasks, goal } = state;
  if (goal !== 'run' && tasks.every(({ status }) => status === 'invalid')) {
    return 'define';
  }
  const some = (statuses: ReadonlySet<TaskStatus>): boolean =>
    tasks.some(({ status }) => statuses.has(status));
  if (goal === 'run' || some(TRAINING)) {
    return 'train';
  }
  const begun = tasks.some(({ attempts }) => attempts.length > 0);
  return tasks.some(({ status, givenUp }) => OPEN.has(status) && !givenUp)
    ? begun
      ? 'stopped'
      : 'prepare'
    : 'done';
}

/** The one thing to do next. */
export function nextStep(state: SessionState): NextStep {
  const { goal, tasks, cells, plan } = state;
  switch (sessionPhase(state)) {
    case 'define':
      return 'define';
    case 'train':
      return 'stop';
    case 'stopped':
      return goal === 'none' ? 'continue' : 'stop';
    case 'done':
      return tasks.some(({ status }) => status === 'failed') ? 'retry' : 'compare';
    case 'prepare':
      return goal !== 'none'
        ? 'stop'
        : plan?.fresh
          ? 'train'
          : cells.some(({ status }) => status === 'ok')
            ? 'plan'
            : 'measure';
  }
}
