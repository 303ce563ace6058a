import { SaturnError } from '../model/failure.js';
import { strategyKey, strategyLabel } from '../model/strategy.js';
import type { PlanRequest, PlanTask } from '../wire/generated/types.js';

/**
 * Refuse a question that has no meaning: numbers that are not finite or negative, names used twice, running tasks
 * on devices that do not exist or are taken.
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
  }
  if (!Number.isFinite(work)) {
    throw bad('The tasks together take longer than a number can tell.');
  }
  assertRunning(request);
}

/** Check one task's numbers; returns the device-seconds of its most expensive option. */
function assertTask(task: PlanTask): number {
  count(task.steps, `Task "${task.name}": the number of steps`);
  let most = 0;
  for (const { strategy, stepSeconds, startSeconds } of task.options) {
    const what = `Task "${task.name}", ${strategyLabel(strategy)}:`;
    count(strategy.devices, `${what} the device count`);
    if (strategy.devices === 0) {
      throw bad(`${what} a strategy needs at least one device.`);
    }
    measure(stepSeconds, `${what} the seconds per step`);
    measure(startSeconds, `${what} the seconds to start`);
    most = Math.max(most, (startSeconds + task.steps * stepSeconds) * strategy.devices);
  }
  unique(
    task.options.map(option => strategyKey(option.strategy)),
    `strategy of task "${task.name}"`
  );
  return most;
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

function measure(value: number, what: string): void {
  if (!Number.isFinite(value) || value < 0) {
    throw bad(`${what} must be a number of at least 0, not ${value}.`);
  }
}

function count(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw bad(`${what} must be a whole number of at least 0, not ${value}.`);
  }
}

function bad(message: string): SaturnError {
  return new SaturnError({
    code: 'bad-plan-request',
    message,
    hint: 'Profile the tasks again, then plan; if it stays, report it with the session folder.'
  });
}
