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
  const names = new Set(gone.map(({ spec }) => spec.name));
  const left = session.state.tasks.filter(({ spec }) => !names.has(spec.name));
  for (const [node, seconds] of deviceSeconds(gone, budgetFrom, undefined, left)) {
    if (seconds > 0) {
      before[node] = (before[node] ?? 0) + seconds;
    }
  }
  return Object.keys(before).length > 0 ? withState(session, { spentBefore: before }) : session;
}

/**
 * Device-seconds of each run of some tasks with its node; those of runs that are not over only until `now`.
 *
 * @param others - tasks that are counted elsewhere, with what they had of a run in common.
 */
function deviceSeconds(
  tasks: readonly TaskState[],
  from = 0,
  now?: number,
  others: readonly TaskState[] = []
): [string, number][] {
  const counted = new Map<string, number>();
  for (const { fusion, endedAt = Infinity } of others.flatMap(({ attempts }) => attempts)) {
    if (fusion !== undefined) {
      counted.set(fusion, Math.max(counted.get(fusion) ?? 0, endedAt));
    }
  }
  return tasks
    .flatMap(({ attempts }) => attempts)
    .sort((a, b) => a.requestedAt - b.requestedAt)
    .flatMap((attempt): [string, number][] => {
      const { fusion, requestedAt, endedAt = now ?? requestedAt } = attempt;
      const begins = Math.max(requestedAt, from, (fusion !== undefined && counted.get(fusion)) || 0);
      const seconds = Math.max(0, endedAt - begins);
      if (fusion !== undefined) {
        counted.set(fusion, Math.max(begins, endedAt));
      }
      return sharesOf(attempt).map(({ node, devices }) => [node, seconds * devices.length]);
    });
}
