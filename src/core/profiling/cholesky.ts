/**
 * Solve A x = b for a symmetric positive definite matrix, by its lower factor L with L L' = A.
 * Matrices are arrays of rows; only the lower triangle is read.
 */
export class Cholesky {
  private readonly _rows: Float64Array[];

  constructor(matrix: readonly Float64Array[]) {
    this._rows = matrix.map((row, i) => row.slice(0, i + 1));
    this._rows.forEach((row, i) => {
      for (let j = 0; j <= i; j++) {
        const other = this._rows[j]!;
        let sum = row[j]!;
        for (let k = 0; k < j; k++) {
          sum -= row[k]! * other[k]!;
        }
        row[j] = i === j ? Math.sqrt(sum) : sum / other[j]!;
      }
    });
  }

  /** Logarithm of the determinant of A. */
  get logDeterminant(): number {
    return this._rows.reduce((sum, row, i) => sum + 2 * Math.log(row[i]!), 0);
  }

  /** Solve L y = b. */
  forward(b: ArrayLike<number>): Float64Array {
    const y = Float64Array.from(b);
    this._rows.forEach((row, i) => {
      let sum = y[i]!;
      for (let k = 0; k < i; k++) {
        sum -= row[k]! * y[k]!;
      }
      y[i] = sum / row[i]!;
    });
    return y;
  }
}
