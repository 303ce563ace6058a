import type { Rendered, SessionState } from '../../wire/messages.js';
import { display, type IPart, lead, sentence } from '../format/display.js';
import { markup, printable } from '../format/escape.js';
import { failuresPart } from '../format/failures.js';
import { listing, plural } from '../format/format.js';
import { type ITaskCheck, taskChecks, wordsOfUses } from './taskChecks.js';
import { NO_TASKS } from './taskStatusText.js';

/** Names told of tasks with the same answer; the rest is counted. */
const NAMES = 4;

/** What can train each task, what cannot and why, and what to beware of; equal answers once. */
export function checkView(state: SessionState): Rendered {
  if (state.tasks.length === 0) {
    return display('check', [lead(NO_TASKS)]);
  }
  const checks = taskChecks(state.tasks);
  const troubled = checks.filter(check => check.state === 'checked' && check.can.length === 0);
  const invalid = checks.flatMap(({ tasks, error }) => (error ? [{ where: tasks, error }] : []));
  return display('check', [
    lead(summary(checks)),
    ...checks.filter(({ state }) => state !== 'invalid').map(checkPart),
    invalid.length > 0 && failuresPart(invalid),
    troubled.length > 0 &&
      sentence('Tasks that nothing can run are left out of the plan. Change their cell and run it again.')
  ]);
}

function summary(checks: readonly ITaskCheck[]): string {
  const number = (wanted: (check: ITaskCheck) => boolean): number =>
    checks.filter(wanted).reduce((sum, { tasks }) => sum + tasks.length, 0);
  const all = number(() => true);
  const good = number(({ can }) => can.length > 0);
  const waiting = number(({ state }) => state in UNBUILT);
  const facts = [
    `${good === all ? plural(all, 'task') : `${good} of ${plural(all, 'task')}`} can be trained`,
    ...(waiting > 0 ? [`${waiting} not built yet`] : [])
  ];
  return `${facts.join(', ')}.`;
}

/** What is said of tasks that were not built. */
const UNBUILT: Partial<Record<ITaskCheck['state'], string>> = {
  unknown: 'not built yet; ask again in a moment.',
  stopped: 'stopped before it was built; `%saturn profile`, `plan` or `run` builds it.'
};

function checkPart({ tasks, state, can, cannot, warnings }: ITaskCheck): IPart {
  const names = listing(tasks, NAMES);
  const unknown = UNBUILT[state];
  const answer =
    unknown !== undefined ? unknown : can.length === 0 ? 'nothing can run it.' : `${wordsOfUses(can)}.`;
  const remarks = [
    ...cannot.map(({ uses, reason }) => ['✕', `not with ${wordsOfUses(uses)}: ${ended(reason)}`] as const),
    ...warnings.map(warning => ['!', ended(warning)] as const)
  ];
  return {
    text: [
      `\n${printable(names)}: ${printable(answer)}`,
      ...remarks.map(([mark, text]) => `  ${mark} ${printable(text)}`)
    ].join('\n'),
    html: markup`<p class="jp-saturn-note" title="${tasks.join('\n')}"><strong>${names}</strong>: ${answer}</p>
${remarks.length > 0 && markup`<ul class="jp-saturn-list">${remarks.map(([mark, text]) => markup`<li${mark === '!' && markup` class="jp-saturn-warning"`}>${mark} ${text}</li>`)}</ul>\n`}`
  };
}

/** A sentence with its stop. */
function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
