import { likelyShare } from '../model/likelyShare.js';
import type { Plan, PlanOption, PlanRequest, PlanTask, Segment } from '../wire/messages.js';

/**
 * A request in which a step counts as much as it is likely to be made: what is likely to end before its last step takes
 * less time, and is a task like any other. Its plans have every task make all of its steps.
 */
export function inLikelyTime(request: PlanRequest): PlanRequest {
  if (request.tasks.every(({ likely }) => likely === undefined)) {
    return request;
  }
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const { fusions } = request;
  // Tasks that run in one run go on in it until the last of them is done.
  const runOf = (task: PlanTask): PlanTask[] => {
    const fusion = task.running?.fusion;
    return fusion === undefined ? [task] : request.tasks.filter(other => other.running?.fusion === fusion);
  };
  return {
    ...request,
    tasks: request.tasks.map(({ likely: _, ...task }) => ({
      ...task,
      options: stretched(task.options, likelyShare(runOf(tasks.get(task.name)!)))
    })),
    ...(fusions && {
      fusions: fusions.map(({ tasks: names, options }) => {
        const members = names.flatMap(name => tasks.get(name) ?? []);
        return { tasks: names, options: stretched(options, likelyShare(members)) };
      })
    })
  };
}

/** The answer to a request as that of the same in likely time. */
export function withLikelySteps(request: PlanRequest, answer: Plan): Plan {
  const shares = new Map(request.tasks.map(task => [task.name, likelyShare([task])]));
  if (![...shares.values()].some(share => share < 1)) {
    return answer;
  }
  const told = (segments: readonly Segment[]): Segment[] =>
    segments.map(segment => {
      const share = shares.get(segment.task) ?? 1;
      return share < 1 && segment.steps > 0 ? { ...segment, likely: share * segment.steps } : segment;
    });
  return {
    ...answer,
    segments: told(answer.segments),
    baselines: answer.baselines.map(baseline =>
      baseline.segments === undefined ? baseline : { ...baseline, segments: told(baseline.segments) }
    ),
    atMost: lengthToTheEnd(request, answer.segments)
  };
}

function stretched(options: readonly PlanOption[], share: number): PlanOption[] {
  return options.map(({ stepSecondsLow, stepSecondsHigh, ...option }) => ({
    ...option,
    stepSeconds: share * option.stepSeconds,
    ...(stepSecondsLow !== undefined && { stepSecondsLow: share * stepSecondsLow }),
    ...(stepSecondsHigh !== undefined && { stepSecondsHigh: share * stepSecondsHigh })
  }));
}

/** How long segments take, in their order on each device, when every task makes all of its steps. */
function lengthToTheEnd({ tasks }: PlanRequest, segments: readonly Segment[]): number {
  const named = new Map(tasks.map(task => [task.name, task]));
  const runs = new Map<string, Segment[]>();
  for (const [index, segment] of segments.entries()) {
    const key = segment.fusion === undefined ? String(index) : `f ${segment.fusion}`;
    runs.set(key, [...(runs.get(key) ?? []), segment]);
  }
  const free = new Map<string, number>();
  let last = 0;
  for (const members of [...runs.values()].sort(([a], [b]) => a!.start - b!.start)) {
    const { start, end, node, devices, elsewhere = [], overheadSeconds = 0 } = members[0]!;
    const share = likelyShare(
      members.map(({ task, steps }) => {
        const { steps: all, likely = all } = named.get(task)!;
        return { steps, likely: all > 0 ? (steps * likely) / all : 0 };
      })
    );
    const places = [{ node, devices }, ...elsewhere].flatMap(place =>
      place.devices.map(device => `d ${place.node} ${device}`)
    );
    const keys = [...places, ...members.map(({ task }) => `t ${task}`)];
    const begin = keys.reduce((latest, key) => Math.max(latest, free.get(key) ?? 0), start);
    const over = begin + overheadSeconds + (end - start - overheadSeconds) / share;
    for (const key of keys) {
      free.set(key, over);
    }
    last = Math.max(last, over);
  }
  return last;
}
