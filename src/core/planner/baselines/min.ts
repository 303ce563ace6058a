import type { Problem } from '../problem.js';
import { Lanes } from '../schedule/lanes.js';
import type { Schedule } from '../schedule/schedule.js';
import { fitting, keepRunning } from './wholeNode.js';

/**
 * Every task on as few devices as it can use, in the given order. When there are more devices than tasks, each may
 * use an even share of them.
 */
export function min(problem: Problem): Schedule {
  const { scheduler, waiting } = keepRunning(problem);
  const share = Math.floor(problem.deviceCount / Math.max(1, problem.jobs.length + problem.running.length));
  const lanes = scheduler.timelines.map(timeline => new Lanes(timeline.times()));
  for (const job of waiting) {
    const { perCount } = problem.jobs[job]!;
    const config = fitting(perCount, share).at(-1) ?? perCount[0]!;
    const node = soonest(lanes, config.devices);
    scheduler.place(job, config, node);
    lanes[node]!.place(config.devices, config.seconds);
  }
  return scheduler.schedule();
}

/** The node with enough devices that can start first; the smallest such node among equals. */
function soonest(lanes: Lanes[], devices: number): number {
  let best = -1;
  for (const [node, lane] of lanes.entries()) {
    if (lane.size >= devices) {
      const sooner = best < 0 ? -1 : lane.startOf(devices) - lanes[best]!.startOf(devices);
      if (sooner < 0 || (sooner === 0 && lane.size < lanes[best]!.size)) {
        best = node;
      }
    }
  }
  return best;
}
