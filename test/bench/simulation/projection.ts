import { strategyKey } from '../../../src/core/model/strategy.js';
import type { PlanRequest, Segment } from '../../../src/core/wire/messages.js';
import type { IItem } from './eventQueue.js';

/**
 * What is left of a plan, its times from now on by present estimates: everything in the plan's order, as soon as the
 * devices and its task are free. What has become impossible is left out.
 *
 * @param done - steps a task has done by now.
 */
export function project(
  request: PlanRequest,
  items: readonly IItem[],
  done: (task: string) => number
): Segment[] {
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const left = new Map(request.tasks.map(task => [task.name, task.steps]));
  const totals = new Map(request.tasks.map(task => [task.name, task.steps + done(task.name)]));
  const pending = new Map<string, number>();
  for (const { segment } of items) {
    pending.set(segment.task, (pending.get(segment.task) ?? 0) + 1);
  }
  const free = new Map<string, number>();
  for (const node of request.cluster.nodes) {
    for (const { id } of node.devices) {
      free.set(JSON.stringify([node.id, id]), 0);
    }
  }
  const idle = new Map<string, number>();
  const segments: Segment[] = [];
  for (const { segment, until } of items) {
    const { task: name, strategy, node, devices } = segment;
    const task = tasks.get(name);
    const key = strategyKey(strategy);
    const option = task?.options.find(candidate => strategyKey(candidate.strategy) === key);
    const keys = devices.map(device => JSON.stringify([node, device]));
    if (task === undefined || option === undefined || !keys.every(device => free.has(device))) {
      continue;
    }
    const others = pending.get(name)! - 1;
    pending.set(name, others);
    const goesOn = task.running !== undefined && !idle.has(name);
    const remaining = left.get(name)!;
    const steps = others === 0 ? remaining : Math.max(0, until - totals.get(name)! + remaining);
    left.set(name, remaining - steps);
    const start = keys.reduce((latest, device) => Math.max(latest, free.get(device)!), idle.get(name) ?? 0);
    const overheadSeconds = (goesOn ? 0 : option.startSeconds) + (others > 0 ? (option.stopSeconds ?? 0) : 0);
    const end = start + overheadSeconds + steps * option.stepSeconds;
    segments.push({ ...segment, start, end, steps, overheadSeconds });
    idle.set(name, end);
    for (const device of keys) {
      free.set(device, end);
    }
  }
  return segments;
}
