import { strategyKey, strategyLabel } from '../../model/strategy.js';
import { SaturnError } from '../../wire/failure.js';
import type { Fusion, PlanOption, PlanRequest, PlanTask } from '../../wire/messages.js';

/**
 * Refuse a question that has no meaning: numbers that are not finite or negative, names used twice, running tasks
 * on devices that do not exist or are taken, constraints about what is not there.
 *
 * @throws SaturnError `bad-plan-request`.
 */
export function assertRequest(request: PlanRequest): void {
  unique(
    request.cluster.nodes.map(node => node.id),
    'node'
  );
  for (const node of request.cluster.nodes) {
    unique(
      node.devices.map(device => device.id),
      `device of node "${node.id}"`
    );
  }
  unique(
    request.tasks.map(task => task.name),
    'task'
  );
  count(request.seed, 'The seed');
  const { seconds, iterations } = request.budget;
  if (seconds !== undefined) {
    measure(seconds, 'The search budget in seconds');
  }
  if (iterations !== undefined) {
    count(iterations, 'The search budget in iterations');
  }
  let work = 0;
  for (const task of request.tasks) {
    work += assertTask(task);
    assertConstraints(request, task);
  }
  for (const fusion of request.fusions ?? []) {
    work += assertFusion(request, fusion);
  }
  if (!Number.isFinite(work)) {
    throw bad('The tasks together take longer than a number can tell.');
  }
  assertLimits(request);
  assertRunning(request);
}

/** Check one task's numbers; returns the device-seconds of its most expensive option. */
function assertTask(task: PlanTask): number {
  count(task.steps, 'the number of steps', () => `Task "${task.name}":`);
  return assertOptions(task.options, task.steps, `Task "${task.name}"`);
}

