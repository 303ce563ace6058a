import type { Highs } from 'highs';
import type { IColumn, IPair, Loads, TimeFunction } from './loads.js';

/** Time is cut into this many equal parts up to the target; shares are rounded down to them. */
const PARTS = 2000;

/** Patterns that decide about one function; the function is valid however many there are. */
const MOST_PATTERNS = 200;

/** Times that the functions of devices and of time are tailored to each other. */
const FITTINGS = 3;

/**
 * Tables are lowered by this share, far more than adding up may round, and shares of time by as much before they are
 * looked up.
 */
const ROUNDING = 1e-9;

/** Jobs that share a node. */
export type Content = { column: IColumn; count: number }[];

/**
 * Look for dual feasible functions by which the jobs on one node overfill it, made for these very jobs. What is found
 * is added to the loads' functions, for all other nodes to be weighed by.
 *
 * @param excess by how much, as a share, the node must be overfilled.
 * @returns the pairs that show it.
 */
export function tailor(
  highs: Highs,
  loads: Loads,
  nodeClass: number,
  content: Content,
  target: number,
  excess: number
): IPair[] {
  const { size, busy } = loads.classes[nodeClass]!;
  const items = [
    ...content.map(({ column: { devices, seconds }, count }) => ({ devices, seconds, count })),
    ...busy.map(({ devices, seconds }) => ({ devices, seconds, count: 1 }))
  ].map(({ devices, seconds, count }) => ({ devices, part: partOf(seconds / target), count }));
  const space = loads.space[nodeClass]!;
  const tried = new Set<string>();
  const found: IPair[] = [];
  for (const start of [...space]) {
    const key = items.map(({ devices }) => start[devices]).join();
    if (tried.has(key)) {
      continue;
    }
    tried.add(key);
    let devices = start;
    for (let fitting = 0; fitting < FITTINGS; fitting++) {
      const byTime = items.map(item => ({ size: item.part, weight: item.count * devices[item.devices]! }));
      const time = heaviest(highs, PARTS, byTime);
      if (byTime.reduce((sum, { size: part, weight }) => sum + weight * time[part]!, 0) > 1 + excess) {
        const added = { space: indexOf(space, devices), time: loads.time.push(lookUp(time)) - 1 };
        found.push({ resource: nodeClass, ...added });
        break;
      }
      const byDevices = items.map(item => ({ size: item.devices, weight: item.count * time[item.part]! }));
      devices = Array.from(heaviest(highs, size, byDevices));
    }
  }
  return found;
}

function lookUp(table: Float64Array): TimeFunction {
  return ({ seconds }, target) => table[partOf(seconds / target)]!;
}

function indexOf(space: (readonly number[])[], devices: readonly number[]): number {
  const known = space.findIndex(values => values.every((value, count) => value === devices[count]));
  return known < 0 ? space.push(devices) - 1 : known;
}

function partOf(share: number): number {
  return Math.min(PARTS, Math.floor(share * (1 - ROUNDING) * PARTS));
}

/**
 * The dual feasible function, as a table over 0, 1, ... `capacity`, by which items weigh most: the dual of packing
 * them into bins in fractions, found by generating the patterns that break it (Gilmore and Gomory, "A linear
 * programming approach to the cutting-stock problem", Operations Research 9, 1961). HiGHS only proposes it. A value
 * of the table is the most that items fitting into so much can weigh, so that two values never exceed that of their
 * sum, and the last value is divided out.
 */
function heaviest(highs: Highs, capacity: number, items: { size: number; weight: number }[]): Float64Array {
  const weights = new Map<number, number>();
  for (const { size, weight } of items) {
    if (size > 0 && weight > 0) {
      weights.set(size, (weights.get(size) ?? 0) + weight);
    }
  }
  const sizes = [...weights.keys()];
  const table = new Float64Array(capacity + 1);
  if (sizes.length === 0) {
    return table;
  }
  const model = {
    numCols: sizes.length,
    numRows: 0,
    colCost: Float64Array.from(sizes, size => -weights.get(size)!),
    colLower: new Float64Array(sizes.length),
    colUpper: Float64Array.from(sizes, size => 1 / Math.floor(capacity / size)),
    rowLower: new Float64Array(0),
    rowUpper: new Float64Array(0),
    matrix: {
      format: 'csr' as const,
      numRows: 0,
      numCols: sizes.length,
      starts: new Int32Array(1),
      indices: new Int32Array(0),
      values: new Float64Array(0)
    }
  };
  highs.withModel(model, solver => {
    solver.options.set({ output_flag: false });
    for (let pattern = 0; pattern < MOST_PATTERNS; pattern++) {
      solver.run();
      const counts = fill(table, sizes, solver.getSolution().colValue);
      if (table[capacity]! <= 1 + ROUNDING) {
        return;
      }
      const used = [...counts.keys()].filter(i => counts[i]! > 0);
      solver.addRow(-highs.infinity, 1, {
        indices: Int32Array.from(used),
        values: Float64Array.from(used, i => counts[i]!)
      });
    }
  });
  const most = Math.max(1, table[capacity]!) * (1 + ROUNDING);
  return table.map(value => value / most);
}

/** Fill the table with the most that items of these sizes and values come to; returns how many of each do at the end. */
function fill(table: Float64Array, sizes: number[], values: Float64Array): number[] {
  const last = new Int32Array(table.length).fill(-1);
  for (let room = 1; room < table.length; room++) {
    let most = table[room - 1]!;
    for (let i = 0; i < sizes.length; i++) {
      const size = sizes[i]!;
      if (size <= room) {
        const sum = table[room - size]! + values[i]!;
        if (sum > most) {
          most = sum;
          last[room] = i;
        }
      }
    }
    table[room] = most;
  }
  const counts = sizes.map(() => 0);
  for (let room = table.length - 1; room > 0; ) {
    const i = last[room]!;
    if (i < 0) {
      room--;
    } else {
      counts[i]!++;
      room -= sizes[i]!;
    }
  }
  return counts;
}
