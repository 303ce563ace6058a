import type { PlanOption, PlanRequest, PlanTask, Segment, Unplanned } from '../../wire/messages.js';
import { isMeasuredFor } from '../deviceModels.js';
import { type IRun, runsOf, sharesOf } from '../schedule/deviceRuns.js';
import { goesOnRunning, historyOf, type IHistory, runningOption } from '../schedule/taskHistory.js';
import { slack } from '../schedule/tolerance.js';
import { strategyKey, strategyLabel, usableBy } from '../strategy.js';

/** What a schedule claims to be. */
export interface IClaim {
  segments: Segment[];
  makespan: number;
  unplanned: Unplanned[];
}

/** What no constraint and no rule can change: places, durations, devices, all steps done. */
export function checkFeasibility(request: PlanRequest, claim: IClaim): string[] {
  const { segments, makespan, unplanned } = claim;
  const off = slack(makespan);
  const wrong: string[] = [];
  const say = (problem: string) => wrong.push(problem);
  const byTask = new Map<string, Segment[]>(request.tasks.map(task => [task.name, []]));
  const histories = new Map<Segment, IHistory>();
  for (const segment of segments) {
    const own = byTask.get(segment.task);
    if (own === undefined) {
      say(`Task "${segment.task}" was not asked for.`);
    } else {
      own.push(segment);
    }
    checkPlace(request, segment, say);
  }
  checkUnplanned(request, unplanned, byTask, say);
  for (const task of request.tasks) {
    const own = byTask.get(task.name)!.sort((a, b) => a.start - b.start);
    for (const [segment, history] of historyOf(task, own, off)) {
      histories.set(segment, history);
    }
    if (!unplanned.some(entry => entry.task === task.name)) {
      checkComplete(task, own, off, say);
    }
  }
  const runs = runsOf(segments, off, say);
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  for (const run of runs) {
    checkRun(request, tasks, run, histories, off, say);
  }
  checkDevices(runs, off, say);
  const last = segments.reduce((latest, segment) => Math.max(latest, segment.end), 0);
  if (!(Math.abs(makespan - last) <= slack(last))) {
    say(`The makespan is given as ${makespan} s, but the last segment ends at ${last} s.`);
  }
  return wrong;
}

type Say = (problem: string) => void;

/** One segment by itself: its times, its steps, its devices. */
function checkPlace(request: PlanRequest, segment: Segment, sayAll: Say): void {
  const { task, strategy, start, end, steps } = segment;
  const say = (problem: string) => sayAll(`Task "${task}": ${problem}.`);
  if (!Number.isFinite(start) || !Number.isFinite(end) || start < 0 || end < start) {
    say(`it cannot run from ${start} s to ${end} s`);
  }
  if (!Number.isInteger(steps) || steps < 0) {
    say(`${steps} is not a number of steps`);
  }
  const shares = sharesOf(segment);
  for (const share of shares) {
    const node = request.cluster.nodes.find(candidate => candidate.id === share.node);
    if (node === undefined) {
      say(`there is no node "${share.node}"`);
    }
    for (const device of share.devices) {
      if (node !== undefined && !node.devices.some(candidate => candidate.id === device)) {
        say(`node "${share.node}" has no device "${device}"`);
      }
    }
    const partition = node?.devices.find(({ id, partition }) => partition && share.devices.includes(id));
    if (strategy.devices > 1 && partition !== undefined) {
      say(`device "${partition.id}" is a part of a divided GPU, which works with no other`);
    }
    if (new Set(share.devices).size !== share.devices.length) {
      say('it has a device twice');
    }
    if (share.devices.length * shares.length !== strategy.devices) {
      const where = shares.length === 1 ? '' : ` of node "${share.node}"`;
      say(`${strategyLabel(strategy)} is given ${share.devices.length} devices${where}`);
    }
  }
  if (new Set(shares.map(share => share.node)).size !== shares.length) {
    say('it spans a node twice');
  }
}

