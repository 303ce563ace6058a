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
  /** As of each of them. */
  release: number;
  /** As of each of them. */
  deadline: number;
  /** As of each of them. */
  lanes: number[];
}

/** Devices that are taken from 0 until some time. */
export interface IBusyDevices {
  devices: number;
  /** Until when they are. */
  seconds: number;
}

/**
 * Nodes that no plan needs to tell apart: of one kind, with equally many devices, free at the same times, and no job to
 * go on there.
 */
export interface INodeClass {
  /** Indexes into {@link IProblem.nodes}, ascending. */
  nodes: number[];
  /** Devices of each of them; at least 1. */
  size: number;
  /** Of each of them. */
  kind: number;
  /** What is taken on all of them together. */
  busy: IBusyDevices[];
}

/**
 * Jobs of a type have equal configurations, number by number, are asked the same and may be fused with the same; types
 * are in the order of their first jobs.
 */
export function groupJobs(problem: IProblem): IJobType[] {
  const types = new Map<string, IJobType>();
  const fusionsOf = problem.jobs.map((): number[] => []);
  for (const [fusion, { members }] of problem.fusions.entries()) {
    for (const job of members) {
      fusionsOf[job]!.push(fusion);
    }
  }
  for (const [job, { configs, current, release, deadline, lanes }] of problem.jobs.entries()) {
    const key =
      current === undefined
        ? [
            configs.map(({ devices, seconds, nodes }) => [devices, seconds, nodes?.join('+')].join(':')),
            [release, deadline],
            lanes,
            fusionsOf[job]!
          ].join(' ')
        : `current ${job}`;
    const type = types.get(key);
    if (type === undefined) {
      const asked = { release, deadline, lanes };
      types.set(key, { jobs: [job], configs, ...asked, ...(current !== undefined && { current }) });
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
  for (const [node, { freeAt, kind }] of problem.nodes.entries()) {
    if (freeAt.length === 0) {
      continue;
    }
    const profile = [kind, ...[...freeAt].sort((a, b) => a - b)].join();
    const own = { nodes: [node], size: freeAt.length, kind, busy: busyOf(freeAt) };
    join(classes, home.has(node) ? `node ${node}` : profile, own);
  }
  return [...classes.values()];
}

/** Nodes of a kind with equally many devices taken as one class, busy or not: fewer classes, weaker bounds. */
export function mergeBySize(classes: INodeClass[]): INodeClass[] {
  const merged = new Map<string, INodeClass>();
  for (const one of classes) {
    join(merged, `${one.kind} ${one.size}`, one);
  }
  return [...merged.values()];
}

/** For each node its place in a list of classes; -1 for one without devices. */
export function classOfNode(problem: IProblem, classes: INodeClass[]): number[] {
  return problem.nodes.map((_, node) => classes.findIndex(({ nodes }) => nodes.includes(node)));
}

function join(classes: Map<string, INodeClass>, key: string, { nodes, busy, ...own }: INodeClass): void {
  const known = classes.get(key);
  classes.set(key, {
    ...own,
    nodes: [...(known?.nodes ?? []), ...nodes],
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
