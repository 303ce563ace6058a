import { sharesOf } from '../model/schedule/deviceRuns.js';
import type { SessionState, TaskState } from '../wire/messages.js';
import { type ISession, withState } from './session.js';

/**
 * What training has taken of a budget since it was asked for; device-seconds when no rates are given.
 *
 * @param now - seconds since the epoch.
 * @param rate - of a device-second, by node.
 */
export function spent(state: SessionState, now: number, rate: (node: string) => number = () => 1): number {
  const present = deviceSeconds(state.tasks, state.budgetFrom, now);
  return [...present, ...Object.entries(state.spentBefore ?? {})].reduce(
    (sum, [node, seconds]) => sum + seconds * rate(node),
    0
  );
}

/** The session that keeps in mind what tasks have taken of its budget, as these are to be forgotten. */
export function withSpent(session: ISession, gone: readonly TaskState[]): ISession {
  const { budgetFrom, spentBefore } = session.state;
  if (budgetFrom === undefined) {
    return session;
  }
  const before = { ...spentBefore };
  for (const [node, seconds] of deviceSeconds(gone, budgetFrom)) {
    if (seconds > 0) {
      before[node] = (before[node] ?? 0) + seconds;
    }
  }
  return Object.keys(before).length > 0 ? withState(session, { spentBefore: before }) : session;
}

/** Device-seconds of each attempt of some tasks with its node; those of attempts that are not over only until `now`. */
function deviceSeconds(tasks: readonly TaskState[], from = 0, now?: number): [string, number][] {
  return tasks
    .flatMap(({ attempts }) => attempts)
    .flatMap(attempt => sharesOf(attempt).map(share => ({ ...attempt, ...share })))
    .map(({ requestedAt, endedAt = now ?? requestedAt, devices, node }) => [
      node,
      Math.max(0, endedAt - Math.max(requestedAt, from)) * devices.length
    ]);
}
