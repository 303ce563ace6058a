/** One node with jobs for it alone, whose kinds count and names do not. */
export interface INodeProblem {
  /** When each device becomes free, in seconds. */
  free: readonly number[];
  types: readonly INodeJobs[];
}

/** Jobs that have the same configurations. */
export interface INodeJobs {
  count: number;
  configs: readonly INodeConfig[];
}

/** One way to run a job. */
export interface INodeConfig {
  /** Devices held. */
  devices: number;
  /** How long they are held. */
  seconds: number;
  /** Only for a job that starts at 0, such as one that goes on where it runs. */
  onlyAtStart?: boolean;
}

/** A job to start: indexes of its type and configuration. */
export interface INodeStart {
  type: number;
  config: number;
}

/** Jobs in the order in which they take devices, each as soon as enough of them are free. */
export interface INodePlan {
  order: INodeStart[];
  /** When all is done, in seconds. */
  makespan: number;
}

/** A configuration that can be of use, as the search sees it. */
export interface IChoice extends INodeStart {
  devices: number;
  seconds: number;
  onlyAtStart: boolean;
  /** Device-seconds. */
  area: number;
  /** Device-seconds of the cheapest configuration. */
  useful: number;
}

/** The configurations that fit the node and are over by a time, longest first. */
export function choicesOf({ free, types }: INodeProblem, target: number): IChoice[] {
  const choices = types.flatMap(({ configs }, type) => {
    const own = configs.flatMap(({ devices, seconds, onlyAtStart = false }, config) =>
      devices <= free.length && seconds <= target
        ? [{ type, config, devices, seconds, onlyAtStart, area: devices * seconds }]
        : []
    );
    const useful = own.reduce((least, { area }) => Math.min(least, area), Infinity);
    return own.map(choice => ({ ...choice, useful }));
  });
  return choices.sort((a, b) => b.seconds - a.seconds || a.type - b.type || a.config - b.config);
}
