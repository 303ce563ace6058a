import type { ITranslation } from '../../model/translation.js';
import { count } from '../format/format.js';
import type { IProfileRow } from './profileClass.js';
import { rowLabel } from './profileMatrix.js';

/** A row of which nothing is known but why: what is said of it. */
export interface IFoldedRow {
  readonly label: string;
  readonly word: string;
}

/** The rows of tasks of equal speed, shared out between the eye and a line that opens. */
export interface IProfileFold {
  /** Rows with something measured, estimated or under way. */
  readonly shown: readonly IProfileRow[];
  readonly folded: readonly IFoldedRow[];
  /** The folded rows in a line: `6 more: 4 not needed, 2 not possible`; empty when there are none. */
  readonly line: string;
}

const SILENT: ReadonlySet<string> = new Set(['open', 'pruned', 'infeasible', 'none']);

/** A single row takes no more room than the line in its place. */
const FEWEST = 2;

/**
 * Fold the rows that have no numbers: there are many techniques, and a plan needs few of them measured.
 *
 * @param needless whether what is not measured cannot change the plan
 */
export function foldProfile(
  rows: readonly IProfileRow[],
  needless: boolean,
  trans: ITranslation
): IProfileFold {
  const silent = rows.filter(({ entries }) => entries.every(({ kind }) => SILENT.has(kind)));
  if (silent.length < FEWEST) {
    return { shown: rows, folded: [], line: '' };
  }
  const shown = rows.filter(row => !silent.includes(row));
  const folded = silent.map(row => ({ label: rowLabel(row, trans), word: rowWord(row, needless, trans) }));
  const counts = [...new Set(folded.map(({ word }) => word))].map(
    word => `${count(folded.filter(row => row.word === word).length)} ${word}`
  );
  return {
    shown,
    folded,
    line:
      shown.length > 0
        ? trans.__('%1 more: %2', count(folded.length), counts.join(', '))
        : trans.__('%1 ways: %2', count(folded.length), counts.join(', '))
  };
}

/** What is said of a row is what is said of that device count at which it comes closest to being used. */
function rowWord({ entries }: IProfileRow, needless: boolean, trans: ITranslation): string {
  const has = (kind: string): boolean => entries.some(entry => entry.kind === kind);
  return silentWord(has('open') ? 'open' : has('pruned') ? 'pruned' : 'infeasible', needless, trans);
}

/**
 * What is said of an entry without numbers.
 *
 * @param needless whether what is not measured cannot change the plan
 */
export function silentWord(
  kind: 'open' | 'pruned' | 'infeasible',
  needless: boolean,
  trans: ITranslation
): string {
  return {
    open: needless ? trans.__('not needed') : trans.__('not measured'),
    pruned: trans.__('left out'),
    infeasible: trans.__('not possible')
  }[kind];
}
