import type { SessionState, TaskState } from '../wire/messages.js';
import { isPaused } from './sweepTasks.js';

/** What may be asked of some tasks of a session. */
export type TaskOrder = 'run' | 'stop' | 'resume' | 'retry' | 'clone' | 'wish' | 'remove';

/**
 * Why an order makes no sense for a task: what the task is (`removing`: being taken out; `wanted`: trained already, or
 * waiting for its turn).
 */
export type Obstacle =
  | 'removing'
  | 'finished'
  | 'failed'
  | 'invalid'
  | 'stopped'
  | 'stopping'
  | 'wanted'
  | 'not-failed';

/** Why the engine refuses an order for a task; undefined when it does not. */
export function refusalOf(
  order: TaskOrder,
  { status, removing }: Pick<TaskState, 'status' | 'removing'>
): Obstacle | undefined {
  if (removing === true && order !== 'remove' && order !== 'wish') {
    return 'removing';
  }
  switch (order) {
    case 'stop':
    case 'resume':
      return status === 'finished' || status === 'failed' || status === 'invalid' ? status : undefined;
    case 'retry':
      return status === 'failed' || status === 'invalid' ? undefined : 'not-failed';
    case 'wish':
      return status === 'finished' ? status : undefined;
    case 'run':
    case 'clone':
    case 'remove':
      return undefined;
  }
}

/** Why there is no use in an order for a task: it is refused, or nothing would come of it. */
export function obstacleTo(
  order: TaskOrder,
  task: TaskState,
  { goal, selected }: Pick<SessionState, 'goal' | 'selected'>
): Obstacle | undefined {
  const { status, moving } = task;
  if (task.removing === true) {
    return 'removing';
  }
  const refusal = refusalOf(order, task);
  if (refusal !== undefined) {
    return refusal;
  }
  const isLeaving = status === 'stopping' && moving !== true;
  switch (order) {
    case 'stop':
      return status === 'stopped' ? 'stopped' : isLeaving ? 'stopping' : undefined;
    case 'resume': {
      const joins = goal === 'run' && status === 'ready' && selected?.includes(task.spec.name) === false;
      return status === 'stopped' || isLeaving || joins || isPaused(task) ? undefined : 'wanted';
    }
    case 'run':
      return status === 'finished' || status === 'invalid' ? status : undefined;
    default:
      return undefined;
  }
}
