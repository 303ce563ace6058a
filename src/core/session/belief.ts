import type { ProfileCell } from '../wire/messages.js';

/**
 * How far what training taught of some strategies of a signature is believed of its others: errors of estimates are partly
 * common to all of them (a power, since errors multiply).
 */
const TRUST = 0.8;

/**
 * The cells as they are believed: what training measured as it is, and what only trials said of the same signatures scaled by
 * how wrong they proved elsewhere. Without this a task that is slow altogether looks faster wherever it is not.
 */
export function believedCells(cells: readonly ProfileCell[]): readonly ProfileCell[] {
  const errors = new Map<string, number[]>();
  for (const { signature, trained } of cells) {
    if (trained !== undefined) {
      errors.set(signature, [...(errors.get(signature) ?? []), Math.log(trained)]);
    }
  }
  if (errors.size === 0) {
    return cells;
  }
  return cells.map(cell => {
    const known = errors.get(cell.signature);
    if (known === undefined || cell.trained !== undefined || cell.stepSeconds === undefined) {
      return cell;
    }
    const mean = known.reduce((sum, error) => sum + error, 0) / known.length;
    const scale = (seconds: number): number => seconds * Math.exp(TRUST * mean);
    const { stepSeconds, spreadSeconds } = cell;
    return {
      ...cell,
      stepSeconds: scale(stepSeconds),
      ...(spreadSeconds !== undefined && { spreadSeconds: scale(spreadSeconds) })
    };
  });
}
