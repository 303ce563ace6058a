import { CONSTRAINTS } from '../../model/constraints/constraints.js';
import { assertCount, assertMeasure, assertUnique, badRequest } from '../../model/requestAssertions.js';
import { sharesOf } from '../../model/schedule/deviceRuns.js';
import { placeKey, runningOption } from '../../model/schedule/taskHistory.js';
import { strategyKey, strategyLabel } from '../../model/strategy.js';
import type { Fusion, PlanOption, PlanRequest, PlanTask } from '../../wire/messages.js';

/**
 * Refuse a question that has no meaning: numbers that are not finite or negative, names used twice, running tasks
 * on devices that do not exist or are taken, constraints about what is not there.
 *
 * @throws SaturnError `bad-plan-request`.
 */
export function assertRequest(request: PlanRequest): void {
  assertUnique(
    request.cluster.nodes.map(node => node.id),
    'node'
  );
  for (const node of request.cluster.nodes) {
    assertUnique(
      node.devices.map(device => device.id),
      `device of node "${node.id}"`
    );
  }
  assertUnique(
    request.tasks.map(task => task.name),
    'task'
  );
  assertCount(request.seed, 'The seed');
  const { seconds, iterations } = request.budget;
  if (seconds !== undefined) {
    assertMeasure(seconds, 'The search budget in seconds');
  }
  if (iterations !== undefined) {
    assertCount(iterations, 'The search budget in iterations');
  }
  let work = 0;
  for (const task of request.tasks) {
    work += assertTask(task);
  }
  for (const fusion of request.fusions ?? []) {
    work += assertFusion(request, fusion);
  }
  if (!Number.isFinite(work)) {
    throw badRequest('The tasks together take longer than a number can tell.');
  }
  for (const constraint of CONSTRAINTS) {
    constraint.assert(request);
  }
  assertRunning(request);
}

/** Check one task's numbers; returns the device-seconds of its most expensive option. */
function assertTask(task: PlanTask): number {
  const which = () => `Task "${task.name}":`;
  assertCount(task.steps, 'the number of steps', which);
  assertMeasure(task.weight ?? 1, 'the weight', which);
  const { steps, likely = steps } = task;
  assertMeasure(likely, 'the number of steps that are likely to be made', which);
  if (likely > steps || (likely === 0 && steps > 0)) {
    throw badRequest(
      `${which()} ${likely} of its ${steps} steps cannot be those that are likely to be made.`
    );
  }
  return assertOptions(task.options, task.steps, `Task "${task.name}"`);
}

/** Check how something may run; returns the device-seconds of the most expensive way. */
function assertOptions(options: PlanOption[], steps: number, owner: string): number {
  let most = 0;
  const known = new Map<string, PlanOption[]>();
  for (const option of options) {
    const { strategy, stepSeconds, startSeconds, stopSeconds = 0, span = 1, peakBytes = 0 } = option;
    const which = () => `${owner}, ${strategyLabel(strategy)}:`;
    assertCount(strategy.devices, 'the device count', which);
    if (strategy.devices === 0) {
      throw badRequest(`${which()} a strategy needs at least one device.`);
    }
    assertMeasure(stepSeconds, 'the seconds per step', which);
    assertMeasure(startSeconds, 'the seconds to start', which);
    assertMeasure(stopSeconds, 'the seconds to stop', which);
    assertMeasure(peakBytes, 'the memory', which);
    assertCount(span, 'the number of nodes', which);
    if (span === 0 || strategy.devices % span !== 0) {
      throw badRequest(`${which()} ${strategy.devices} devices cannot be spread evenly over ${span} nodes.`);
    }
    most = Math.max(most, (startSeconds + steps * stepSeconds + stopSeconds) * strategy.devices);
    const key = strategyKey(strategy);
    const others = known.get(key);
    if (others === undefined) {
      known.set(key, [option]);
    } else if (others.some(other => overlap(option, other))) {
      throw badRequest(
        `There are two entries "${key}" for one strategy of ${owner[0]!.toLowerCase()}${owner.slice(1)}.`
      );
    } else {
      others.push(option);
    }
  }
  return most;
}

