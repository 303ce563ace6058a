import type { Conflict, Unplanned } from '../../wire/messages.js';
import type { IConfig } from './pareto.js';

/** A task that may be placed anywhere. */
export interface IJob {
  name: string;
  steps: number;
  /**
   * The configurations worth considering, never empty: more devices, less time, unless they differ in where they may
   * run.
   */
  configs: IConfig[];
  /** The fastest configuration at every device count, for the simple rules that ask for a count. */
  perCount: IConfig[];
  /**
   * Where it runs now, if it does and may also be moved. Going on there starts at 0 and pays no start; the seconds
   * of `configs` include what leaving costs.
   */
  current?: IPlace;
  /** Not before this, in seconds. */
  release: number;
  /** To be done by then, in seconds; Infinity when at any time. */
  deadline: number;
  /** How much its end counts where weighted ends are added up. */
  weight: number;
  /** Its pin had to give way for it to run by itself; fused it may meet it. */
  strayed: boolean;
  /** Seconds it takes to leave the place where it runs; 0 when it waits. */
  leaving: number;
  /** Which of {@link IProblem.lanes} it takes one of, ascending. */
  lanes: number[];
}

/** A strategy on devices of one node, or of several. */
export interface IPlace {
  config: IConfig;
  /** Index into {@link IProblem.nodes}. */
  node: number;
  /** Indexes into the node's devices. */
  devices: number[];
  /** A strategy that spans nodes: its devices on the others. */
  elsewhere?: Pick<IPlace, 'node' | 'devices'>[];
}

/** A task that runs already and keeps its devices; or several that run as one. */
export interface IRunningJob extends IPlace {
  name: string;
  steps: number;
  /** Several that run as one: what the run is called, and the others of them. */
  fusion?: { name: string; others: Pick<IRunningJob, 'name' | 'steps'>[] };
  /** As of a {@link IJob}. */
  deadline: number;
  /** As of a {@link IJob}. */
  weight: number;
}

/** Jobs that may run as one, for as many steps as the longest of them. */
export interface IFusedJob {
  /** Names the run: its tasks'. */
  name: string;
  /** Indexes into {@link IProblem.jobs}, ascending; at least 2. */
  members: number[];
  /** As of a {@link IJob}. */
  configs: IConfig[];
}

/** A node as the planner sees it. */
export interface IPlanNode {
  id: string;
  devices: string[];
  /** When each device becomes free: the end of the task running on it, else 0. */
  freeAt: number[];
  /** Nodes of equal kind may run the same configurations, as far as they have the devices. */
  kind: number;
}

/** What all runs together may take of something. */
export interface IBudget {
  /** Whose it is. */
  constraint: Conflict['constraint'];
  limit: number;
  /** Per node, what a second on a device takes. */
  rates: number[];
}

/** The question in the planner's own form: indexes instead of names, only what can be planned. */
export interface IProblem {
  nodes: IPlanNode[];
  jobs: IJob[];
  running: IRunningJob[];
  unplanned: Unplanned[];
  deviceCount: number;
  largestNode: number;
  fusions: IFusedJob[];
  /** Sets of lanes, of which a run takes one each: when each lane becomes free, earliest first. */
  lanes: number[][];
  budgets: IBudget[];
  /** Minimise the sum of weighted ends instead of the last one. */
  weighted: boolean;
  /** Constraints given up because nothing could meet them. */
  conflicts: Conflict[];
  /**
   * Whether any devices of a node will do for a job that may run there, at any time, and only the last end counts:
   * nothing but Pareto fronts, devices free from some time on, and jobs that may go on where they run.
   */
  unconstrained: boolean;
}

/** All devices of a place, by node. */
export function partsOf({
  node,
  devices,
  elsewhere = []
}: Pick<IPlace, 'node' | 'devices' | 'elsewhere'>): Pick<IPlace, 'node' | 'devices'>[] {
  return [{ node, devices }, ...elsewhere];
}

/** Whether there is nothing to schedule. */
export function isEmpty(problem: IProblem): boolean {
  return problem.jobs.length === 0 && problem.running.length === 0;
}
