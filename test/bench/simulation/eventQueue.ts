import { type IStretch, stretchesOf } from '../../../src/core/session/stretches.js';
import type { Segment } from '../../../src/core/wire/messages.js';

/**
 * A plan as a list of things to do. Its times only tell the order: everything starts as soon as its devices have done
 * what comes before it there, as a task that takes longer than planned delays those after it.
 */
export class EventQueue {
  /** In the order of the plan. */
  items: IStretch[];

  /**
   * @param segments - a plan.
   * @param done - steps a task has done when the plan is taken up.
   */
  constructor(segments: readonly Segment[], done: (task: string) => number) {
    this.items = stretchesOf(segments, done);
  }

  /** Strike something out. */
  remove(item: IStretch): void {
    this.items = this.items.filter(other => other !== item);
  }

  /** Strike a task out. */
  drop(task: string): void {
    this.items = this.items.filter(({ segment }) => segment.task !== task);
  }

  /** The next thing a task is to do. */
  nextOf(task: string): IStretch | undefined {
    return this.items.find(({ segment }) => segment.task === task);
  }

  /** Whether something comes later for the same task. */
  hasLater(item: IStretch): boolean {
    return this.items.some(other => other !== item && other.segment.task === item.segment.task);
  }

  /**
   * What may start.
   *
   * @param isFree - whether a device is there and does nothing.
   * @param isIdle - whether a task does nothing.
   */
  ready(isFree: (node: string, device: string) => boolean, isIdle: (task: string) => boolean): IStretch[] {
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
