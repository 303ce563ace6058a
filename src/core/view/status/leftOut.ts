import type { SessionState, Unplanned } from '../../wire/messages.js';

/** Tasks still to be trained that the plan says no strategy can run: nothing trains them. */
export function leftOut(state: SessionState): Unplanned[] {
  const { plan } = state;
  const open = state.tasks.filter(({ status }) => status === 'ready' || status === 'stopped');
  const names = new Set(open.map(task => task.spec.name));
  return plan?.fresh ? plan.plan.unplanned.filter(({ task }) => names.has(task)) : [];
}
