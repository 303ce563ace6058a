import { isPaused } from '../../../src/core/model/sweepTasks.js';
import { awaitsNodes, isInCluster } from '../../../src/core/session/nodes.js';
import { isActive } from '../../../src/core/session/session.js';
import { stretchesLeft } from '../../../src/core/session/stretches.js';
import type { SessionState } from '../../../src/core/wire/messages.js';
import type { SessionHarness } from './sessionHarness.js';

/** Devices that tasks train on, or are about to: one as often as it is used by a task, or by a run of several. */
export function devicesInUse({ tasks }: SessionState): string[] {
  const runs = new Set<string>();
  return tasks.filter(isActive).flatMap(task => {
    const { fusion } = task.attempts.at(-1)!;
    if (fusion !== undefined) {
      const isKnown = runs.has(fusion);
      runs.add(fusion);
      if (isKnown) {
        return [];
      }
    }
    const groups = [task.attempts.at(-1)!, ...(task.next ? [task.next] : [])];
    return [...new Set(groups.flatMap(keysOf))];
  });
}

function keysOf({ node = '', devices = [] }: { node?: string; devices?: string[] }): string[] {
  return devices.map(id => `${node} ${id}`);
}

/**
 * Devices that do nothing although the plan has a task next there, on these alone, that waits: from when a run has a plan to
 * follow. And, while nothing is news, tasks that wait and that no plan has.
 */
export function idleBesideWork({ session }: SessionHarness): string[] {
  const { state, news } = session;
  const { plan: planned, goal, run, planning, probing } = state;
  const isBegun = run !== undefined && run.endedAt === undefined;
  if (goal !== 'run' || !planned || (planning && !isBegun) || awaitsNodes(state)) {
    return [];
  }
  const trials = state.trials.filter(({ status }) => status !== 'queued').flatMap(keysOf);
  const taken = new Set([...devicesInUse(state), ...trials]);
  const known = new Set(planned.plan.unplanned.map(({ task }) => task));
  const idle: string[] = [];
  for (const { segment } of stretchesLeft(state, planned.plan)) {
    if (!isInCluster(state, segment.node)) {
      continue;
    }
    const { task: name } = segment;
    const devices = keysOf(segment);
    const status = state.tasks.find(({ spec }) => spec.name === name)?.status;
    if (status === 'ready' && !known.has(name) && devices.every(id => !taken.has(id))) {
      idle.push(...devices);
    }
    known.add(name);
    for (const id of devices) {
      taken.add(id);
    }
  }
  const isSettled = planned.fresh && !planning && !probing && news.length === 0;
  const forgotten = state.tasks
    .filter(task => task.status === 'ready' && !isPaused(task) && !known.has(task.spec.name))
    .map(({ spec }) => spec.name);
  return isSettled ? [...idle, ...forgotten] : idle;
}
