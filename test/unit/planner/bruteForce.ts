import type { PlanRequest } from '../../../src/core/wire/messages.js';

/**
 * The optimal makespan by trying everything: every strategy, node and order of starts, each task as early as the
 * devices left over allow. Written from the problem's definition, for a handful of tasks.
 */
export function bruteForce(request: PlanRequest): number {
  const excluded = new Set(request.excludeTechniques ?? []);
  const free = request.cluster.nodes.map(node => node.devices.map(() => 0));
  let latest = 0;
  const jobs: { devices: number; seconds: number }[][] = [];
  for (const task of request.tasks) {
    const { running } = task;
    if (running !== undefined) {
      const found = task.options.find(
        ({ strategy }) =>
          strategy.technique === running.strategy.technique && strategy.devices === running.strategy.devices
      )!;
      const end = task.steps * found.stepSeconds;
      const node = request.cluster.nodes.findIndex(candidate => candidate.id === running.node);
      for (const id of running.devices) {
        free[node]![request.cluster.nodes[node]!.devices.findIndex(device => device.id === id)] = end;
      }
      latest = Math.max(latest, end);
      continue;
    }
    const usable = task.options.filter(
      ({ strategy }) =>
        !excluded.has(strategy.technique) && free.some(devices => devices.length >= strategy.devices)
    );
    if (usable.length > 0) {
      jobs.push(
        usable.map(({ strategy, stepSeconds, startSeconds }) => ({
          devices: strategy.devices,
          seconds: startSeconds + task.steps * stepSeconds
        }))
      );
    }
  }
  return explore(jobs, new Set(jobs.keys()), free, latest, Infinity);
}

function explore(
  jobs: { devices: number; seconds: number }[][],
  left: Set<number>,
  free: number[][],
  latest: number,
  best: number
): number {
  if (latest >= best) {
    return best;
  }
  if (left.size === 0) {
    return latest;
  }
  let shortest = best;
  for (const job of left) {
    const rest = new Set(left);
    rest.delete(job);
    for (const { devices, seconds } of jobs[job]!) {
      for (const [node, times] of free.entries()) {
        if (times.length < devices) {
          continue;
        }
        const sorted = [...times].sort((a, b) => a - b);
        const end = sorted[devices - 1]! + seconds;
        const after = [...sorted.slice(devices), ...Array.from({ length: devices }, () => end)];
        const next = free.map((own, n) => (n === node ? after : own));
        shortest = Math.min(shortest, explore(jobs, rest, next, Math.max(latest, end), shortest));
      }
    }
  }
  return shortest;
}