function checkUnplanned(
  request: PlanRequest,
  unplanned: Unplanned[],
  byTask: Map<string, Segment[]>,
  say: Say
): void {
  const left = new Set(unplanned.map(entry => entry.task));
  if (left.size !== unplanned.length) {
    say('A task is listed twice as unplanned.');
  }
  for (const name of left) {
    const task = request.tasks.find(candidate => candidate.name === name);
    if (task === undefined) {
      say(`Task "${name}" is listed as unplanned but was not asked for.`);
      continue;
    }
    if (byTask.get(name)!.length > 0) {
      say(`Task "${name}": it is listed as unplanned and planned as well.`);
    }
    const able = task.running ?? task.options.find(option => canRun(request, option));
    if (able !== undefined) {
      say(`Task "${name}": it is listed as unplanned, but ${strategyLabel(able.strategy)} can run it.`);
    }
  }
}

/** Whether an option could run somewhere, were it alone. */
function canRun(request: PlanRequest, option: PlanOption): boolean {
  const { strategy, nodes, span = 1, peakBytes = 0 } = option;
  if ((request.excludeTechniques ?? []).includes(strategy.technique) || strategy.devices % span !== 0) {
    return false;
  }
  const able = request.cluster.nodes.filter(
    ({ id, devices }) =>
      (nodes?.includes(id) ?? true) &&
      usableBy(strategy, devices).filter(
        device => device.memoryBytes >= peakBytes && isMeasuredFor(option, { node: id, devices: [device.id] })
      ).length >=
        strategy.devices / span
  );
  return able.length >= span;
}

/** All steps of one task, in turn. */
function checkComplete(task: PlanTask, segments: Segment[], off: number, sayAll: Say): void {
  const say = (problem: string) => sayAll(`Task "${task.name}": ${problem}.`);
  if (segments.length === 0) {
    say('it is missing from the plan');
    return;
  }
  const steps = segments.reduce((sum, segment) => sum + segment.steps, 0);
  if (steps !== task.steps) {
    say(`${steps} of its ${task.steps} steps are planned`);
  }
  for (const { steps, likely = steps } of segments) {
    const due = task.steps > 0 ? (steps * (task.likely ?? task.steps)) / task.steps : 0;
    if (!(Math.abs(likely - due) <= slack(due))) {
      say(`${due} of the ${steps} steps of a segment are likely to be made, not ${likely}`);
    }
  }
  for (let i = 1; i < segments.length; i++) {
    if (segments[i]!.start < segments[i - 1]!.end - off) {
      say('two of its segments overlap');
    }
  }
}

/** The option a run goes by, and its duration. */
function checkRun(
  request: PlanRequest,
  tasks: ReadonlyMap<string, PlanTask>,
  run: IRun,
  histories: Map<Segment, IHistory>,
  off: number,
  sayAll: Say
): void {
  const { segments } = run;
  const segment = segments[0]!;
  const { strategy, fusion } = segment;
  const name = fusion === undefined ? `Task "${segment.task}"` : `Fusion "${fusion}"`;
  const say = (problem: string) => sayAll(`${name}: ${problem}.`);
  const task = tasks.get(segment.task);
  if (task === undefined) {
    return;
  }
  const running = segments.every(member => {
    const own = tasks.get(member.task);
    return own !== undefined && goesOnRunning(own, member);
  });
  const options = fusion === undefined || running ? task.options : fusionOptions(request, segments);
  if (options === undefined) {
    say(`${segments.map(member => member.task).join(', ')} are not tasks that can run fused`);
    return;
  }
  const option = running ? runningOption(task) : optionOf(options, segment, say);
  if (option === undefined) {
    return;
  }
  if (!running) {
    checkAllowed(request, run, option, say);
  }
  const own = segments.map(member => histories.get(member)!).filter(history => history !== undefined);
  const start = own.every(history => history.goesOn) ? 0 : option.startSeconds;
  const stop = own.some(history => history.leaves) ? (option.stopSeconds ?? 0) : 0;
  const overhead = start + stop + Math.max(...own.map(history => history.oldStop));
  const steps = Math.max(...segments.map(({ steps, likely = steps }) => likely));
  const seconds = overhead + steps * option.stepSeconds;
  if (!(Math.abs(run.end - run.start - seconds) <= off)) {
    say(`it takes ${seconds} s, not the ${run.end - run.start} s between its start and its end`);
  }
  for (const { overheadSeconds } of segments) {
    if (overheadSeconds !== undefined && !(Math.abs(overheadSeconds - overhead) <= off)) {
      say(
        `starting and stopping ${strategyLabel(strategy)} take ${overhead} s here, not ${overheadSeconds} s`
      );
    }
  }
}

