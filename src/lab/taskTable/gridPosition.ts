/** Where the focus of a grid is: the header is row -1. */
export interface IGridPosition {
  readonly row: number;
  readonly column: number;
}

/** How large a grid is. */
export interface IGridSize {
  readonly rows: number;
  readonly columns: number;
  /** How many rows are in sight. */
  readonly page: number;
}

/**
 * Where a key leads in a grid, as ARIA has it; undefined for a key that leads nowhere.
 *
 * @param isFar - whether Ctrl is held: to the first or last row.
 */
export function moved(
  { row, column }: IGridPosition,
  key: string,
  isFar: boolean,
  { rows, columns, page }: IGridSize
): IGridPosition | undefined {
  const last = rows - 1;
  const at = (nextRow: number, nextColumn: number): IGridPosition => ({
    row: Math.max(-1, Math.min(last, nextRow)),
    column: Math.max(0, Math.min(columns - 1, nextColumn))
  });
  switch (key) {
    case 'ArrowUp':
      return at(row - 1, column);
    case 'ArrowDown':
      return at(row + 1, column);
    case 'ArrowLeft':
      return at(row, column - 1);
    case 'ArrowRight':
      return at(row, column + 1);
    case 'Home':
      return isFar ? at(Math.min(0, last), 0) : at(row, 0);
    case 'End':
      return isFar ? at(last, columns - 1) : at(row, columns - 1);
    case 'PageUp':
      return at(Math.max(Math.min(0, last), row - page), column);
    case 'PageDown':
      return at(row + page, column);
    default:
      return undefined;
  }
}
