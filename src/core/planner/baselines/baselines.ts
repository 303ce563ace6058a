import type { Baseline } from '../../wire/generated/types.js';
import type { Config } from '../pareto.js';
import type { Problem } from '../problem.js';
import { below, mulberry32, type Random } from '../random.js';
import { type Schedule, Scheduler } from '../schedule/schedule.js';

/** A simple rule and the schedule it makes. */
export interface BaselineSchedule {
  name: Baseline['name'];
  schedule: Schedule;
}

/**
 * What people do without a planner. Each rule gives a real schedule of the same tasks on the same devices; tasks that
 * run already stay. The rules follow the baselines of the Saturn paper (Nagrecha and Kumar, PVLDB 17(4), sections
 * 4.3 and 5); where the paper gives a task a whole node, it is each node's own size that counts.
 */
export function makeBaselines(problem: Problem, seed: number): BaselineSchedule[] {
  return [
    { name: 'max', schedule: max(problem) },
    { name: 'min', schedule: min(problem) },
    { name: 'random', schedule: random(problem, mulberry32(seed)) },
    { name: 'current-practice', schedule: currentPractice(problem) },
    { name: 'optimus-dynamic', schedule: optimusGreedy(problem) }
  ];
}

/** Every task on as many devices of a node as it can use, one after another in the given order. */
function max(problem: Problem): Schedule {
  const scheduler = new Scheduler(problem);
  for (const [job, { perCount }] of problem.jobs.entries()) {
    placeFirstDone(scheduler, job, size => fitting(perCount, size).at(-1));
  }
  return scheduler.schedule();
}

/**
 * Every task on as few devices as it can use, in the given order. When there are more devices than tasks, each may
 * use an even share of them.
 */
function min(problem: Problem): Schedule {
  const scheduler = new Scheduler(problem);
  const share = Math.floor(problem.deviceCount / Math.max(1, problem.jobs.length + problem.running.length));
  for (const [job, { perCount }] of problem.jobs.entries()) {
    const config = fitting(perCount, share).at(-1) ?? perCount[0]!;
    scheduler.place(job, config, scheduler.soonest(config.devices));
  }
  return scheduler.schedule();
}

/** Random order, random strategy, random node on which it fits. */
function random(problem: Problem, next: Random): Schedule {
  const scheduler = new Scheduler(problem);
  const order = problem.jobs.map((_, job) => job);
  for (let i = order.length - 1; i > 0; i--) {
    const other = below(next, i + 1);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  for (const job of order) {
    const { perCount } = problem.jobs[job]!;
    const config = perCount[below(next, perCount.length)]!;
    const nodes = scheduler.timelines.flatMap(({ size }, node) => (size >= config.devices ? [node] : []));
    scheduler.place(job, config, nodes[below(next, nodes.length)]!);
  }
  return scheduler.schedule();
}

/**
 * An expert without a scheduler: each task has a node to itself and runs there by its fastest strategy. Longest
 * tasks first, so that the nodes finish close together.
 */
function currentPractice(problem: Problem): Schedule {
  const scheduler = new Scheduler(problem);
  const fastest = problem.jobs.map(({ configs }) => configs.at(-1)!.seconds);
  const order = problem.jobs.map((_, job) => job).sort((a, b) => fastest[b]! - fastest[a]! || a - b);
  for (const job of order) {
    placeFirstDone(scheduler, job, size => fitting(problem.jobs[job]!.configs, size).at(-1));
  }
  return scheduler.schedule();
}

/**
 * Optimus as the paper adapts it: waiting tasks start on the fewest devices they can use, and devices still free go
 * one step at a time to the task whose run time they cut most. Done again whenever devices become free; a task once
 * started keeps what it has.
 */
function optimusGreedy(problem: Problem): Schedule {
  const scheduler = new Scheduler(problem);
  let waiting = problem.jobs.map((_, job) => job);
  let now = 0;
  while (waiting.length > 0) {
    const before = waiting.length;
    for (const [node, timeline] of scheduler.timelines.entries()) {
      const started = handOut(problem, waiting, timeline.freeCount(now));
      for (const [job, config] of started) {
        scheduler.place(job, config, node, now);
      }
      waiting = waiting.filter(job => !started.has(job));
    }
    if (waiting.length === before) {
      now = nextFree(scheduler, now);
    }
  }
  return scheduler.schedule();
}

/** Share the free devices of one node among the waiting tasks. */
function handOut(problem: Problem, waiting: number[], free: number): Map<number, Config> {
  const given = new Map<number, Config>();
  let left = free;
  for (const job of waiting) {
    const least = problem.jobs[job]!.configs[0]!;
    if (least.devices <= left) {
      given.set(job, least);
      left -= least.devices;
    }
  }
  for (;;) {
    let best: { job: number; config: Config; gain: number } | undefined;
    for (const [job, current] of given) {
      for (const config of problem.jobs[job]!.configs) {
        const more = config.devices - current.devices;
        const gain = (current.seconds - config.seconds) / more;
        if (more > 0 && more <= left && gain > (best?.gain ?? 0)) {
          best = { job, config, gain };
        }
      }
    }
    if (best === undefined) {
      return given;
    }
    left -= best.config.devices - given.get(best.job)!.devices;
    given.set(best.job, best.config);
  }
}

/** The first time after `now` at which a device becomes free. */
function nextFree(scheduler: Scheduler, now: number): number {
  let next = Infinity;
  for (const timeline of scheduler.timelines) {
    for (const time of timeline.times()) {
      if (time > now) {
        next = Math.min(next, time);
      }
    }
  }
  return next;
}

/** Give a task a whole node: the one on which it would be done first. */
function placeFirstDone(
  scheduler: Scheduler,
  job: number,
  configOn: (size: number) => Config | undefined
): void {
  let best: { node: number; config: Config; start: number; end: number } | undefined;
  for (const [node, timeline] of scheduler.timelines.entries()) {
    const config = configOn(timeline.size);
    if (config !== undefined) {
      const start = timeline.startOf(timeline.size);
      if (best === undefined || start + config.seconds < best.end) {
        best = { node, config, start, end: start + config.seconds };
      }
    }
  }
  scheduler.place(job, best!.config, best!.node, best!.start);
}

/** The configurations of at most `size` devices, fewest first. */
function fitting(configs: Config[], size: number): Config[] {
  return configs.filter(config => config.devices <= size);
}
