import { kindsOfNodes } from '../problem/nodeKinds.js';
import { fastestPerCount, type IConfig, paretoFront } from '../problem/pareto.js';
import type { IPlace, IProblem } from '../problem/problem.js';
import type { IPlaced, ISchedule } from '../schedule/schedule.js';

/**
 * The devices of a problem while a rule puts jobs on them: which of its configurations a job may use where, and from
 * when. Jobs that run already go on where they are, and those that only run across nodes come next, since no rule
 * has anything to say about either.
 */
export class ListSchedule {
  /** Per node and device, from when on it is free. */
  readonly free: number[][];
  /** The jobs a rule is to place, in the given order. */
  readonly waiting: number[] = [];
  private readonly _placed: IPlaced[] = [];
  private readonly _anywhere: boolean[];
  /** Per node, the first that no job tells from it. */
  private readonly _likeness: number[];
  /** Per job, what is known of its device counts on nodes that stand for others. */
  private readonly _counts: Map<number, IConfig[]>[];

  constructor(private readonly _problem: IProblem) {
    this.free = _problem.nodes.map(({ freeAt }) => [...freeAt]);
    this._anywhere = _problem.jobs.map(({ configs, perCount }) =>
      [...configs, ...perCount].every(
        ({ nodes, among, span }) => nodes === undefined && among === undefined && span === undefined
      )
    );
    this._likeness = likenessOf(_problem);
    this._counts = _problem.jobs.map(() => new Map());
    for (const [job, { current }] of _problem.jobs.entries()) {
      if (current !== undefined) {
        const { config, node, devices } = current;
        this._take({ job, config, node, devices, start: 0, end: config.seconds });
      }
    }
    for (const [job, { current }] of _problem.jobs.entries()) {
      if (current === undefined && this._fitsOneNode(job)) {
        this.waiting.push(job);
      } else if (current === undefined) {
        this._spread(job);
      }
    }
  }

  /** A job's configurations for a node at every device count it may use there, the fastest each, fewest devices first. */
  countsOn(job: number, node: number): IConfig[] {
    const { configs, perCount } = this._problem.jobs[job]!;
    if (this._anywhere[job]) {
      return perCount.filter(config => config.devices <= this.free[node]!.length);
    }
    const alike = this._likeness[node]!;
    const known = this._counts[job]!.get(alike);
    if (known !== undefined) {
      return known;
    }
    const all = [...configs, ...perCount].filter(config => mayUse(this._problem, config, node));
    const counts = fastestPerCount(all);
    this._counts[job]!.set(alike, counts);
    return counts;
  }

  /** The same without those that take more devices and no less time than another. */
  frontOn(job: number, node: number): IConfig[] {
    return this._anywhere[job]
      ? this._problem.jobs[job]!.configs.filter(config => config.devices <= this.free[node]!.length)
      : paretoFront(this.countsOn(job, node));
  }

  /** Nodes with equal keys are alike to a job. */
  likeness(job: number, node: number): number {
    return this._anywhere[job] ? this.free[node]!.length : -1 - this._likeness[node]!;
  }

  /** The soonest a configuration can start on a node. */
  startOf(config: IConfig, node: number): number {
    const free = this.free[node]!;
    const times = config.among?.[node]?.map(device => free[device]!) ?? free;
    return config.devices === 1
      ? times.reduce((least, time) => Math.min(least, time), Infinity)
      : [...times].sort((a, b) => a - b)[config.devices - 1]!;
  }

  /** When all of a node is free. */
  readyAt(node: number): number {
    return this.free[node]!.reduce((latest, time) => Math.max(latest, time), 0);
  }

  /**
   * Run a job as soon as it has its devices, and not before `notBefore`; on those that became free last, which leaves
   * the earlier ones to jobs placed later.
   */
  place(job: number, config: IConfig, node: number, notBefore = 0): void {
    const start = Math.max(this.startOf(config, node), notBefore);
    const devices = this._choose(config, node, config.devices, start);
    this._take({ job, config, node, devices, start, end: start + config.seconds });
  }

  /** All that has been placed. */
  schedule(): ISchedule {
    const makespan = this.free.flat().reduce((latest, time) => Math.max(latest, time), 0);
    return { placed: this._placed, makespan };
  }

  private _fitsOneNode(job: number): boolean {
    return this._anywhere[job]! || this.free.some((_, node) => this.countsOn(job, node).length > 0);
  }

  /** Place a job that only runs across nodes: its fastest way, on the nodes that are free first. */
  private _spread(job: number): void {
    const { configs } = this._problem.jobs[job]!;
    const config = configs.reduce((best, other) => (other.seconds < best.seconds ? other : best));
    const span = config.span!;
    const share = { ...config, devices: config.devices / span };
    const nodes = [...this.free.keys()]
      .filter(node => mayUse(this._problem, { ...share, span: undefined }, node))
      .map(node => ({ node, start: this.startOf(share, node) }))
      .sort((a, b) => a.start - b.start || a.node - b.node)
      .slice(0, span);
    const start = nodes.at(-1)!.start;
    const [first, ...elsewhere] = nodes.map(
      ({ node }): Pick<IPlace, 'node' | 'devices'> => ({
        node,
        devices: this._choose(share, node, share.devices, start)
      })
    );
    this._take({ job, config, ...first!, elsewhere, start, end: start + config.seconds });
  }

  private _choose(config: IConfig, node: number, count: number, start: number): number[] {
    const free = this.free[node]!;
    return (config.among?.[node] ?? [...free.keys()])
      .filter(device => free[device]! <= start)
      .sort((a, b) => free[b]! - free[a]! || a - b)
      .slice(0, count)
      .sort((a, b) => a - b);
  }

  private _take(placed: IPlaced): void {
    this._placed.push(placed);
    for (const { node, devices } of [placed, ...(placed.elsewhere ?? [])]) {
      for (const device of devices) {
        this.free[node]![device] = placed.end;
      }
    }
  }
}

/** Nodes with equally many devices where the same may run are alike, unless a job may use some of their devices only. */
function likenessOf({ nodes, jobs }: IProblem): number[] {
  const all = jobs.flatMap(({ configs, perCount }) => [...configs, ...perCount]);
  if (all.some(({ among }) => among !== undefined)) {
    return [...nodes.keys()];
  }
  const kinds = kindsOfNodes(all, nodes.length);
  const keys = nodes.map(({ devices }, node) => `${kinds[node]} ${devices.length}`);
  return keys.map(key => keys.indexOf(key));
}

/** Whether a configuration may run on a node. */
export function mayUse(problem: IProblem, config: IConfig, node: number): boolean {
  const size = config.among?.[node]?.length ?? problem.nodes[node]!.devices.length;
  return (config.nodes?.includes(node) ?? true) && (config.span ?? 1) === 1 && config.devices <= size;
}
