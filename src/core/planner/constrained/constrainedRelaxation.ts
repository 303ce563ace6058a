import type { IConfig } from '../problem/pareto.js';
import { type IProblem, partsOf } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import type { IRun } from './runTable.js';

/** A way to get a job done, and what it costs; a fused run's costs are shared evenly by its jobs. */
export interface IWay {
  /** Index into the table of runs. */
  run: number;
  /** Index into its configurations, or `KEPT`. */
  config: number;
  /** The soonest it may begin: released, and enough devices free of tasks that run already. */
  head: number;
  /** The soonest the job may be done this way. */
  end: number;
  seconds: number;
  /** Share of the run's device-seconds. */
  area: number;
  /** Share of the run's seconds: of each lane it holds. */
  laneSeconds: number;
  /** Of each budget, share of the least the run may take. */
  takes: number[];
}

/** What bounds need of a job. */
export interface IRelaxedJob {
  /** By end. Never empty. */
  ways: IWay[];
  /** Devices that any of its ways may use: indexes counted through all nodes. */
  devices: Set<number> | undefined;
  release: number;
  deadline: number;
  weight: number;
  /** As of an {@link IJob}. */
  lanes: number[];
}

/**
 * The problem with its jobs taken apart: every bound here adds up what each job needs at least, whatever it is run
 * with, and compares it with what there is.
 */
export class ConstrainedRelaxation {
  readonly jobs: IRelaxedJob[];
  /** When each device becomes free. */
  readonly freeAt: number[];
  /** As of the problem; none where they bound nothing. */
  readonly lanes: number[][];

  /** Per node, when its devices become free, soonest first. */
  private readonly _sorted: number[][];

  /** @param switching - whether jobs may change strategy and place while they run. */
  constructor(
    readonly problem: IProblem,
    runs: IRun[],
    switching = false
  ) {
    this._sorted = problem.nodes.map(({ freeAt }) => [...freeAt].sort((a, b) => a - b));
    this.freeAt = problem.nodes.flatMap(node => node.freeAt);
    // Running jobs that go on may be more than allowed: then lanes bound nothing.
    this.lanes = problem.jobs.some(({ current }) => current !== undefined) ? [] : problem.lanes;
    const ways = problem.jobs.map((): IWay[] => []);
    const configs = problem.jobs.map((): IConfig[] => []);
    for (const [own, run] of runs.entries()) {
      for (const [index, config] of run.configs.entries()) {
        const way = { run: own, config: index, ...this._wayOf(run, config, run.sites[index]!) };
        for (const job of run.jobs) {
          ways[job]!.push(way);
          configs[job]!.push(config);
        }
      }
    }
    this.jobs = problem.jobs.map(({ current, release, deadline, weight, lanes }, job) => {
      if (current !== undefined) {
        ways[job]!.push({ run: job, config: KEPT, ...this._goingOn(current) });
      }
      const own = switching ? [mixed(ways[job]!, current?.config.option.stopSeconds)] : ways[job]!;
      return {
        ways: own.sort((a, b) => a.end - b.end),
        devices: current === undefined ? this._devicesOf(configs[job]!) : undefined,
        release,
        deadline,
        weight,
        lanes
      };
    });
  }

  private _wayOf(
    { jobs, release, lanes }: IRun,
    config: IConfig,
    sites: number[]
  ): Omit<IWay, 'run' | 'config'> {
    const { nodes, budgets } = this.problem;
    const { devices, seconds, among, span = 1 } = config;
    const share = devices / span;
    const starts = smallest(sites, span, node => {
      const own = among?.[node]?.map(device => nodes[node]!.freeAt[device]!);
      return (own?.sort((a, b) => a - b) ?? this._sorted[node]!)[share - 1]!;
    });
    const free = seconds > 0 ? lanes.map(set => this.lanes[set]?.[0] ?? 0) : [];
    const head = Math.max(release, starts[span - 1]!, ...free);
    const area = (devices * seconds) / jobs.length;
    return {
      head,
      end: head + seconds,
      seconds,
      area,
      laneSeconds: seconds / jobs.length,
      takes: budgets.map(
        ({ rates }) =>
          area * (smallest(sites, span, node => rates[node]!).reduce((sum, own) => sum + own, 0) / span)
      )
    };
  }

  private _goingOn({
    config: { devices, seconds },
    ...place
  }: NonNullable<IRun['current']>): Omit<IWay, 'run' | 'config'> {
    const area = devices * seconds;
    return {
      head: 0,
      end: seconds,
      seconds,
      area,
      laneSeconds: seconds,
      takes: this.problem.budgets.map(({ rates }) =>
        partsOf(place).reduce((sum, part) => sum + part.devices.length * seconds * rates[part.node]!, 0)
      )
    };
  }

  /** Undefined when they are all devices. */
  private _devicesOf(configs: IConfig[]): Set<number> | undefined {
    if (configs.some(({ nodes, among }) => nodes === undefined && among === undefined)) {
      return undefined;
    }
    const all = new Set<number>();
    let first = 0;
    for (const [node, { freeAt }] of this.problem.nodes.entries()) {
      for (const { nodes, among } of configs) {
        if (nodes?.includes(node) ?? true) {
          for (const device of among?.[node] ?? freeAt.keys()) {
            all.add(first + device);
          }
        }
      }
      first += freeAt.length;
    }
    return all;
  }
}

/**
 * What any mixture of ways needs at least: each stretch does no greater share of the work than its length has in the
 * time of its way, start included. Leaving where a job runs now may cost the devices it has there instead of those
 * it goes to, and counts for nothing.
 */
function mixed(ways: IWay[], leaving = 0): IWay {
  const least = (value: (way: IWay) => number) =>
    ways.reduce((low, way) => Math.min(low, value(way)), Infinity);
  const left = (value: number, { seconds }: IWay) =>
    seconds > 0 ? (value * Math.max(0, seconds - leaving)) / seconds : 0;
  const head = least(way => way.head);
  const seconds = least(way => left(way.seconds, way));
  return {
    ...ways[0]!,
    head,
    end: head + seconds,
    seconds,
    area: least(way => left(way.area, way)),
    laneSeconds: least(way => left(way.laneSeconds, way)),
    takes: ways[0]!.takes.map((_, budget) => least(way => left(way.takes[budget]!, way)))
  };
}

/** The `count` smallest values, smallest first. */
function smallest(nodes: number[], count: number, value: (node: number) => number): number[] {
  if (count > 1) {
    return nodes
      .map(value)
      .sort((a, b) => a - b)
      .slice(0, count);
  }
  return [nodes.reduce((least, node) => Math.min(least, value(node)), Infinity)];
}
