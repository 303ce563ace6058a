import { mulberry32, type Random } from '../../src/core/planner/common/random.js';
import type { PlanOption, PlanRequest, PlanTask, Segment } from '../../src/core/wire/messages.js';

/** Seconds to start a task anew, checkpoint included. */
const RESTART = 60;

/** Steps of every task, so that what is left of one can be told. */
const STEPS = 1000;

/** When the plan is made anew, as a share of its makespan. */
const MOMENT = 0.3;

/** Share of the tasks that the user stops until then. */
const STOPPED = 0.1;

/** Standard deviation of the logarithm of true over estimated step times. */
const ERROR = 0.1;

/** A generated question whose tasks have many steps and cost something to start. */
export function withSteps(request: PlanRequest): PlanRequest {
  const option = (one: PlanOption): PlanOption => ({
    ...one,
    stepSeconds: one.stepSeconds / STEPS,
    startSeconds: RESTART
  });
  return {
    ...request,
    tasks: request.tasks.map(task => ({ ...task, steps: STEPS, options: task.options.map(option) }))
  };
}

/**
 * The question some time after a plan was begun: tasks ran faster or slower than estimated, some were stopped, what
 * runs has been measured.
 */
export function replanCase(request: PlanRequest, segments: readonly Segment[], seed: number): PlanRequest {
  const random = mulberry32(seed);
  const moment = MOMENT * segments.reduce((latest, { end }) => Math.max(latest, end), 0);
  const free = new Map<string, number>();
  const previous: Segment[] = [];
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const left: PlanTask[] = [];
  for (const segment of [...segments].sort((a, b) => a.start - b.start)) {
    const error = Math.exp(ERROR * normal(random));
    const stopped = random() < STOPPED;
    const keys = segment.devices.map(device => `${segment.node} ${device}`);
    const start = Math.max(0, ...keys.map(key => free.get(key) ?? 0));
    const duration = RESTART + (segment.end - segment.start - RESTART) * error;
    for (const key of keys) {
      free.set(key, start + duration);
    }
    const task = tasks.get(segment.task)!;
    if (stopped || start + duration <= moment) {
      continue;
    }
    if (start >= moment) {
      left.push(task);
      previous.push({ ...segment, start: segment.start - moment, end: segment.end - moment });
      continue;
    }
    const steps = Math.min(STEPS, Math.ceil(((start + duration - moment) / (duration - RESTART)) * STEPS));
    const chosen = ({ strategy }: PlanOption) =>
      strategy.technique === segment.strategy.technique && strategy.devices === segment.strategy.devices;
    const options = task.options.map(one =>
      chosen(one) ? { ...one, stepSeconds: one.stepSeconds * error } : one
    );
    const { strategy, node, devices } = segment;
    left.push({ ...task, steps, options, running: { strategy, node, devices } });
    const end = steps * options.find(chosen)!.stepSeconds;
    previous.push({ ...segment, start: 0, end, steps, overheadSeconds: 0 });
  }
  const earliest = (segment: Segment) => ({ ...segment, start: Math.max(0, segment.start) });
  return { ...request, tasks: left, previous: previous.map(earliest), switches: 'running' };
}

function normal(random: Random): number {
  const u = Math.max(random(), 1e-12);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random());
}
