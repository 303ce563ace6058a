import type { Plan, PlanRequest, PlanTask } from '../wire/messages.js';
import type { IPlanOptions } from './common/planOptions.js';

/** How often the planner is asked: for this rung, for the rest, and for all in one. */
const QUESTIONS = 3;

/**
 * Plan the steps up to a rung that all tasks reach before any goes on, and tell what it costs that they wait there.
 *
 * @param planAtOnce - plans a request whose tasks have no `later` steps.
 */
export async function planInRungs(
  request: PlanRequest,
  options: IPlanOptions,
  planAtOnce: (request: PlanRequest, options: IPlanOptions) => Promise<Plan>
): Promise<Plan> {
  const { seconds } = request.budget;
  const shared: PlanRequest = {
    ...request,
    tasks: request.tasks.map(task => rung(task, task.steps)),
    budget: seconds === undefined ? request.budget : { ...request.budget, seconds: seconds / QUESTIONS }
  };
  const { previous: _followed, ...asked } = shared;
  const silent = { ...options, onProgress: () => undefined };
  const plan = await planAtOnce(shared, options);
  const rest = await planAtOnce(
    { ...asked, explain: false, tasks: request.tasks.flatMap(task => laterOnly(task)) },
    silent
  );
  const whole = await planAtOnce(
    {
      ...asked,
      explain: false,
      tasks: request.tasks.map(task => rung(task, task.steps + (task.later ?? 0)))
    },
    silent
  );
  const makespan = plan.makespan + rest.makespan;
  // What waits at the rung could as well not.
  return { ...plan, early: { makespan, without: Math.min(makespan, whole.makespan) } };
}

/** A task up to a rung; beyond it, as many of its steps are likely as before. */
function rung({ later: _later, likely, ...task }: PlanTask, steps: number): PlanTask {
  const all = Math.max(1, task.steps);
  return { ...task, steps, ...(likely !== undefined && { likely: (likely * steps) / all }) };
}

/** What is left of a task at the rung, where nothing runs; wishes for times are those of the whole. */
function laterOnly(task: PlanTask): PlanTask[] {
  const { later, running: _there, earliestStart: _start, deadline: _end, ...rest } = task;
  return later === undefined ? [] : [rung(rest, later)];
}