/** How exactly these tasks together may run fused. */
function fusionOptions(request: PlanRequest, segments: Segment[]): PlanOption[] | undefined {
  const key = (tasks: string[]) => [...tasks].sort().join('\n');
  const own = key(segments.map(segment => segment.task));
  return request.fusions?.find(fusion => key(fusion.tasks) === own)?.options;
}

function optionOf(options: PlanOption[], segment: Segment, say: Say): PlanOption | undefined {
  const label = strategyLabel(segment.strategy);
  const key = strategyKey(segment.strategy);
  const own = options.filter(({ strategy }) => strategyKey(strategy) === key);
  if (own.length === 0) {
    say(`${label} is not among its options`);
    return undefined;
  }
  const shares = sharesOf(segment);
  const nodes = shares.map(share => share.node);
  const spanning = own.filter(({ span = 1 }) => span === nodes.length);
  if (spanning.length === 0) {
    say(`${label} does not run across ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`);
    return undefined;
  }
  const option = spanning.find(candidate => shares.every(share => isMeasuredFor(candidate, share)));
  if (option === undefined) {
    const isThere = spanning.some(one => nodes.every(node => one.nodes?.includes(node) ?? true));
    const devices = isThere ? `devices ${segment.devices.map(id => `"${id}"`).join(' and ')} of ` : '';
    say(`${label} is not measured for ${devices}node ${nodes.map(node => `"${node}"`).join(' and ')}`);
  }
  return option;
}

/** Whether a run that begins may do so: its technique, its memory. */
function checkAllowed(request: PlanRequest, { shares }: IRun, option: PlanOption, say: Say): void {
  const { strategy, peakBytes = 0 } = option;
  if ((request.excludeTechniques ?? []).includes(strategy.technique)) {
    say(`the technique ${strategy.technique} is excluded`);
  }
  for (const share of shares) {
    const node = request.cluster.nodes.find(candidate => candidate.id === share.node);
    for (const { id, memoryBytes } of node?.devices ?? []) {
      if (share.devices.includes(id) && memoryBytes < peakBytes) {
        say(
          `${strategyLabel(strategy)} needs ${peakBytes} bytes, ` +
            `but device "${id}" of node "${share.node}" has ${memoryBytes}`
        );
      }
    }
  }
}

/** No device does two things at once. */
function checkDevices(runs: IRun[], off: number, say: Say): void {
  const byDevice = new Map<string, IRun[]>();
  for (const run of runs) {
    for (const { node, devices } of run.shares) {
      for (const device of devices) {
        const key = `"${device}" of node "${node}"`;
        const own = byDevice.get(key);
        if (own === undefined) {
          byDevice.set(key, [run]);
        } else {
          own.push(run);
        }
      }
    }
  }
  for (const [device, own] of byDevice) {
    own.sort((a, b) => a.start - b.start || a.end - b.end);
    for (let i = 1; i < own.length; i++) {
      const [earlier, later] = [own[i - 1]!, own[i]!];
      if (later.start < earlier.end - off) {
        const names = [earlier, later].map(run => `"${run.segments[0]!.task}"`);
        say(`Tasks ${names.join(' and ')} both use device ${device} at ${later.start} s.`);
      }
    }
  }
}
