import type { TaskStatus } from '../../core/wire/messages.js';
import type { ISessionModel } from '../session/tokens.js';

/** What the user may ask of a session. */
export type Action = 'profile' | 'plan' | 'run' | 'stop';

const STARTABLE: ReadonlySet<TaskStatus> = new Set(['inspecting', 'ready', 'stopped', 'failed']);
const ACTIVE: ReadonlySet<TaskStatus> = new Set(['starting', 'running', 'stopping']);

/** Whether an action makes sense now. */
export function isPossible(action: Action, view: ISessionModel.IView): boolean {
  const { state, connected, pending } = view;
  if (!state || !connected || pending.has(action)) {
    return false;
  }
  // What a rule has given up goes on only when it is named.
  const some = (statuses: ReadonlySet<TaskStatus>) =>
    state.tasks.some(({ status, givenUp }) => statuses.has(status) && !(givenUp && status === 'stopped'));
  switch (action) {
    case 'profile':
    case 'plan':
      return state.goal === 'none' && some(STARTABLE);
    case 'run':
      return state.goal !== 'run' && some(STARTABLE);
    case 'stop':
      return state.goal !== 'none' || some(ACTIVE);
  }
}
