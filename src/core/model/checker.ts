import type { Plan, PlanRequest, PlanTask, Segment } from '../wire/generated/types.js';
import { strategyKey, strategyLabel } from './strategy.js';

/** Times may differ by this share of the plan's length: rounding of sums, no more. */
const TOLERANCE = 1e-9;

/** Largest gap of a plan that is called optimal: what a solver's floating-point proof leaves open. */
const PROOF = 1e-5;

/**
 * Check a plan against the question it answers, by the definitions alone: nothing here is shared with the planner.
 *
 * @returns what is wrong, one sentence each; empty when the plan may be carried out.
 */
export function checkPlan(request: PlanRequest, plan: Plan): string[] {
  const schedule = checkSchedule(request, plan.segments, plan.makespan, plan.unplanned);
  const baselines = plan.baselines.flatMap(({ name, makespan, segments }) => {
    const wrong = segments === undefined ? [] : checkSchedule(request, segments, makespan, plan.unplanned);
    if (!(makespan >= plan.makespan - slack(makespan))) {
      wrong.push(`it is shorter (${makespan} s) than the plan (${plan.makespan} s)`);
    }
    return wrong.map(problem => `Baseline ${name}: ${problem}`);
  });
  return [...schedule, ...checkClaims(plan), ...baselines];
}

/** What the plan says of itself: bound, gap, optimality. */
function checkClaims({ makespan, lowerBound, gap, optimal }: Plan): string[] {
  const wrong: string[] = [];
  const off = slack(makespan);
  if (!(lowerBound >= 0 && lowerBound <= makespan + off)) {
    wrong.push(`The lower bound ${lowerBound} s is not between 0 and the makespan ${makespan} s.`);
  }
  const expected = lowerBound > 0 ? makespan / lowerBound - 1 : 0;
  if (!(gap >= 0 && Math.abs(gap - expected) <= TOLERANCE * Math.max(1, expected))) {
    wrong.push(`The gap is given as ${gap}, but makespan and lower bound make it ${expected}.`);
  }
  if (optimal && lowerBound === 0 && makespan > off) {
    wrong.push('The plan is called optimal without any bound.');
  }
  if (optimal && !(gap <= PROOF)) {
    wrong.push(`The plan is called optimal with a gap of ${gap}.`);
  }
  return wrong;
}

function checkSchedule(
  request: PlanRequest,
  segments: Segment[],
  makespan: number,
  unplanned: Plan['unplanned']
): string[] {
  const byTask = new Map<string, Segment[]>(request.tasks.map(task => [task.name, []]));
  const wrong: string[] = [];
  for (const segment of segments) {
    const own = byTask.get(segment.task);
    if (own === undefined) {
      wrong.push(`Task "${segment.task}" was not asked for.`);
    } else {
      own.push(segment);
    }
    wrong.push(...checkSegment(request, segment, slack(makespan)));
  }
  const left = new Set(unplanned.map(entry => entry.task));
  if (left.size !== unplanned.length) {
    wrong.push('A task is listed twice as unplanned.');
  }
  for (const name of left) {
    if (!byTask.has(name)) {
      wrong.push(`Task "${name}" is listed as unplanned but was not asked for.`);
    }
  }
  for (const task of request.tasks) {
    const own = byTask.get(task.name)!.sort((a, b) => a.start - b.start);
    wrong.push(...checkTask(request, task, own, left.has(task.name), slack(makespan)));
  }
  wrong.push(...checkDevices(segments, slack(makespan)));
  const last = segments.reduce((latest, segment) => Math.max(latest, segment.end), 0);
  if (!(Math.abs(makespan - last) <= slack(last))) {
    wrong.push(`The makespan is given as ${makespan} s, but the last segment ends at ${last} s.`);
  }
  return wrong;
}

