/** A way to run a job: devices held, and what that is worth per second. */
export interface IChoice {
  devices: number;
  value: number;
}

/** Something to run, at most `count` times at once, each time by one of its choices. */
export interface IItem {
  count: number;
  choices: readonly IChoice[];
}

/** What runs on a node at the same time: indexes of items, repeated for copies, and of their choices. */
export type Pattern = { item: number; choice: number }[];

/**
 * The most valuable patterns for a node of each size up to the largest: a multiple-choice knapsack, solved exactly by
 * dynamic programming over devices. Choices worth nothing are not taken.
 */
export class BestPatterns {
  private readonly _layers: { item: number; taken: Int32Array }[] = [];
  private readonly _values: Float64Array;

  constructor(
    private readonly _items: readonly IItem[],
    largest: number
  ) {
    let values = new Float64Array(largest + 1);
    for (const [item, { count, choices }] of _items.entries()) {
      const copies = Math.min(count, largest);
      for (let copy = 0; copy < copies; copy++) {
        const next = values.slice();
        const taken = new Int32Array(largest + 1).fill(-1);
        for (const [choice, { devices, value }] of choices.entries()) {
          for (let size = devices; value > 0 && size <= largest; size++) {
            const worth = values[size - devices]! + value;
            if (worth > next[size]!) {
              next[size] = worth;
              taken[size] = choice;
            }
          }
        }
        values = next;
        this._layers.push({ item, taken });
      }
    }
    this._values = values;
  }

  /** What the best pattern on `size` devices is worth per second. */
  value(size: number): number {
    return this._values[size]!;
  }

  /** The best pattern on `size` devices. */
  pattern(size: number): Pattern {
    const pattern: Pattern = [];
    let left = size;
    for (let layer = this._layers.length - 1; layer >= 0; layer--) {
      const { item, taken } = this._layers[layer]!;
      const choice = taken[left]!;
      if (choice >= 0) {
        pattern.push({ item, choice });
        left -= this._items[item]!.choices[choice]!.devices;
      }
    }
    return pattern.reverse();
  }
}
