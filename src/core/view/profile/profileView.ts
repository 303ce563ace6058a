import type { ProfileCell, Rendered, SessionState } from '../../wire/messages.js';
import { display, lead, sentence, tablePart } from '../format/display.js';
import { markup } from '../format/escape.js';
import { failuresPart } from '../format/failures.js';
import { bytes, listing, NOTHING, plural, stepTime } from '../format/format.js';
import { remarksPart } from '../format/remarks.js';
import type { ICell, ITable, Row } from '../format/table.js';
import { NO_TASKS } from '../tasks/taskStatusText.js';
import { foldProfile } from './profileFold.js';
import {
  countEntries,
  entriesOf,
  type IProfileClass,
  type IProfileMatrix,
  isRecalled,
  type ProfileEntry,
  profileMatrix,
  reasonOf
} from './profileMatrix.js';
import { profileFailures, profileReasons } from './profileReasons.js';
import { profileSentence } from './profileSentence.js';

/** How long a step takes and how much memory it needs: for tasks of equal speed, techniques by device counts. */
export function profileView(state: SessionState): Rendered {
  if (state.tasks.length === 0) {
    return display('profile', [lead(NO_TASKS)]);
  }
  const matrix = profileMatrix(state);
  const begun = state.cells.length > 0 || state.trials.length > 0;
  const needless = state.profiled === true;
  const legend = legendOf(matrix);
  return display('profile', [
    lead(begun ? profileSentence(state, matrix) : 'Nothing is measured yet.'),
    !begun && sentence('Measure the tasks with `%saturn profile`.'),
    matrix.devices.length > 0 && tablePart(speedTable(matrix, needless)),
    legend !== '' && sentence(legend, 'jp-saturn-note jp-saturn-muted'),
    remarksPart('Why not', profileReasons(matrix)),
    failuresPart(profileFailures(state, matrix).map(({ where, error }) => ({ where: [where], error })))
  ]);
}

function speedTable({ classes, devices }: IProfileMatrix, needless: boolean): ITable {
  return {
    columns: [{ label: 'Technique' }, ...devices.map(count => ({ label: plural(count, 'device') }))],
    rows: classes.flatMap(speed => [{ heading: nameOf(speed) }, ...foldedRows(speed, needless)])
  };
}

function foldedRows({ rows }: IProfileClass, needless: boolean): Row[] {
  const { shown, folded, line } = foldProfile(rows, needless);
  const list = markup`<ul>${folded.map(({ label, word }) => markup`<li>${label}: ${word}</li>`)}</ul>`;
  const html = markup`<details><summary>${line}</summary>${list}</details>`;
  return [
    ...shown.map(row => [row.label, ...row.entries.map(entry => entryCell(entry, needless))]),
    ...(folded.length > 0 ? [[{ text: line, html, tone: 'muted' as const }]] : [])
  ];
}

function nameOf({ label, tasks }: IProfileClass): string {
  return tasks.length === 1 ? (tasks[0] as string) : `${label}: ${listing(tasks, 3)}`;
}

/** An entry in words that tell every state from the others; what is more is a tooltip, and told below the tables. */
function entryCell(entry: ProfileEntry, needless: boolean): ICell {
  const title = reasonOf(entry);
  const sign = isRecalled(entry) ? '↺ ' : '';
  switch (entry.kind) {
    case 'measured':
      return { text: `${sign}${numbers(entry.cell)}`, title: costs(entry.cell) };
    case 'interpolated':
      return { text: `≈ ${interval(entry.cell)}`, tone: 'muted' };
    case 'oom':
      return { text: `${sign}✕ out of memory`, tone: 'warning', title };
    case 'failed':
      return { text: '✕ failed', tone: 'bad', title };
    case 'pruned':
      return { text: 'left out', tone: 'muted', title };
    case 'infeasible':
      return { text: 'cannot', tone: 'muted', title };
    case 'running':
      return { text: '▸ measuring' };
    case 'queued':
      return { text: '… waiting', tone: 'muted' };
    case 'open':
      return { text: needless ? 'not needed' : 'not measured', tone: 'muted' };
    case 'none':
      return { text: NOTHING, tone: 'muted' };
  }
}

function numbers({ stepSeconds, spreadSeconds, peakBytes }: ProfileCell): string {
  const spread = spreadSeconds === undefined ? '' : ` ± ${stepTime(spreadSeconds)}`;
  return `${stepTime(stepSeconds)}${spread}${peakBytes === undefined ? '' : `, ${bytes(peakBytes)}`}`;
}

function interval({ stepSeconds, stepSecondsLow, stepSecondsHigh }: ProfileCell): string {
  return stepSecondsLow === undefined || stepSecondsHigh === undefined
    ? stepTime(stepSeconds)
    : `${stepTime(stepSeconds)} (${stepTime(stepSecondsLow)} to ${stepTime(stepSecondsHigh)})`;
}

function costs({ steps, loadSeconds, startSeconds, saveSeconds }: ProfileCell): string | undefined {
  const facts = [
    steps !== undefined && `${steps} steps timed`,
    loadSeconds !== undefined && `loading takes ${stepTime(loadSeconds)} of a step`,
    startSeconds !== undefined && `starting takes ${stepTime(startSeconds)}`,
    saveSeconds !== undefined && `a checkpoint takes ${stepTime(saveSeconds)}`
  ].filter(fact => fact !== false);
  return facts.length === 0 ? undefined : facts.join(', ');
}

/** What the signs in the tables mean, of those that are there. */
function legendOf(matrix: IProfileMatrix): string {
  return [
    ...(countEntries(matrix, 'measured') > 0
      ? ['A time is that of one step ± its spread; then the largest memory of any device.']
      : []),
    ...(entriesOf(matrix).some(isRecalled) ? ['↺: measured in an earlier session.'] : []),
    ...(countEntries(matrix, 'interpolated') > 0
      ? ['≈: estimated from other device counts, and the range it lies in.']
      : [])
  ].join(' ');
}
