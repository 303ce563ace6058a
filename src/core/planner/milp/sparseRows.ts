import type { ModelData } from 'highs';

/** Rows of a linear program, collected one at a time and handed to HiGHS as typed arrays. */
export class SparseRows {
  private readonly lower: number[] = [];
  private readonly upper: number[] = [];
  private readonly starts: number[] = [0];
  private readonly indices: number[] = [];
  private readonly values: number[] = [];

  /** Number of rows so far. */
  get count(): number {
    return this.lower.length;
  }

  /** Add `lower <= sum of coefficient x column <= upper`; a column may appear once. */
  add(lower: number, upper: number, entries: [column: number, coefficient: number][]): void {
    this.lower.push(lower);
    this.upper.push(upper);
    for (const [column, coefficient] of entries) {
      this.indices.push(column);
      this.values.push(coefficient);
    }
    this.starts.push(this.indices.length);
  }

  /** The rows' part of a HiGHS model; `infinity` is HiGHS's own. */
  data(numCols: number, infinity: number): Pick<ModelData, 'rowLower' | 'rowUpper' | 'matrix'> {
    const finite = (bound: number) =>
      bound === Infinity ? infinity : bound === -Infinity ? -infinity : bound;
    return {
      rowLower: Float64Array.from(this.lower, finite),
      rowUpper: Float64Array.from(this.upper, finite),
      matrix: {
        format: 'csr',
        numRows: this.count,
        numCols,
        starts: Int32Array.from(this.starts),
        indices: Int32Array.from(this.indices),
        values: Float64Array.from(this.values)
      }
    };
  }
}
