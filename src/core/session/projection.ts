import { isMeasuredFor } from '../model/deviceModels.js';
import { likelyShare } from '../model/likelyShare.js';
import { strategyKey } from '../model/strategy.js';
import type { PlanRequest, Segment, SessionState } from '../wire/messages.js';
import { deviceKey, deviceKeys } from './plannedCluster.js';
import { comingAttempt } from './session.js';
import { type IStretch, stretchesLeft, targetStep } from './stretches.js';
import { taskNamed } from './taskTable.js';

/**
 * What is left of a plan, its times from now on by present estimates: everything in the plan's order, as soon as the
 * devices and its task are free. What has become impossible is left out.
 *
 * @param stretches - in the plan's order, those first that run already.
 * @param done - steps a task has done by now.
 */
export function project(
  request: PlanRequest,
  stretches: readonly IStretch[],
  done: (task: string) => number
): Segment[] {
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const left = new Map(request.tasks.map(task => [task.name, task.steps]));
  const pending = new Map<string, number>();
  for (const { segment } of stretches) {
    pending.set(segment.task, (pending.get(segment.task) ?? 0) + 1);
  }
  const free = new Map<string, number>();
  for (const node of request.cluster.nodes) {
    for (const { id } of node.devices) {
      free.set(deviceKey(node.id, id), 0);
    }
  }
  const idle = new Map<string, number>();
  const segments: Segment[] = [];
  for (const { segment, until } of stretches) {
    const { task: name, strategy } = segment;
    const task = tasks.get(name);
    const key = strategyKey(strategy);
    const option = task?.options.find(
      candidate => strategyKey(candidate.strategy) === key && isMeasuredFor(candidate, segment)
    );
    const keys = deviceKeys(segment);
    if (task === undefined || option === undefined || !keys.every(device => free.has(device))) {
      continue;
    }
    const others = pending.get(name)! - 1;
    pending.set(name, others);
    const goesOn = task.running !== undefined && !idle.has(name);
    const remaining = left.get(name)!;
    const total = task.steps + done(name);
    const steps = others === 0 ? remaining : Math.max(0, until - total + remaining);
    left.set(name, remaining - steps);
    const start = keys.reduce((latest, device) => Math.max(latest, free.get(device)!), idle.get(name) ?? 0);
    const overheadSeconds = (goesOn ? 0 : option.startSeconds) + (others > 0 ? (option.stopSeconds ?? 0) : 0);
    const end = start + overheadSeconds + likelyShare([task]) * steps * option.stepSeconds;
    const { likely: _, ...place } = segment;
    segments.push({ ...place, start, end, steps, overheadSeconds });
    idle.set(name, end);
    for (const device of keys) {
      free.set(device, end);
    }
  }
  return segments;
}

/** What is left of the plan that a session follows, as the plan before the one that is asked for. */
export function planLeft(state: SessionState, request: PlanRequest): Segment[] {
  if (!state.plan) {
    return [];
  }
  const running = request.tasks.flatMap(({ name, running }): IStretch[] => {
    const task = taskNamed(state.tasks, name);
    const until = task && (comingAttempt(task)?.until ?? targetStep(task));
    return running && until !== undefined
      ? [{ segment: { task: name, ...running, start: 0, end: 0, steps: 0 }, until }]
      : [];
  });
  const steps = new Map(request.tasks.map(task => [task.name, task.steps]));
  return project(
    request,
    [...running, ...stretchesLeft(state, state.plan.plan)],
    name => targetStep(taskNamed(state.tasks, name)!) - (steps.get(name) ?? 0)
  );
}
