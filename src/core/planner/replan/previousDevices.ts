import type { Segment } from '../../wire/messages.js';
import type { IProblem } from '../problem/problem.js';
import type { IPlaced, ISchedule } from '../schedule/schedule.js';

/** A time at which a task of the schedule starts on a device it had in the earlier plan. */
interface IDevicePreference {
  start: number;
  job: number;
}

/**
 * The same schedule, with tasks on the devices they had in an earlier plan wherever those are free. Any devices free
 * at the start of a task will do as long as tasks choose in the order of their starts: at no time do more devices
 * have a task than the node has.
 */
export function onPreviousDevices(
  problem: IProblem,
  schedule: ISchedule,
  previous: readonly Segment[]
): ISchedule {
  const wanted = wantedDevices(problem, schedule, previous);
  const free = problem.nodes.map(({ freeAt }) => [...freeAt]);
  const preferences: IDevicePreference[][][] = free.map(devices => devices.map(() => []));
  const inTurn = [...schedule.placed.keys()].sort(
    (a, b) => schedule.placed[a]!.start - schedule.placed[b]!.start
  );
  const placed = [...schedule.placed];
  const stays = ({ job, config }: IPlaced) => config === problem.jobs[job]!.current?.config;
  const take = ({ node, devices, end }: IPlaced) => {
    for (const device of devices) {
      free[node]![device] = end;
    }
  };
  for (const index of inTurn) {
    const { job, node, start } = placed[index]!;
    for (const device of wanted[index]!) {
      preferences[node]![device]!.push({ start, job });
    }
  }
  placed.filter(stays).forEach(take);
  for (const index of inTurn) {
    const one = placed[index]!;
    if (!stays(one)) {
      const devices = choose(one, free[one.node]!, wanted[index]!, preferences[one.node]!);
      placed[index] = { ...one, devices };
      take(placed[index]);
    }
  }
  return { placed, makespan: schedule.makespan };
}

/** Per placed job, the devices the earlier plan gave it, if that was on the same node and as many. */
function wantedDevices(problem: IProblem, { placed }: ISchedule, previous: readonly Segment[]): number[][] {
  const before = new Map<string, Segment[]>();
  for (const segment of previous) {
    before.set(segment.task, [...(before.get(segment.task) ?? []), segment]);
  }
  return placed.map(({ job, node, devices: { length } }) => {
    const { id, devices } = problem.nodes[node]!;
    const same = before
      .get(problem.jobs[job]!.name)
      ?.find(segment => segment.node === id && segment.devices.length === length);
    return (same?.devices ?? []).map(device => devices.indexOf(device)).filter(device => device >= 0);
  });
}

/** Of the free devices first those wanted, then those nobody wants meanwhile, then those idle for the shortest time. */
function choose(
  { job, start, end, devices: { length } }: IPlaced,
  free: readonly number[],
  wanted: readonly number[],
  preferences: readonly IDevicePreference[][]
): number[] {
  const rank = (device: number) => {
    if (wanted.includes(device)) {
      return 0;
    }
    return preferences[device]!.some(
      preference => preference.job !== job && preference.start >= start && preference.start < end
    )
      ? 2
      : 1;
  };
  const candidates = [...free.keys()].filter(device => free[device]! <= start);
  const chosen = candidates
    .sort((a, b) => rank(a) - rank(b) || free[b]! - free[a]! || a - b)
    .slice(0, length);
  // The order within a task is part of its assignment: devices stand for ranks.
  const asBefore = wanted.length === length && wanted.every(device => chosen.includes(device));
  return asBefore ? [...wanted] : chosen.sort((a, b) => a - b);
}
