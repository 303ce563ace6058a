import { strategyKey } from '../model/strategy.js';
import type { PlanRequest, PlanTask, Unplanned } from '../wire/generated/types.js';
import { type Config, fastestPerCount, paretoFront } from './pareto.js';

/** A task that may be placed anywhere. */
export interface Job {
  name: string;
  steps: number;
  /** The configurations worth considering: more devices, less time. Never empty. */
  configs: Config[];
  /** The fastest configuration at every device count, for the simple rules that ask for a count. */
  perCount: Config[];
  /**
   * Where it runs now, if it does and may also be moved. Going on there starts at 0 and pays no start; the seconds
   * of `configs` include what leaving costs.
   */
  current?: Place;
}

/** A strategy on devices of one node. */
export interface Place {
  config: Config;
  /** Index into {@link Problem.nodes}. */
  node: number;
  /** Indexes into the node's devices. */
  devices: number[];
}

/** A task that runs already and keeps its devices. */
export interface RunningJob extends Place {
  name: string;
  steps: number;
}

/** A node as the planner sees it. */
export interface PlanNode {
  id: string;
  devices: string[];
  /** When each device becomes free: the end of the task running on it, else 0. */
  freeAt: number[];
}

/** The question in the planner's own form: indexes instead of names, only what can be planned. */
export interface Problem {
  nodes: PlanNode[];
  jobs: Job[];
  running: RunningJob[];
  unplanned: Unplanned[];
  deviceCount: number;
  largestNode: number;
}

/** Compile a request that {@link assertRequest} has accepted. */
export function toProblem(request: PlanRequest): Problem {
  const nodes = request.cluster.nodes.map(node => ({
    id: node.id,
    devices: node.devices.map(device => device.id),
    freeAt: node.devices.map(() => 0)
  }));
  const excluded = new Set(request.excludeTechniques ?? []);
  const largestNode = nodes.reduce((largest, node) => Math.max(largest, node.devices.length), 0);
  const problem: Problem = {
    nodes,
    jobs: [],
    running: [],
    unplanned: [],
    deviceCount: nodes.reduce((sum, node) => sum + node.devices.length, 0),
    largestNode
  };
  for (const task of request.tasks) {
    if (task.running !== undefined) {
      const running = toRunning(task, task.running, nodes);
      for (const device of running.devices) {
        nodes[running.node]!.freeAt[device] = running.config.seconds;
      }
      problem.running.push(running);
      continue;
    }
    const usable = task.options
      .filter(({ strategy }) => !excluded.has(strategy.technique) && strategy.devices <= largestNode)
      .map(option => ({
        option,
        devices: option.strategy.devices,
        seconds: option.startSeconds + task.steps * option.stepSeconds,
        overhead: option.startSeconds
      }));
    if (usable.length === 0) {
      problem.unplanned.push({ task: task.name, reason: reasonOf(task, excluded, largestNode) });
    } else {
      problem.jobs.push({
        name: task.name,
        steps: task.steps,
        configs: paretoFront(usable),
        perCount: fastestPerCount(usable)
      });
    }
  }
  return problem;
}

/** Whether there is nothing to schedule. */
export function isEmpty(problem: Problem): boolean {
  return problem.jobs.length === 0 && problem.running.length === 0;
}

function toRunning(
  task: PlanTask,
  placement: NonNullable<PlanTask['running']>,
  nodes: PlanNode[]
): RunningJob {
  const key = strategyKey(placement.strategy);
  const option = task.options.find(candidate => strategyKey(candidate.strategy) === key)!;
  const node = nodes.findIndex(candidate => candidate.id === placement.node);
  return {
    name: task.name,
    steps: task.steps,
    config: {
      option,
      devices: placement.devices.length,
      seconds: task.steps * option.stepSeconds,
      overhead: 0
    },
    node,
    devices: placement.devices.map(device => nodes[node]!.devices.indexOf(device))
  };
}

/** Why no option of a task can be used, for the person who asked. */
function reasonOf(task: PlanTask, excluded: Set<string>, largestNode: number): string {
  if (task.options.length === 0) {
    return task.reason ?? 'No strategy has been measured for it.';
  }
  if (largestNode === 0) {
    return 'The cluster has no devices.';
  }
  const shut = [...new Set(task.options.map(option => option.strategy.technique))].filter(name =>
    excluded.has(name)
  );
  const open = task.options.filter(option => !excluded.has(option.strategy.technique));
  const techniques = `${shut.length === 1 ? 'the technique' : 'the techniques'} ${shut.join(', ')}`;
  if (open.length === 0) {
    return `It can only run with ${techniques}, which you excluded.`;
  }
  const need = open.reduce((least, option) => Math.min(least, option.strategy.devices), Infinity);
  const largest = `the largest node has ${largestNode} ${largestNode === 1 ? 'device' : 'devices'}`;
  return shut.length === 0
    ? `It needs at least ${need} devices on one node; ${largest}.`
    : `Without ${techniques}, which you excluded, it needs at least ${need} devices on one node; ${largest}.`;
}
