import type { PlanOption, PlanTask, Segment } from '../../wire/messages.js';
import { isMeasuredFor } from '../deviceModels.js';
import { strategyKey } from '../strategy.js';

/** What a segment's place among those of its task decides: which costs it pays. */
export interface IHistory {
  /** The task ran here already, or has done so until now. */
  goesOn: boolean;
  /** The task goes on elsewhere, or later, after it. */
  leaves: boolean;
  /** Seconds paid for leaving the place where the task runs before the plan begins. */
  oldStop: number;
}

/** For each segment of a task, given by start. */
export function historyOf(task: PlanTask, segments: Segment[], off: number): Map<Segment, IHistory> {
  const goesOn = segments.map((segment, i) =>
    i === 0 ? goesOnRunning(task, segment) : follows(segments[i - 1]!, segment, off)
  );
  return new Map(
    segments.map((segment, i) => [
      segment,
      {
        goesOn: goesOn[i]!,
        leaves: goesOn[i + 1] === false,
        oldStop: i === 0 && !goesOn[0] ? stopOfRunning(task) : 0
      }
    ])
  );
}

/** Whether a segment is the running task going on where it is. */
export function goesOnRunning({ running }: Pick<PlanTask, 'running'>, segment: Segment): boolean {
  return running !== undefined && segment.start === 0 && placeKey(segment) === placeKey(running);
}

/** The option a running task runs by: the one for its devices, if there are several of its strategy. */
export function runningOption({ options, running }: PlanTask): PlanOption | undefined {
  const own = options.filter(
    ({ strategy }) => running !== undefined && strategyKey(strategy) === strategyKey(running.strategy)
  );
  return own.find(option => isMeasuredFor(option, running!)) ?? own[0];
}

function stopOfRunning(task: PlanTask): number {
  return runningOption(task)?.stopSeconds ?? 0;
}

function follows(earlier: Segment, later: Segment, off: number): boolean {
  return placeKey(earlier) === placeKey(later) && later.start <= earlier.end + off;
}

/** One string per strategy on certain devices. */
export function placeKey({
  strategy,
  node,
  devices,
  elsewhere = [],
  fusion
}: Pick<Segment, 'strategy' | 'node' | 'devices' | 'elsewhere' | 'fusion'>): string {
  const shares = [{ node, devices }, ...elsewhere].map(share => [share.node, ...[...share.devices].sort()]);
  return JSON.stringify([strategyKey(strategy), fusion, shares.sort((a, b) => (a[0]! < b[0]! ? -1 : 1))]);
}
