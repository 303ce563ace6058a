import type { IConfig } from '../problem/pareto.js';
import type { IPlace, IProblem } from '../problem/problem.js';

/** Jobs that no plan needs to tell apart: tasks of a sweep that differ in their learning rate only. */
export interface IJobType {
  /** Indexes into {@link IProblem.jobs}, ascending. */
  jobs: number[];
  /** What each of them may run as; the very list of the first of them. */
  configs: IConfig[];
  /** Where it may go on instead. A job that may is the only one of its type. */
  current?: IPlace;
}

/** Devices that are taken from 0 until some time. */
export interface IBusyDevices {
  devices: number;
  /** Until when they are. */
  seconds: number;
}

/** Nodes that no plan needs to tell apart: equally many devices, free at the same times, and no job to go on there. */
export interface INodeClass {
  /** Indexes into {@link IProblem.nodes}, ascending. */
  nodes: number[];
  /** Devices of each of them; at least 1. */
  size: number;
  /** What is taken on all of them together. */
  busy: IBusyDevices[];
}

/** Jobs of a type have equal configurations, number by number; types are in the order of their first jobs. */
export function groupJobs(problem: IProblem): IJobType[] {
  const types = new Map<string, IJobType>();
  for (const [job, { configs, current }] of problem.jobs.entries()) {
    const key =
      current === undefined
        ? configs.map(({ devices, seconds }) => `${devices}:${seconds}`).join()
        : `current ${job}`;
    const type = types.get(key);
    if (type === undefined) {
      types.set(key, { jobs: [job], configs, ...(current !== undefined && { current }) });
    } else {
      type.jobs.push(job);
    }
  }
  return [...types.values()];
}

/** The classes of the nodes that have devices, in the order of their first nodes. */
export function groupNodes(problem: IProblem): INodeClass[] {
  const home = new Set(problem.jobs.map(({ current }) => current?.node));
  const classes = new Map<string, INodeClass>();
  for (const [node, { freeAt }] of problem.nodes.entries()) {
    if (freeAt.length === 0) {
      continue;
    }
    const profile = [...freeAt].sort((a, b) => a - b).join();
    join(classes, home.has(node) ? `node ${node}` : profile, [node], freeAt.length, busyOf(freeAt));
  }
  return [...classes.values()];
}

/** Nodes with equally many devices taken as one class whatever else they differ in: fewer classes, weaker bounds. */
export function mergeBySize(classes: INodeClass[]): INodeClass[] {
  const merged = new Map<string, INodeClass>();
  for (const { nodes, size, busy } of classes) {
    join(merged, String(size), nodes, size, busy);
  }
  return [...merged.values()];
}

/** For each node its place in a list of classes; -1 for one without devices. */
export function classOfNode(problem: IProblem, classes: INodeClass[]): number[] {
  return problem.nodes.map((_, node) => classes.findIndex(({ nodes }) => nodes.includes(node)));
}

function join(
  classes: Map<string, INodeClass>,
  key: string,
  nodes: number[],
  size: number,
  busy: IBusyDevices[]
): void {
  const known = classes.get(key);
  classes.set(key, {
    nodes: [...(known?.nodes ?? []), ...nodes],
    size,
    busy: [...(known?.busy ?? []), ...busy]
  });
}

/** Devices that become free together count as one task: side by side from 0 on, they might as well be. */
function busyOf(freeAt: number[]): IBusyDevices[] {
  const counts = new Map<number, number>();
  for (const seconds of freeAt) {
    if (seconds > 0) {
      counts.set(seconds, (counts.get(seconds) ?? 0) + 1);
    }
  }
  return [...counts].map(([seconds, devices]) => ({ devices, seconds }));
}
