import type { SessionState, Unplanned } from '../wire/generated/types.js';

/** Tasks that are ready, but that the plan says no strategy can run: nothing trains them. */
export function leftOut(state: SessionState): Unplanned[] {
  const { plan } = state;
  const ready = new Set(state.tasks.filter(task => task.status === 'ready').map(task => task.spec.name));
  return plan?.fresh ? plan.plan.unplanned.filter(({ task }) => ready.has(task)) : [];
}
