/** One node with jobs for it alone, whose kinds count and names do not. */
export interface NodeProblem {
  /** When each device becomes free, in seconds. */
  free: readonly number[];
  types: readonly NodeJobs[];
}

/** Jobs that have the same configurations. */
export interface NodeJobs {
  count: number;
  configs: readonly NodeConfig[];
}

/** One way to run a job. */
export interface NodeConfig {
  /** Devices held. */
  devices: number;
  /** How long they are held. */
  seconds: number;
  /** Only for a job that starts at 0, such as one that goes on where it runs. */
  onlyAtStart?: boolean;
}

/** A job to start: indexes of its type and configuration. */
export interface NodeStart {
  type: number;
  config: number;
}

/** Jobs in the order in which they take devices, each as soon as enough of them are free. */
export interface NodePlan {
  order: NodeStart[];
  /** When all is done, in seconds. */
  makespan: number;
}