/** Whether one segment could be of either option of a strategy. */
function overlap(a: PlanOption, b: PlanOption): boolean {
  if ((a.span ?? 1) !== (b.span ?? 1)) {
    return false;
  }
  const nodes = a.nodes ?? b.nodes;
  return nodes === undefined
    ? !isApart(a, b)
    : nodes.some(node => (b.nodes?.includes(node) ?? true) && !isApart(a, b, node));
}

/** Whether options are for different devices of a node, or of all nodes of which they say for which. */
function isApart(a: PlanOption, b: PlanOption, node?: string): boolean {
  const own = (option: PlanOption) =>
    option.among?.filter(share => node === undefined || share.node === node) ?? [];
  const keys = new Set(own(a).flatMap(share => share.devices.map(id => JSON.stringify([share.node, id]))));
  return (
    keys.size > 0 &&
    own(b).length > 0 &&
    own(b).every(share => share.devices.every(id => !keys.has(JSON.stringify([share.node, id]))))
  );
}

/** Check one fusion; returns the device-seconds of its most expensive option. */
function assertFusion(request: PlanRequest, { tasks, options }: Fusion): number {
  const owner = `Fusion of ${tasks.join(', ')}`;
  if (tasks.length < 2) {
    throw badRequest(`${owner}: fewer than two tasks cannot be fused.`);
  }
  assertUnique(tasks, 'fusion');
  let steps = 0;
  for (const name of tasks) {
    const task = request.tasks.find(candidate => candidate.name === name);
    if (task === undefined) {
      throw badRequest(`${owner}: task "${name}" is not among those to plan.`);
    }
    steps = Math.max(steps, task.steps);
  }
  const key = (names: string[]) => [...names].sort().join('\n');
  if (request.fusions!.filter(other => key(other.tasks) === key(tasks)).length > 1) {
    throw badRequest(`${owner} is listed twice.`);
  }
  return assertOptions(options, steps, owner);
}

function assertRunning(request: PlanRequest): void {
  const holder = new Map<string, PlanTask>();
  for (const task of request.tasks) {
    const { name, running, options } = task;
    if (running === undefined) {
      continue;
    }
    const shares = sharesOf(running);
    const count = shares.reduce((sum, { devices }) => sum + devices.length, 0);
    if (count !== running.strategy.devices) {
      throw badRequest(`Task "${name}" runs as ${strategyLabel(running.strategy)} on ${count} devices.`);
    }
    if (!options.some(option => strategyKey(option.strategy) === strategyKey(running.strategy))) {
      throw badRequest(
        `Task "${name}" runs as ${strategyLabel(running.strategy)}, whose speed is not among its options.`
      );
    }
    for (const { node: id, devices } of shares) {
      const node = request.cluster.nodes.find(candidate => candidate.id === id);
      if (node === undefined) {
        throw badRequest(`Task "${name}" runs on node "${id}", which is not in the cluster.`);
      }
      for (const device of devices) {
        if (!node.devices.some(candidate => candidate.id === device)) {
          throw badRequest(`Task "${name}" runs on device "${device}", which node "${id}" does not have.`);
        }
        const key = JSON.stringify([id, device]);
        const other = holder.get(key);
        if (other !== undefined && !isOneRun(other, task)) {
          throw badRequest(
            `Tasks "${other.name}" and "${name}" both run on device "${device}" of node "${id}".`
          );
        }
        holder.set(key, task);
      }
    }
  }
}

/** Whether two tasks that run are fused in one run: in the same place, at the same speed. */
function isOneRun(a: PlanTask, b: PlanTask): boolean {
  return (
    a.running?.fusion !== undefined &&
    b.running !== undefined &&
    placeKey(a.running) === placeKey(b.running) &&
    runningOption(a)?.stepSeconds === runningOption(b)?.stepSeconds
  );
}
