import type { IPlanNode } from '../problem/problem.js';

/** Where and when something runs on one node. */
export interface ISlot {
  start: number;
  end: number;
  /** Indexes of the node's devices. */
  devices: number[];
}

/** The devices of one node and when each becomes free, while tasks are put on it one after another. */
export class Timeline {
  private readonly _free: number[];

  constructor(node: IPlanNode) {
    this._free = [...node.freeAt];
  }

  /** Number of devices. */
  get size(): number {
    return this._free.length;
  }

  /** The soonest that `count` devices are free together. `count` may not exceed {@link size}. */
  startOf(count: number): number {
    return [...this._free].sort((a, b) => a - b)[count - 1] ?? 0;
  }

  /** The times at which devices become free. */
  times(): readonly number[] {
    return this._free;
  }

  /** Run something from 0 on on these devices, which must be free then. */
  hold(devices: number[], seconds: number): ISlot {
    for (const device of devices) {
      this._free[device] = seconds;
    }
    return { start: 0, end: seconds, devices };
  }

  /**
   * Run something as soon as `count` devices are free, and not before `notBefore`. Of the devices free then, those
   * that became free last are taken, which leaves the earlier ones to tasks placed later.
   */
  place(count: number, seconds: number, notBefore = 0): ISlot {
    const start = Math.max(this.startOf(count), notBefore);
    const end = start + seconds;
    const devices = this._free
      .map((free, device) => ({ free, device }))
      .filter(({ free }) => free <= start)
      .sort((a, b) => b.free - a.free || a.device - b.device)
      .slice(0, count)
      .map(({ device }) => device)
      .sort((a, b) => a - b);
    for (const device of devices) {
      this._free[device] = end;
    }
    return { start, end, devices };
  }
}
