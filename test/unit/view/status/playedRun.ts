import type { Attempt, Segment, SessionState, TaskState } from '../../../../src/core/wire/messages.js';

/** How a run goes in truth. */
export interface ITruth {
  /** Seconds between two tasks on a device. */
  readonly gap?: number;
  /** Seconds to the first step. */
  readonly start?: number;
  /** So many times as long as measured does a step take. */
  readonly stretch?: number;
  /** Seconds from the last step to the end. */
  readonly end?: number;
}

/** A run that follows a plan, as it goes in truth. */
export interface IPlayedRun {
  /** Seconds from its beginning to its end. */
  readonly seconds: number;
  /** The session so many seconds after its beginning. */
  at(seconds: number): SessionState;
}

/** Train a planned session on its own, as it is told to go. */
export function playedRun(state: SessionState, begin: number, truth: ITruth = {}): IPlayedRun {
  const { gap = 0, start = 1.2, stretch = 1, end = 0 } = truth;
  const free = new Map<string, number>();
  const runs = new Map<string, { segment: Segment; from: number; step: number; ends: number }>();
  for (const segment of [...state.plan!.plan.segments].sort((a, b) => a.start - b.start)) {
    const from = Math.max(...segment.devices.map(device => (free.get(device) ?? -gap) + gap));
    const step = ((segment.end - segment.start - 1.2) / segment.steps) * stretch;
    const ends = from + start + segment.steps * step + end;
    for (const device of segment.devices) {
      free.set(device, ends);
    }
    runs.set(segment.task, { segment, from, step, ends });
  }
  const taskAt = (task: TaskState, time: number): TaskState => {
    const run = runs.get(task.spec.name);
    if (!run || time < run.from) {
      return task;
    }
    const { segment, from, step, ends } = run;
    const trained = from + start;
    const done = Math.min(segment.steps, Math.max(0, Math.floor((time - trained) / step)));
    const over = time >= ends;
    const attempt: Attempt = {
      number: 1,
      ...{ strategy: segment.strategy, node: segment.node, devices: segment.devices },
      requestedAt: begin + from,
      fromStep: 0,
      ...(time >= trained && { startedAt: begin + trained }),
      ...(done >= 3 && { stepSeconds: step }),
      ...(over && { endedAt: begin + ends, outcome: 'finished' as const })
    };
    return {
      ...task,
      status: over ? 'finished' : time >= trained ? 'running' : 'starting',
      attempts: [attempt],
      progress:
        done === 0
          ? { step: 0 }
          : { step: done, stepSeconds: step, at: begin + (over ? ends : trained + done * step) },
      ...(over && { result: { metrics: {} } })
    };
  };
  const seconds = Math.max(...[...runs.values()].map(({ ends }) => ends));
  return {
    seconds,
    at: time => ({
      ...state,
      goal: time < seconds ? 'run' : 'none',
      run: { startedAt: begin, ...(time >= seconds && { endedAt: begin + seconds }) },
      plan: { ...state.plan!, startedAt: begin },
      tasks: state.tasks.map(task => taskAt(task, time))
    })
  };
}
