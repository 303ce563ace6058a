import type { IProblem } from '../problem/problem.js';
import type { IRun } from './runTable.js';

/** When the devices of all nodes become free, while runs take them one after another. */
export class FreeDevices {
  private readonly _free: Float64Array[];
  private readonly _initial: Float64Array[];
  /** Per node and device, how many configurations name it: those few want are taken first. */
  private readonly _claims: Int32Array[];

  constructor({ nodes }: IProblem, runs: IRun[]) {
    this._initial = nodes.map(({ freeAt }) => Float64Array.from(freeAt));
    this._free = nodes.map(({ freeAt }) => Float64Array.from(freeAt));
    this._claims = nodes.map(({ freeAt }) => new Int32Array(freeAt.length));
    for (const { configs } of runs) {
      for (const { among } of configs) {
        for (const [node, devices] of among?.entries() ?? []) {
          for (const device of devices ?? []) {
            this._claims[node]![device]!++;
          }
        }
      }
    }
  }

  /** Nothing has been taken. */
  reset(): void {
    for (let node = 0; node < this._free.length; node++) {
      this._free[node]!.set(this._initial[node]!);
    }
  }

  /** Device-seconds from 0 until each device is free. */
  get total(): number {
    let sum = 0;
    for (const times of this._free) {
      for (let i = 0; i < times.length; i++) {
        sum += times[i]!;
      }
    }
    return sum;
  }

  /** Take devices from 0 on. */
  hold(node: number, devices: number[], until: number): void {
    for (const device of devices) {
      this._free[node]![device] = until;
    }
  }

  /** The nodes on which devices are free first; smaller ones among equals. */
  soonest(
    sites: number[],
    share: number,
    span: number,
    among: (number[] | undefined)[] | undefined
  ): number[] {
    if (span > 1) {
      const starts = new Map(sites.map(node => [node, this.startOn(node, share, among?.[node])]));
      return [...sites].sort((a, b) => starts.get(a)! - starts.get(b)! || a - b).slice(0, span);
    }
    let best = sites[0]!;
    let bestStart = Infinity;
    for (const node of sites) {
      const start = this.startOn(node, share, among?.[node]);
      if (start < bestStart || (start === bestStart && this._free[node]!.length < this._free[best]!.length)) {
        best = node;
        bestStart = start;
      }
    }
    return [best];
  }

  /** The soonest that so many of the devices allowed are free together. */
  startOn(node: number, count: number, allowed: number[] | undefined): number {
    const times = this._free[node]!;
    const length = allowed?.length ?? times.length;
    let sorted = 0;
    for (let i = 0; i < length; i++) {
      const time = times[allowed === undefined ? i : allowed[i]!]!;
      if (sorted === count && time >= SCRATCH[count - 1]!) {
        continue;
      }
      let at = sorted < count ? sorted++ : count - 1;
      while (at > 0 && SCRATCH[at - 1]! > time) {
        SCRATCH[at] = SCRATCH[at - 1]!;
        at--;
      }
      SCRATCH[at] = time;
    }
    return SCRATCH[count - 1]!;
  }

  /**
   * Take devices free at a time: those preferred, then those that fewest others name, and of these those that became
   * free last.
   *
   * @returns their indexes, ascending.
   */
  take(
    node: number,
    count: number,
    start: number,
    end: number,
    allowed: number[] | undefined,
    preferred: readonly number[] | undefined
  ): number[] {
    const times = this._free[node]!;
    const claims = this._claims[node]!;
    const length = allowed?.length ?? times.length;
    const taken: number[] = [];
    for (const device of preferred ?? []) {
      if (taken.length < count && times[device]! <= start && (allowed?.includes(device) ?? true)) {
        taken.push(device);
      }
    }
    for (let k = taken.length; k < count; k++) {
      let best = -1;
      for (let i = 0; i < length; i++) {
        const device = allowed === undefined ? i : allowed[i]!;
        const time = times[device]!;
        if (
          time <= start &&
          !taken.includes(device) &&
          (best < 0 ||
            claims[device]! < claims[best]! ||
            (claims[device] === claims[best] && time > times[best]!))
        ) {
          best = device;
        }
      }
      taken.push(best);
    }
    for (const device of taken) {
      times[device] = end;
    }
    return taken.sort((a, b) => a - b);
  }
}

const SCRATCH = new Float64Array(4096);
