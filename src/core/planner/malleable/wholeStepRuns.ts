import type { IProblem } from '../problem/problem.js';
import type { IPlaced } from '../schedule/schedule.js';
import { type IRun, type ITiming, runsOf, type Stage } from './stages.js';

/** A run with the whole steps it does. */
export interface IWholeStepRun extends IRun {
  steps: number;
}

/** The runs of timed stages, each job's steps shared out as the times tell; each as near as whole steps can be. */
export function wholeStepRuns(
  problem: IProblem,
  node: number,
  stages: readonly Stage[],
  { seconds }: ITiming
): IWholeStepRun[] {
  const stretches = runsOf(problem, node, stages).map(run => ({ ...run, steps: 0 }));
  const byJob = new Map<number, IWholeStepRun[]>();
  for (const stretch of stretches) {
    byJob.set(stretch.job, [...(byJob.get(stretch.job) ?? []), stretch]);
  }
  for (const [job, own] of byJob) {
    const { steps } = problem.jobs[job]!;
    let exact = 0;
    let done = 0;
    for (const stretch of own) {
      const { stepSeconds } = stretch.config.option;
      let training = -stretch.overhead;
      for (let stage = stretch.from; stage < stretch.to; stage++) {
        training += seconds[stage]!;
      }
      exact += stepSeconds > 0 ? Math.max(0, training) / stepSeconds : steps;
      stretch.steps = Math.min(steps, Math.round(exact)) - done;
      done += stretch.steps;
    }
    own[own.length - 1]!.steps += steps - done;
  }
  return stretches;
}

/** A gap of this share of the whole is rounding. */
const ROUNDING = 1e-8;

/**
 * Give stretches their devices and times: each in turn takes devices free by the stages, and starts when they are and
 * when the job's stretch before it has ended. Whole steps make that a little later or sooner than the stages tell.
 * Those that go on where their jobs run come first, or others might take their devices. What then turns out to go on
 * where it was is no switch and pays none.
 */
export function placeRuns(
  problem: IProblem,
  node: number,
  stretches: readonly IWholeStepRun[],
  { seconds, makespan }: ITiming
): IPlaced[] {
  const starts = [0];
  for (const length of seconds) {
    starts.push(starts[starts.length - 1]! + length);
  }
  const free = [...problem.nodes[node]!.freeAt];
  /** Per device, the first stage that may use it. */
  const idleFrom = free.map(time => (time > 0 ? firstAt(starts, time) : 0));
  const last = new Map<number, IPlaced & { steps: number; overhead: number }>();
  const all: IPlaced[] = [];
  const inTurn = [...stretches].sort((a, b) => Number(b.kept) - Number(a.kept));
  for (const { job, config, from, to, overhead, kept, steps } of inTurn) {
    const { current } = problem.jobs[job]!;
    const { startSeconds, stopSeconds = 0, stepSeconds } = config.option;
    const before = last.get(job);
    const devices = kept
      ? current!.devices
      : free
          .map((time, device) => ({ time, device }))
          .filter(({ device }) => idleFrom[device]! <= from)
          .sort((a, b) => b.time - a.time || a.device - b.device)
          .slice(0, config.devices)
          .map(({ device }) => device)
          .sort((a, b) => a - b);
    const start = devices.reduce((latest, device) => Math.max(latest, free[device]!), before?.end ?? 0);
    let placed = { job, config, node, devices, start, end: start, steps, overhead };
    if (
      before?.config.option === config.option &&
      sameDevices(before.devices, devices) &&
      start <= before.end + ROUNDING * makespan
    ) {
      placed = before;
      placed.steps += steps;
      placed.overhead += overhead - startSeconds - stopSeconds;
    } else {
      if (before === undefined && start === 0 && !kept && current?.node === node) {
        const goesOn = current.config.option === config.option && sameDevices(current.devices, devices);
        placed.overhead -= goesOn ? startSeconds + stopSeconds : 0;
      }
      all.push(placed);
      last.set(job, placed);
    }
    placed.end = placed.start + (placed.overhead + placed.steps * stepSeconds);
    for (const device of devices) {
      free[device] = placed.end;
      idleFrom[device] = to;
    }
  }
  return all;
}

function sameDevices(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every(device => b.includes(device));
}

/** The first stage that starts at a time or after it, but for rounding. */
function firstAt(starts: number[], time: number): number {
  const index = starts.findIndex(start => start >= time * (1 - 1e-7));
  return index < 0 ? starts.length : index;
}