/** Check how something may run; returns the device-seconds of the most expensive way. */
function assertOptions(options: PlanOption[], steps: number, owner: string): number {
  let most = 0;
  const known = new Map<string, PlanOption[]>();
  for (const option of options) {
    const { strategy, stepSeconds, startSeconds, stopSeconds = 0, span = 1, peakBytes = 0 } = option;
    const which = () => `${owner}, ${strategyLabel(strategy)}:`;
    count(strategy.devices, 'the device count', which);
    if (strategy.devices === 0) {
      throw bad(`${which()} a strategy needs at least one device.`);
    }
    measure(stepSeconds, 'the seconds per step', which);
    measure(startSeconds, 'the seconds to start', which);
    measure(stopSeconds, 'the seconds to stop', which);
    measure(peakBytes, 'the memory', which);
    count(span, 'the number of nodes', which);
    if (span === 0 || strategy.devices % span !== 0) {
      throw bad(`${which()} ${strategy.devices} devices cannot be spread evenly over ${span} nodes.`);
    }
    most = Math.max(most, (startSeconds + steps * stepSeconds + stopSeconds) * strategy.devices);
    const key = strategyKey(strategy);
    const others = known.get(key);
    if (others === undefined) {
      known.set(key, [option]);
    } else if (others.some(other => overlap(option, other))) {
      throw bad(
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
  return (
    (a.span ?? 1) === (b.span ?? 1) &&
    (a.nodes === undefined || b.nodes === undefined || a.nodes.some(node => b.nodes!.includes(node)))
  );
}

function assertConstraints(request: PlanRequest, task: PlanTask): void {
  const { name, pin, earliestStart = 0, deadline = 0, weight = 1 } = task;
  const which = () => `Task "${name}":`;
  measure(earliestStart, 'the earliest start', which);
  measure(deadline, 'the deadline', which);
  measure(weight, 'the weight', which);
  if (pin === undefined) {
    return;
  }
  if (pin.devices !== undefined && pin.node === undefined) {
    throw bad(`Task "${name}" is pinned to devices, but not to the node they are of.`);
  }
  const node = request.cluster.nodes.find(candidate => candidate.id === pin.node);
  if (pin.node !== undefined && node === undefined) {
    throw bad(`Task "${name}" is pinned to node "${pin.node}", which is not in the cluster.`);
  }
  for (const device of pin.devices ?? []) {
    if (!node!.devices.some(candidate => candidate.id === device)) {
      throw bad(`Task "${name}" is pinned to device "${device}", which node "${pin.node}" does not have.`);
    }
  }
  unique(pin.devices ?? [], `pin of task "${name}"`);
}

/** Check one fusion; returns the device-seconds of its most expensive option. */
function assertFusion(request: PlanRequest, { tasks, options }: Fusion): number {
  const owner = `Fusion of ${tasks.join(', ')}`;
  if (tasks.length < 2) {
    throw bad(`${owner}: fewer than two tasks cannot be fused.`);
  }
  unique(tasks, 'fusion');
  let steps = 0;
  for (const name of tasks) {
    const task = request.tasks.find(candidate => candidate.name === name);
    if (task === undefined) {
      throw bad(`${owner}: task "${name}" is not among those to plan.`);
    }
    steps = Math.max(steps, task.steps);
  }
  const key = (names: string[]) => [...names].sort().join('\n');
  if (request.fusions!.filter(other => key(other.tasks) === key(tasks)).length > 1) {
    throw bad(`${owner} is listed twice.`);
  }
  return assertOptions(options, steps, owner);
}

function assertLimits({ limits = {}, prices = {}, cluster }: PlanRequest): void {
  if (limits.concurrent !== undefined) {
    count(limits.concurrent, 'The limit of runs at once');
    if (limits.concurrent === 0) {
      throw bad('The limit of runs at once must be at least 1.');
    }
  }
  measure(limits.deviceSeconds ?? 0, 'The limit of device-seconds');
  measure(limits.cost ?? 0, 'The limit of cost');
  for (const [node, price] of Object.entries(prices)) {
    measure(price, `The price of node "${node}"`);
    if (!cluster.nodes.some(({ id }) => id === node)) {
      throw bad(`There is a price for node "${node}", which is not in the cluster.`);
    }
  }
}

function assertRunning(request: PlanRequest): void {
  const holder = new Map<string, string>();
  for (const { name, running, options } of request.tasks) {
    if (running === undefined) {
      continue;
    }
    const node = request.cluster.nodes.find(candidate => candidate.id === running.node);
    if (node === undefined) {
      throw bad(`Task "${name}" runs on node "${running.node}", which is not in the cluster.`);
    }
    if (running.devices.length !== running.strategy.devices) {
      throw bad(
        `Task "${name}" runs as ${strategyLabel(running.strategy)} on ${running.devices.length} devices.`
      );
    }
    if (!options.some(option => strategyKey(option.strategy) === strategyKey(running.strategy))) {
      throw bad(
        `Task "${name}" runs as ${strategyLabel(running.strategy)}, whose speed is not among its options.`
      );
    }
    for (const device of running.devices) {
      if (!node.devices.some(candidate => candidate.id === device)) {
        throw bad(`Task "${name}" runs on device "${device}", which node "${node.id}" does not have.`);
      }
      const key = JSON.stringify([node.id, device]);
      const other = holder.get(key);
      if (other !== undefined) {
        throw bad(`Tasks "${other}" and "${name}" both run on device "${device}" of node "${node.id}".`);
      }
      holder.set(key, name);
    }
  }
}

function unique(names: string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw bad(`There are two entries "${name}" for one ${what}.`);
    }
    seen.add(name);
  }
}

/** @param of - whose measure it is, told only when it is wrong. */
function measure(value: number, what: string, of?: () => string): void {
  if (!Number.isFinite(value) || value < 0) {
    throw bad(`${prefix(of)}${what} must be a number of at least 0, not ${value}.`);
  }
}

function count(value: number, what: string, of?: () => string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw bad(`${prefix(of)}${what} must be a whole number of at least 0, not ${value}.`);
  }
}

function prefix(of?: () => string): string {
  return of === undefined ? '' : `${of()} `;
}

function bad(message: string): SaturnError {
  return new SaturnError({
    code: 'bad-plan-request',
    message,
    hint: 'Profile the tasks again, then plan; if it stays, report it with the session folder.'
  });
}
