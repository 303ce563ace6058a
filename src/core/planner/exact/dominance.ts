/**
 * States of the search from which no plan can be completed, by the jobs that remain. A state is a vector of which
 * less is better; one that is no better in any component than a recorded one need not be searched.
 */
export class DominanceMemo {
  private readonly _lists = new Map<number, IList>();
  private _left: number;

  /**
   * @_width _width - components of a state.
   * @param capacity - bytes to use; states beyond that are not recorded.
   */
  constructor(
    private readonly _width: number,
    capacity: number
  ) {
    this._left = Math.floor(capacity / (_width * Float64Array.BYTES_PER_ELEMENT));
  }

  /** Whether a recorded state with the same jobs is at least as good. */
  covers(key: number, state: Float64Array): boolean {
    const list = this._lists.get(key);
    if (list === undefined) {
      return false;
    }
    const { _width: width } = this;
    const { data, count } = list;
    const end = count * width;
    for (let at = 0; at < end; at += width) {
      let i = 0;
      while (i < width && data[at + i]! <= state[i]!) {
        i++;
      }
      if (i === width) {
        if (at > 0) {
          promote(data, at, width);
        }
        return true;
      }
    }
    return false;
  }

  /** Record a state; those it covers are forgotten. */
  add(key: number, state: Float64Array): void {
    let list = this._lists.get(key);
    if (list === undefined) {
      list = { data: new Float64Array(4 * this._width), count: 0 };
      this._lists.set(key, list);
    }
    const { _width: width } = this;
    let { data } = list;
    let kept = 0;
    for (let entry = 0; entry < list.count; entry++) {
      const at = entry * width;
      let i = 0;
      while (i < width && state[i]! <= data[at + i]!) {
        i++;
      }
      if (i < width) {
        if (kept < entry) {
          data.copyWithin(kept * width, at, at + width);
        }
        kept++;
      }
    }
    this._left += list.count - kept;
    list.count = kept;
    if (this._left <= 0) {
      return;
    }
    if ((kept + 1) * width > data.length) {
      data = new Float64Array(2 * data.length);
      data.set(list.data);
      list.data = data;
    }
    data.set(state, kept * width);
    list.count++;
    this._left--;
  }
}

interface IList {
  data: Float64Array;
  count: number;
}

/** States that were of use come earlier next time. */
function promote(data: Float64Array, at: number, width: number): void {
  const to = Math.floor(at / width / 2) * width;
  for (let i = 0; i < width; i++) {
    const value = data[to + i]!;
    data[to + i] = data[at + i]!;
    data[at + i] = value;
  }
}
