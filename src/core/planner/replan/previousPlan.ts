import { placeKey } from '../../model/schedule/taskHistory.js';
import { strategyKey } from '../../model/strategy.js';
import type { Segment } from '../../wire/messages.js';
import { allows, type IConfig } from '../problem/pareto.js';
import { type IJob, type IProblem, partsOf } from '../problem/problem.js';
import { type IArrangement, KEPT } from '../schedule/arrangement.js';
import type { IPlaced, ISchedule } from '../schedule/schedule.js';
import { Insertion } from './insertion.js';

/** Times of the earlier plan may differ from the problem's by this share of its length: rounding, no more. */
const ROUNDING = 5e-10;

/**
 * An arrangement that follows an earlier plan as far as it still goes: tasks keep strategy, node and order. Tasks
 * that are gone are left out; running tasks it does not know go on; others it does not know, or has put where they
 * cannot run any more, are put in where they fit best.
 */
export function followPrevious(problem: IProblem, previous: readonly Segment[]): IArrangement {
  const nodes = new Map(problem.nodes.map(({ id }, node) => [id, node]));
  const segments = longestSegments(previous);
  const config = problem.jobs.map(() => 0);
  const followed: { job: number; node: number; start: number }[] = [];
  const fresh: number[] = [];
  for (const [job, own] of problem.jobs.entries()) {
    const segment = segments.get(own.name);
    const node = nodes.get(segment?.node ?? '');
    const choice =
      segment === undefined || node === undefined || goesOn(problem, own, segment)
        ? -1
        : likest(own.configs, segment, node, problem.nodes[node]!.devices.length);
    if (choice >= 0) {
      config[job] = choice;
      followed.push({ job, node: node!, start: segment!.start });
    } else if (own.current !== undefined) {
      config[job] = KEPT;
    } else {
      fresh.push(job);
    }
  }
  const arrangement: IArrangement = { config, queues: problem.nodes.map(() => []) };
  for (const { job, node } of followed.sort((a, b) => a.start - b.start)) {
    arrangement.queues[node]!.push(job);
  }
  new Insertion(problem, arrangement).insertAll(fresh);
  return arrangement;
}

/**
 * The earlier plan itself, down to its starts and devices, when it is a plan of the problem as it stands: every task
 * in one stretch that lasts as long as it would now, on devices that are there and free. Otherwise undefined.
 */
export function takePrevious(problem: IProblem, previous: readonly Segment[]): ISchedule | undefined {
  const jobs = new Map(problem.jobs.map(({ name }, job) => [name, job]));
  const own = previous.filter(({ task }) => jobs.has(task));
  const makespan = own.reduce((latest, { end }) => Math.max(latest, end), 0);
  const slack = makespan * ROUNDING;
  const placed: IPlaced[] = [];
  for (const segment of own) {
    const job = jobs.get(segment.task)!;
    const stretch = placedAs(problem, job, segment);
    if (stretch === undefined || Math.abs(segment.end - segment.start - stretch.config.seconds) > slack) {
      return undefined;
    }
    jobs.delete(segment.task);
    placed.push(stretch);
  }
  if (jobs.size > 0 || !isFree(problem, placed, slack)) {
    return undefined;
  }
  const end = problem.nodes.reduce((latest, { freeAt }) => Math.max(latest, ...freeAt), makespan);
  return { placed, makespan: end };
}

/** A task with several stretches is taken for the longest of them. */
export function longestSegments(previous: readonly Segment[]): Map<string, Segment> {
  const longest = new Map<string, Segment>();
  for (const segment of previous) {
    const known = longest.get(segment.task);
    if (known === undefined || segment.end - segment.start > known.end - known.start) {
      longest.set(segment.task, segment);
    }
  }
  return longest;
}

/** Whether the earlier plan has the task go on where it runs. */
export function goesOn({ nodes }: IProblem, { current }: IJob, segment: Segment): boolean {
  if (current === undefined) {
    return false;
  }
  const [here, ...elsewhere] = partsOf(current).map(({ node, devices }) => {
    const { id, devices: names } = nodes[node]!;
    return { node: id, devices: devices.map(device => names[device]!) };
  });
  const { strategy } = current.config.option;
  return segment.start === 0 && placeKey(segment) === placeKey({ strategy, ...here!, elsewhere });
}

/** The same strategy, else the widest that needs no more devices than it did; -1 when none fits the node. */
function likest(configs: readonly IConfig[], segment: Segment, node: number, size: number): number {
  const key = strategyKey(segment.strategy);
  const same = configs.findIndex(
    config => allows(config, node) && strategyKey(config.option.strategy) === key
  );
  if (same >= 0 && configs[same]!.devices <= size) {
    return same;
  }
  const most = Math.min(size, segment.strategy.devices);
  return configs.findLastIndex(config => config.devices <= most && allows(config, node));
}

/** The segment in the problem's terms, if every part of it still exists. */
function placedAs(problem: IProblem, job: number, segment: Segment): IPlaced | undefined {
  const own = problem.jobs[job]!;
  const node = problem.nodes.findIndex(({ id }) => id === segment.node);
  const key = strategyKey(segment.strategy);
  const config = goesOn(problem, own, segment)
    ? own.current!.config
    : [...own.configs, ...own.perCount].find(
        one => allows(one, node) && strategyKey(one.option.strategy) === key
      );
  if (node < 0 || config === undefined || segment.elsewhere !== undefined) {
    return undefined;
  }
  const devices = segment.devices.map(device => problem.nodes[node]!.devices.indexOf(device));
  if (devices.length !== config.devices || devices.includes(-1) || new Set(devices).size < devices.length) {
    return undefined;
  }
  return { job, config, node, devices, start: segment.start, end: segment.end };
}

/** Whether no device does two things at once. */
function isFree(problem: IProblem, placed: readonly IPlaced[], slack: number): boolean {
  const free = problem.nodes.map(({ freeAt }) => [...freeAt]);
  for (const { node, devices, start, end } of [...placed].sort(
    (a, b) => a.start - b.start || a.end - b.end
  )) {
    for (const device of devices) {
      if (start < free[node]![device]! - slack) {
        return false;
      }
      free[node]![device] = end;
    }
  }
  return true;
}
