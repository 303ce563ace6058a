import type { ModelData } from 'highs';

/** Rows of a linear program, collected one at a time and handed to HiGHS as typed arrays. */
export class SparseRows {
  private readonly _lower: number[] = [];
  private readonly _upper: number[] = [];
  private readonly _starts: number[] = [0];
  private readonly _indices: number[] = [];
  private readonly _values: number[] = [];

  /** Number of rows so far. */
  get count(): number {
    return this._lower.length;
  }

  /** Add `lower <= sum of coefficient x column <= upper`; a column may appear once. */
  add(lower: number, upper: number, entries: [column: number, coefficient: number][]): void {
    this._lower.push(lower);
    this._upper.push(upper);
    for (const [column, coefficient] of entries) {
      this._indices.push(column);
      this._values.push(coefficient);
    }
    this._starts.push(this._indices.length);
  }

  /** The rows' part of a HiGHS model; `infinity` is HiGHS's own. */
  data(numCols: number, infinity: number): Pick<ModelData, 'rowLower' | 'rowUpper' | 'matrix'> {
    const finite = (bound: number) =>
      bound === Infinity ? infinity : bound === -Infinity ? -infinity : bound;
    return {
      rowLower: Float64Array.from(this._lower, finite),
      rowUpper: Float64Array.from(this._upper, finite),
      matrix: {
        format: 'csr',
        numRows: this.count,
        numCols,
        starts: Int32Array.from(this._starts),
        indices: Int32Array.from(this._indices),
        values: Float64Array.from(this._values)
      }
    };
  }
}
