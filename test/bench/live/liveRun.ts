import type { Replan, Segment, SessionState, TaskState } from '../../../src/core/wire/messages.js';
import type { IRun } from '../simulation/history.js';
import { type IScenario, trueStepSeconds } from '../simulation/scenario.js';

/** What a run was like. Times are seconds from when it was asked for. */
export interface ILiveRun {
  runs: IRun[];
  /** The plan that was followed first, its times from the start of training. */
  planned: Segment[];
  makespan: number;
  /** When the first task was started: measuring and planning came before. */
  begun: number;
  trials: number;
  /** Seconds in which plans were looked for, before and while training. */
  planningSeconds: number;
  /** Share of the processors that others used. */
  load?: number;
  /** Plans adopted while tasks trained. */
  replans: Replan[];
  switches: number;
  /** Device-seconds of steps that count, over all device-seconds from the start of training on. */
  utilisation: number;
  /** Means, in seconds: from asking for ranks to their first step, and from the end of their last step to their end. */
  startSeconds: number;
  endSeconds: number;
  /** From the end of a run on a device to the start of the next there: mean, and the longest. */
  gapSeconds: number;
  longestGap: number;
}

/** What was seen of a run. */
export interface ISeen {
  /** The newest of each task that was ever there. */
  tasks: readonly TaskState[];
  state: SessionState;
  /** When training was asked for, in seconds since the epoch. */
  begun: number;
  planned: Segment[];
  planningSeconds: number;
  load: number | undefined;
}

/** What a run of a scenario was like. */
export function liveRunOf(scenario: IScenario, seen: ISeen): ILiveRun {
  const { tasks, state, planned, planningSeconds, load } = seen;
  const runs = tasks.flatMap(task => runsOf(task, seen.begun));
  const trainSeconds = ({ task, strategy, steps }: IRun): number =>
    steps * trueStepSeconds(scenario.tasks.find(entry => entry.task.name === task)!, strategy);
  const begun = runs.reduce((first, { start }) => Math.min(first, start), Infinity);
  const makespan = runs.reduce((latest, { end }) => Math.max(latest, end), 0);
  const devices = scenario.cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
  const trained = runs.reduce((sum, run) => sum + trainSeconds(run) * run.devices.length, 0);
  const starts = tasks.flatMap(({ attempts }) =>
    attempts.flatMap(({ requestedAt, startedAt }) =>
      startedAt === undefined ? [] : [startedAt - requestedAt]
    )
  );
  const gaps = gapsOf(runs);
  return {
    runs,
    planned,
    makespan,
    begun,
    trials: state.trialsDone,
    planningSeconds,
    ...(load !== undefined && { load }),
    replans: state.replans ?? [],
    switches: runs.filter(({ outcome }) => outcome === 'switched').length,
    utilisation: trained / ((makespan - begun) * devices),
    startSeconds: mean(starts),
    endSeconds: mean(runs.map(run => run.end - run.start - trainSeconds(run) - run.overheadSeconds)),
    gapSeconds: mean(gaps),
    longestGap: gaps.reduce((longest, gap) => Math.max(longest, gap), 0)
  };
}

function runsOf({ spec, attempts, checkpointStep = 0, status }: TaskState, begun: number): IRun[] {
  return attempts.map((attempt, index) => {
    const next = attempts[index + 1];
    return {
      task: spec.name,
      strategy: attempt.strategy,
      node: attempt.node,
      devices: attempt.devices,
      start: attempt.requestedAt - begun,
      end: (attempt.endedAt ?? attempt.requestedAt) - begun,
      steps: (next?.fromStep ?? checkpointStep) - (attempt.fromStep ?? 0),
      overheadSeconds: (attempt.startedAt ?? attempt.requestedAt) - attempt.requestedAt,
      outcome: next ? 'switched' : status === 'finished' ? 'done' : 'stopped'
    };
  });
}

/** Seconds between two runs on a device, for all that follow each other. */
function gapsOf(runs: readonly IRun[]): number[] {
  const lanes = new Map<string, IRun[]>();
  for (const run of [...runs].sort((a, b) => a.start - b.start)) {
    for (const device of run.devices) {
      lanes.set(device, [...(lanes.get(device) ?? []), run]);
    }
  }
  return [...lanes.values()].flatMap(lane =>
    lane.slice(1).map((run, index) => Math.max(0, run.start - lane[index]!.end))
  );
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
