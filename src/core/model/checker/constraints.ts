import type { Conflict, PlanRequest, PlanTask, Segment } from '../../wire/messages.js';
import { strategyKey, strategyLabel } from '../strategy.js';
import { type IRun, runsOf, sharesOf } from './deviceRuns.js';
import { slack } from './tolerance.js';

/** A constraint that a schedule does not meet. */
export interface IUnmetConstraint extends Pick<Conflict, 'constraint' | 'task'> {
  message: string;
}

const SECONDS_PER_HOUR = 3600;

/** The constraints of a request that a schedule does not meet, be it possible or not. */
export function unmetConstraints(
  request: PlanRequest,
  segments: Segment[],
  makespan: number
): IUnmetConstraint[] {
  const off = slack(makespan);
  const unmet = request.tasks.flatMap(task =>
    unmetOfTask(
      task,
      segments.filter(segment => segment.task === task.name),
      off
    )
  );
  const runs = runsOf(segments, off, () => undefined);
  const { concurrent, deviceSeconds, cost } = request.limits ?? {};
  const most = concurrent === undefined ? 0 : mostAtOnce(runs, off);
  if (concurrent !== undefined && most > concurrent) {
    unmet.push({
      constraint: 'concurrent',
      message: `${most} runs go on at once; at most ${concurrent} may.`
    });
  }
  const spent = sum(runs, () => 1);
  if (deviceSeconds !== undefined && spent > deviceSeconds + slack(deviceSeconds)) {
    unmet.push({
      constraint: 'device-seconds',
      message: `It takes ${spent} device-seconds; at most ${deviceSeconds} are allowed.`
    });
  }
  const paid = sum(runs, node => (request.prices?.[node] ?? 0) / SECONDS_PER_HOUR);
  if (cost !== undefined && paid > cost + slack(cost)) {
    unmet.push({ constraint: 'cost', message: `It costs ${paid}; at most ${cost} is allowed.` });
  }
  return unmet;
}

/** Whether a request constraints anything that a schedule may fail to meet. */
export function hasConstraints({ tasks, limits = {} }: PlanRequest): boolean {
  return (
    Object.keys(limits).length > 0 ||
    tasks.some(
      ({ pin, earliestStart, deadline }) =>
        pin !== undefined || earliestStart !== undefined || deadline !== undefined
    )
  );
}

function unmetOfTask(task: PlanTask, segments: Segment[], off: number): IUnmetConstraint[] {
  const unmet: IUnmetConstraint[] = [];
  const { name, pin, earliestStart = 0, deadline = Infinity } = task;
  const say = (constraint: IUnmetConstraint['constraint'], problem: string) =>
    unmet.push({ constraint, task: name, message: `Task "${name}": ${problem}.` });
  for (const segment of segments) {
    if (pin?.strategy !== undefined && strategyKey(pin.strategy) !== strategyKey(segment.strategy)) {
      say(
        'pin',
        `it runs as ${strategyLabel(segment.strategy)}, not as ${strategyLabel(pin.strategy)}, to which it is pinned`
      );
    }
    for (const { node, devices } of sharesOf(segment)) {
      if (pin?.node !== undefined && pin.node !== node) {
        say('pin', `it runs on node "${node}", not on "${pin.node}", to which it is pinned`);
      } else if (pin?.devices !== undefined && !devices.every(device => pin.devices!.includes(device))) {
        say('pin', `it runs on ${devices.join(', ')}, but is pinned to ${pin.devices.join(', ')}`);
      }
    }
    if (segment.start < earliestStart - off) {
      say('earliest-start', `it starts at ${segment.start} s, before ${earliestStart} s`);
    }
    if (segment.end > deadline + Math.max(off, slack(deadline))) {
      say('deadline', `it ends at ${segment.end} s, after its deadline at ${deadline} s`);
    }
  }
  return unmet;
}

/** Most runs that go on at one time. */
function mostAtOnce(runs: IRun[], off: number): number {
  const ends = runs.filter(run => run.end - run.start > off);
  let most = 0;
  for (const { start } of ends) {
    const now = ends.filter(run => run.start <= start + off && run.end > start + off);
    most = Math.max(most, now.length);
  }
  return most;
}

function sum(runs: IRun[], price: (node: string) => number): number {
  let total = 0;
  for (const { start, end, shares } of runs) {
    for (const { node, devices } of shares) {
      total += (end - start) * devices.length * price(node);
    }
  }
  return total;
}
