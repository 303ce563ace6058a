import type { ProfileCell } from '../wire/messages.js';

/**
 * Errors of estimates are partly common to all strategies of a signature and partly of each alone. Their shares are estimated
 * from what training found; as long as it has found little, half is thought to be common, which counts as much as this
 * many degrees of freedom.
 */
const COMMON = 0.5;
const WEIGHT = 0.3;

/**
 * The cells as they are believed: what training measured as it is, and what only trials said of the same signatures scaled by
 * how wrong they proved elsewhere. Without this a task that is slow altogether looks faster wherever it is not; with too much
 * of it one that is slow by one strategy alone does not look for another.
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
  const common = commonShare([...errors.values()]);
  return cells.map(cell => {
    const known = errors.get(cell.signature);
    if (known === undefined || cell.trained !== undefined || cell.stepSeconds === undefined) {
      return cell;
    }
    // The best linear prediction of what is common (a random effect, shrunk towards none).
    const trust = (known.length * common) / (known.length * common + 1 - common);
    const scale = (seconds: number): number => seconds * Math.exp(trust * mean(known));
    const { stepSeconds, spreadSeconds } = cell;
    return {
      ...cell,
      stepSeconds: scale(stepSeconds),
      ...(spreadSeconds !== undefined && { spreadSeconds: scale(spreadSeconds) })
    };
  });
}

/** The share of the variance of errors that is common to the strategies of a signature (intraclass correlation). */
function commonShare(errors: readonly number[][]): number {
  const total = mean(errors.flat().map(error => error ** 2));
  if (total === 0) {
    return COMMON;
  }
  const within = errors.reduce(
    (sum, own) => {
      const centre = mean(own);
      return sum + own.reduce((squares, error) => squares + (error - centre) ** 2, 0);
    },
    WEIGHT * (1 - COMMON) * total
  );
  const freedom = errors.reduce((sum, own) => sum + own.length - 1, WEIGHT);
  return Math.max(0, 1 - within / freedom / total);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
