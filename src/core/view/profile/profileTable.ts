import type { ITranslation } from '../../model/translation.js';
import type { ProfileCell } from '../../wire/messages.js';
import { bytes, count, deviceCount, listing, NOTHING, stepTime } from '../format/format.js';
import type { ICell, IHeading, ITable, Row } from '../format/table.js';
import type { IProfileClass, ProfileEntry } from './profileClass.js';
import { foldProfile, silentWord } from './profileFold.js';
import {
  classLabel,
  countEntries,
  entriesOf,
  type IProfileMatrix,
  isRecalled,
  reasonOf,
  rowLabel,
  stepSecondsOf
} from './profileMatrix.js';

/** Names told of tasks of equal speed; the rest is counted. */
const NAMES = 3;

/** Before what an earlier session measured. */
const RECALLED = '↺ ';

/**
 * For tasks of equal speed, techniques by device counts.
 *
 * @param needless - whether what is not measured cannot change the plan
 */
export function profileTable(matrix: IProfileMatrix, needless: boolean, trans: ITranslation): ITable {
  return {
    label: trans.__('Time of a step and memory, by technique and number of devices'),
    columns: [
      { label: trans.__('Technique') },
      ...matrix.devices.map(number => ({ label: deviceCount(number, trans) }))
    ],
    rows: matrix.classes.flatMap(speed => [heading(speed, trans), ...speedRows(speed, needless, trans)])
  };
}

/** What the signs in the table mean, of those that are there; empty when there are none. */
export function profileLegend(matrix: IProfileMatrix, trans: ITranslation): string {
  return [
    ...(countEntries(matrix, 'measured') > 0
      ? [trans.__('A time is that of one step ± its spread; then the largest memory of any device.')]
      : []),
    ...(entriesOf(matrix).some(isRecalled) ? [trans.__('↺: measured in an earlier session.')] : []),
    ...(countEntries(matrix, 'interpolated') > 0
      ? [trans.__('≈: estimated from other device counts, and the range it lies in.')]
      : [])
  ].join(' ');
}

function heading(speed: IProfileClass, trans: ITranslation): IHeading {
  const { tasks } = speed;
  return tasks.length === 1 && !speed.together
    ? { heading: classLabel({ ...speed, label: tasks[0] as string }, trans) }
    : { heading: classLabel(speed, trans), note: listing(tasks, trans, NAMES) };
}

function speedRows({ rows, best }: IProfileClass, needless: boolean, trans: ITranslation): Row[] {
  const { shown, folded, line } = foldProfile(rows, needless, trans);
  const words = folded.map(({ label, word }) => `${label}: ${word}`);
  return [
    ...shown.map(row => [
      rowLabel(row, trans),
      ...row.entries.map(entry => entryCell(entry, best, needless, trans))
    ]),
    ...(folded.length > 0 ? [[{ text: line, folded: words, tone: 'muted' as const }]] : [])
  ];
}

/** An entry in words that tell every state from the others; what is more is a tooltip, and told below the table. */
function entryCell(entry: ProfileEntry, best: number, needless: boolean, trans: ITranslation): ICell {
  const title = reasonOf(entry, trans);
  const sign = isRecalled(entry) ? RECALLED : '';
  switch (entry.kind) {
    case 'measured':
      return measuredCell(entry.cell, sign, stepSecondsOf(entry) === best, trans);
    case 'interpolated':
      return interpolatedCell(entry.cell, trans);
    case 'oom':
      return { text: `${sign}✕ ${trans.__('out of memory')}`, tone: 'warning', title };
    case 'failed':
      return { text: `✕ ${trans.__('failed')}`, tone: 'bad', title };
    case 'running':
      return { text: `▸ ${trans.__('measuring')}`, tone: 'active' };
    case 'queued':
      return { text: `… ${trans.__('waiting')}`, tone: 'muted' };
    case 'none':
      return { text: NOTHING, tone: 'muted' };
    default:
      return { text: silentWord(entry.kind, needless, trans), tone: 'muted', title };
  }
}

function measuredCell(cell: ProfileCell, sign: string, isBest: boolean, trans: ITranslation): ICell {
  const { stepSeconds, spreadSeconds, peakBytes } = cell;
  const facts = [
    ...(spreadSeconds === undefined ? [] : [`± ${stepTime(spreadSeconds)}`]),
    ...(peakBytes === undefined ? [] : [bytes(peakBytes)])
  ];
  const spoken = [
    ...(isBest ? [trans.__('(fastest)')] : []),
    ...(sign === '' ? [] : [trans.__('(earlier session)')])
  ];
  return {
    text: `${sign}${stepTime(stepSeconds)}`,
    ...(facts.length > 0 && { note: facts.join(', ') }),
    ...(isBest && { tone: 'best' }),
    title: costs(cell, trans),
    ...(spoken.length > 0 && { spoken: spoken.join(' ') })
  };
}

function interpolatedCell(cell: ProfileCell, trans: ITranslation): ICell {
  const { stepSeconds, stepSecondsLow, stepSecondsHigh } = cell;
  return {
    text: `≈ ${stepTime(stepSeconds)}`,
    ...(stepSecondsLow !== undefined &&
      stepSecondsHigh !== undefined && {
        note: trans.__('(%1 to %2)', stepTime(stepSecondsLow), stepTime(stepSecondsHigh))
      }),
    tone: 'muted',
    spoken: trans.__('(estimated)')
  };
}

function costs(cell: ProfileCell, trans: ITranslation): string | undefined {
  const { steps, loadSeconds, startSeconds, saveSeconds } = cell;
  const facts = [
    steps !== undefined && trans._n('%2 step timed', '%2 steps timed', steps, count(steps)),
    loadSeconds !== undefined && trans.__('loading takes %1 of a step', stepTime(loadSeconds)),
    startSeconds !== undefined && trans.__('starting takes %1', stepTime(startSeconds)),
    saveSeconds !== undefined && trans.__('a checkpoint takes %1', stepTime(saveSeconds))
  ].filter(fact => fact !== false);
  return facts.length === 0 ? undefined : facts.join(', ');
}
