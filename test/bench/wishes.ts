import { mulberry32 } from '../../src/core/planner/common/random.js';
import type { Fusion, PlanRequest, PlanTask } from '../../src/core/wire/messages.js';
import type { IWorkload } from './problemGenerator.js';

/** What fused tasks take of what they would one after the other. */
const FUSED = 0.7;

/** About how long the tasks take together, all devices busy; in seconds. */
function lengthOf({ tasks, cluster }: PlanRequest): number {
  const least = ({ steps, options }: PlanTask) =>
    Math.min(...options.map(({ strategy, stepSeconds }) => strategy.devices * steps * stepSeconds));
  const devices = cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
  return tasks.reduce((sum, task) => sum + least(task), 0) / devices;
}

/** At most so many runs at once. */
export function atMost(count: number, { request }: IWorkload): PlanRequest {
  return { ...request, limits: { concurrent: count } };
}

/** Half of the tasks are there from some time on, within the first half of the plan. */
export function withReleases({ request }: IWorkload): PlanRequest {
  const random = mulberry32(request.seed);
  const length = lengthOf(request);
  const tasks = request.tasks.map((task, i) =>
    i % 2 === 0 ? task : { ...task, earliestStart: 0.5 * length * random() }
  );
  return { ...request, tasks };
}

/** Every third task is due some time within the plan. */
export function withDeadlines({ request }: IWorkload): PlanRequest {
  const random = mulberry32(request.seed);
  const length = lengthOf(request);
  const tasks = request.tasks.map((task, i) => {
    const soonest = Math.min(...task.options.map(({ stepSeconds }) => task.steps * stepSeconds));
    return i % 3 === 0 ? { ...task, deadline: 1.5 * soonest + length * (0.3 + 0.7 * random()) } : task;
  });
  return { ...request, tasks };
}

/** Tasks of a sweep may train fused, two at a time or three. */
export function withFusions({ request }: IWorkload): PlanRequest {
  const bySweep = new Map<string, PlanTask[]>();
  for (const task of request.tasks) {
    const sweep = task.name.replace(/-\d+$/, '');
    bySweep.set(sweep, [...(bySweep.get(sweep) ?? []), task]);
  }
  const fused = (tasks: PlanTask[]): Fusion => ({
    tasks: tasks.map(({ name }) => name),
    options: tasks[0]!.options.map(option => ({
      ...option,
      stepSeconds: option.stepSeconds * (1 + FUSED * (tasks.length - 1))
    }))
  });
  const fusions = [...bySweep.values()].flatMap(tasks => [
    ...tasks.flatMap((one, i) => tasks.slice(i + 1).map(other => fused([one, other]))),
    ...tasks.slice(2).map((_, i) => fused(tasks.slice(i, i + 3)))
  ]);
  return { ...request, fusions };
}
