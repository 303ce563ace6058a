import { placeKey } from '../../../src/core/model/schedule/taskHistory.js';
import type { Segment } from '../../../src/core/wire/messages.js';

/** Two times of a plan are the same when they differ by no more than this share of its length. */
const SAME = 1e-9;

/** A stretch of a plan that is still to be done or under way. */
export interface IItem {
  segment: Segment;
  /** Steps its task has done when it is over. */
  until: number;
}

/**
 * A plan as a list of things to do. Its times only tell the order: everything starts as soon as its devices have done
 * what comes before it there, as a task that takes longer than planned delays those after it.
 */
export class EventQueue {
  /** In the order of the plan. */
  items: IItem[];

  /**
   * @param segments - a plan.
   * @param done - steps a task has done when the plan is taken up.
   */
  constructor(segments: readonly Segment[], done: (task: string) => number) {
    const length = segments.reduce((latest, { end }) => Math.max(latest, end), 0);
    const reached = new Map<string, number>();
    const last = new Map<string, IItem>();
    this.items = [];
    for (const segment of [...segments].sort((a, b) => a.start - b.start || a.end - b.end)) {
      const { task, steps } = segment;
      const until = (reached.get(task) ?? done(task)) + steps;
      reached.set(task, until);
      const before = last.get(task);
      const follows =
        before !== undefined &&
        placeKey(before.segment) === placeKey(segment) &&
        segment.start <= before.segment.end + SAME * length;
      if (follows) {
        before.until = until;
        before.segment = { ...before.segment, end: segment.end, steps: before.segment.steps + steps };
      } else {
        const item = { segment, until };
        last.set(task, item);
        this.items.push(item);
      }
    }
  }

  /** Strike something out. */
  remove(item: IItem): void {
    this.items = this.items.filter(other => other !== item);
  }

  /** Strike a task out. */
  drop(task: string): void {
    this.items = this.items.filter(({ segment }) => segment.task !== task);
  }

  /** The next thing a task is to do. */
  nextOf(task: string): IItem | undefined {
    return this.items.find(({ segment }) => segment.task === task);
  }

  /** Whether something comes later for the same task. */
  hasLater(item: IItem): boolean {
    return this.items.some(other => other !== item && other.segment.task === item.segment.task);
  }

  /**
   * What may start.
   *
   * @param isFree - whether a device is there and does nothing.
   * @param isIdle - whether a task does nothing.
   */
  ready(isFree: (node: string, device: string) => boolean, isIdle: (task: string) => boolean): IItem[] {
    const claimed = new Set<string>();
    const busy = new Set<string>();
    return this.items.filter(({ segment: { task, node, devices } }) => {
      const keys = devices.map(device => JSON.stringify([node, device]));
      const able =
        isIdle(task) &&
        !busy.has(task) &&
        devices.every((device, i) => isFree(node, device) && !claimed.has(keys[i]!));
      busy.add(task);
      for (const key of keys) {
        claimed.add(key);
      }
      return able;
    });
  }
}