/** One segment by itself: its place, its strategy, its duration. */
function checkSegment(request: PlanRequest, segment: Segment, off: number): string[] {
  const { task: name, strategy, start, end, steps } = segment;
  const wrong: string[] = [];
  const say = (problem: string) => wrong.push(`Task "${name}": ${problem}.`);
  if (!Number.isFinite(start) || !Number.isFinite(end) || start < 0 || end < start) {
    say(`it cannot run from ${start} s to ${end} s`);
  }
  if (!Number.isInteger(steps) || steps < 0) {
    say(`${steps} is not a number of steps`);
  }
  const node = request.cluster.nodes.find(candidate => candidate.id === segment.node);
  if (node === undefined) {
    say(`there is no node "${segment.node}"`);
  }
  for (const device of segment.devices) {
    if (node !== undefined && !node.devices.some(candidate => candidate.id === device)) {
      say(`node "${segment.node}" has no device "${device}"`);
    }
  }
  if (new Set(segment.devices).size !== segment.devices.length) {
    say('it has a device twice');
  }
  if (segment.devices.length !== strategy.devices) {
    say(`${strategyLabel(strategy)} is given ${segment.devices.length} devices`);
  }
  const task = request.tasks.find(candidate => candidate.name === name);
  if (task === undefined) {
    return wrong;
  }
  const key = strategyKey(strategy);
  const option = task.options.find(candidate => strategyKey(candidate.strategy) === key);
  if (option === undefined) {
    say(`${strategyLabel(strategy)} is not among its options`);
    return wrong;
  }
  if (task.running === undefined && (request.excludeTechniques ?? []).includes(strategy.technique)) {
    say(`the technique ${strategy.technique} is excluded`);
  }
  const seconds = (task.running === undefined ? option.startSeconds : 0) + steps * option.stepSeconds;
  if (!(Math.abs(end - start - seconds) <= off)) {
    say(`it takes ${seconds} s, not the ${end - start} s between its start and its end`);
  }
  return wrong;
}

/** All segments of one task: complete, in turn, and where it runs already. */
function checkTask(
  request: PlanRequest,
  task: PlanTask,
  segments: Segment[],
  unplanned: boolean,
  off: number
): string[] {
  const wrong: string[] = [];
  const say = (problem: string) => wrong.push(`Task "${task.name}": ${problem}.`);
  if (unplanned) {
    if (segments.length > 0) {
      say('it is listed as unplanned and planned as well');
    }
    const able = task.options.find(({ strategy }) => isUsable(request, strategy.technique, strategy.devices));
    if (able !== undefined || task.running !== undefined) {
      say(
        `it is listed as unplanned, but ${strategyLabel(able?.strategy ?? task.running!.strategy)} can run it`
      );
    }
    return wrong;
  }
  if (segments.length === 0) {
    say('it is missing from the plan');
    return wrong;
  }
  const steps = segments.reduce((sum, segment) => sum + segment.steps, 0);
  if (steps !== task.steps) {
    say(`${steps} of its ${task.steps} steps are planned`);
  }
  for (let i = 1; i < segments.length; i++) {
    if (segments[i]!.start < segments[i - 1]!.end - off) {
      say('two of its segments overlap');
    }
  }
  const { running } = task;
  if (running !== undefined) {
    const [segment] = segments;
    const same =
      segments.length === 1 &&
      segment!.start === 0 &&
      segment!.node === running.node &&
      strategyKey(segment!.strategy) === strategyKey(running.strategy) &&
      [...segment!.devices].sort().join('\n') === [...running.devices].sort().join('\n');
    if (!same) {
      say('it is running already and must go on where it is');
    }
  }
  return wrong;
}

function isUsable(request: PlanRequest, technique: string, devices: number): boolean {
  return (
    !(request.excludeTechniques ?? []).includes(technique) &&
    request.cluster.nodes.some(node => node.devices.length >= devices)
  );
}

/** No device does two things at once. */
function checkDevices(segments: Segment[], off: number): string[] {
  const byDevice = new Map<string, Segment[]>();
  for (const segment of segments) {
    for (const device of segment.devices) {
      const key = `"${device}" of node "${segment.node}"`;
      const own = byDevice.get(key);
      if (own === undefined) {
        byDevice.set(key, [segment]);
      } else {
        own.push(segment);
      }
    }
  }
  const wrong: string[] = [];
  for (const [device, own] of byDevice) {
    own.sort((a, b) => a.start - b.start || a.end - b.end);
    for (let i = 1; i < own.length; i++) {
      const [earlier, later] = [own[i - 1]!, own[i]!];
      if (later.start < earlier.end - off) {
        wrong.push(
          `Tasks "${earlier.task}" and "${later.task}" both use device ${device} at ${later.start} s.`
        );
      }
    }
  }
  return wrong;
}

function slack(seconds: number): number {
  return TOLERANCE * Math.abs(seconds);
}
