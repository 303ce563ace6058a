import { isMeasuredFor } from '../model/deviceModels.js';
import { likelyShare } from '../model/likelyShare.js';
import { strategyKey } from '../model/strategy.js';
import type { Fusion, PlanOption, PlanRequest, PlanTask, Segment, SessionState } from '../wire/messages.js';
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
  for (const run of runsOf(request, stretches)) {
    const { segment } = run[0]!;
    const option = optionOf(request, tasks, run);
    const keys = deviceKeys(segment);
    if (option === undefined || !keys.every(device => free.has(device))) {
      continue;
    }
    const own = run.map(({ segment: { task: name, fusion }, until }) => {
      const task = tasks.get(name)!;
      const others = pending.get(name)! - 1;
      pending.set(name, others);
      const remaining = left.get(name)!;
      const steps = others === 0 ? remaining : Math.max(0, until - (task.steps + done(name)) + remaining);
      left.set(name, remaining - steps);
      const goesOn = task.running !== undefined && !idle.has(name);
      return { name, fusion, steps, goesOn, others, from: idle.get(name) ?? 0 };
    });
    const start = Math.max(...keys.map(device => free.get(device)!), ...own.map(({ from }) => from));
    const overheadSeconds =
      (own.every(({ goesOn }) => goesOn) ? 0 : option.startSeconds) +
      (own.some(({ others }) => others > 0) ? (option.stopSeconds ?? 0) : 0);
    const likely = Math.max(...own.map(({ name, steps }) => likelyShare([tasks.get(name)!]) * steps));
    const end = start + overheadSeconds + likely * option.stepSeconds;
    for (const [index, { name, steps }] of own.entries()) {
      const { likely: _, ...place } = run[index]!.segment;
      segments.push({ ...place, start, end, steps, overheadSeconds });
      idle.set(name, end);
    }
    for (const device of keys) {
      free.set(device, end);
    }
  }
  return segments;
}

/** Stretches in their order, those of tasks that are, or are to be, one run together. What is not asked for is left out. */
function runsOf(
  { tasks, fusions = [] }: Pick<PlanRequest, 'tasks' | 'fusions'>,
  stretches: readonly IStretch[]
): IStretch[][] {
  const asked = new Set(tasks.map(({ name }) => name));
  const fused = new Map<string, IStretch[]>();
  const runs: IStretch[][] = [];
  for (const stretch of stretches) {
    const { task, fusion } = stretch.segment;
    const known = fusion === undefined ? undefined : fused.get(fusion);
    if (asked.has(task) && known) {
      known.push(stretch);
    } else if (asked.has(task)) {
      const run = [stretch];
      runs.push(run);
      if (fusion !== undefined) {
        fused.set(fusion, run);
      }
    }
  }
  return runs.map(run => renamed(run, fusions));
}

/** A run as the request calls it: of its tasks some may be gone since it was planned. */
function renamed(run: readonly IStretch[], fusions: readonly Fusion[]): IStretch[] {
  const name =
    run.length > 1 ? (fusionOf(run, fusions)?.tasks.join('+') ?? run[0]!.segment.fusion) : undefined;
  return run.map(({ segment: { fusion: _, ...segment }, until }) => ({
    until,
    segment: { ...segment, ...(name !== undefined && { fusion: name }) }
  }));
}

function fusionOf(run: readonly IStretch[], fusions: readonly Fusion[]): Fusion | undefined {
  const names = new Set(run.map(({ segment }) => segment.task));
  return fusions.find(({ tasks }) => tasks.length === names.size && tasks.every(name => names.has(name)));
}

/** How a run goes: one that trains as it does, one of several that is to begin as the request says of just these tasks. */
function optionOf(
  { fusions = [] }: Pick<PlanRequest, 'fusions'>,
  tasks: ReadonlyMap<string, PlanTask>,
  run: readonly IStretch[]
): PlanOption | undefined {
  const { segment } = run[0]!;
  const task = tasks.get(segment.task)!;
  const trains = task.running?.fusion !== undefined && task.running.fusion === segment.fusion;
  const options = run.length === 1 || trains ? task.options : (fusionOf(run, fusions)?.options ?? []);
  const key = strategyKey(segment.strategy);
  return options.find(
    ({ strategy, ...places }) => strategyKey(strategy) === key && isMeasuredFor(places, segment)
  );
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
