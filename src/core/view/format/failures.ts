import type { ITranslation } from '../../model/translation.js';
import type { Failure, TaskState } from '../../wire/messages.js';
import { type IPart, markup, printable, printableLines, withCode } from './escape.js';
import { listing } from './format.js';

/** Lines of a traceback shown in plain text: its end says what happened. */
const TRACEBACK_LINES = 12;

/** Names told of whom a failure befell; the rest is counted. */
const NAMES = 4;

/** A failure and whom it befell. */
export interface ITaskFailure {
  /** Tasks, or what else it concerns. */
  readonly where: readonly string[];
  readonly error: Failure;
}

/** Where tracebacks are shown: the views that show failures whole. */
export type Place = 'check' | 'results';

/**
 * What went wrong with tasks. A traceback is shown in one place: of a task that cannot be built by `check`, of one that
 * was trained or tried by `results`. Elsewhere there is a line that says where it is.
 *
 * @param place - the view that asks.
 */
export function failedTasks(
  tasks: readonly TaskState[],
  place: Place | 'elsewhere',
  trans: ITranslation
): ITaskFailure[] {
  return tasks.flatMap(task => {
    const failure = taskFailure(task, trans);
    const home = task.status === 'invalid' ? 'check' : 'results';
    return failure === undefined
      ? []
      : [{ where: [task.spec.name], error: place === home ? failure : briefly(failure, home, trans) }];
  });
}

/** What went wrong with a task: it failed, or it is trained and could not be evaluated. */
export function taskFailure({ error, result }: TaskState, trans: ITranslation): Failure | undefined {
  return error ?? evaluationFailure(result?.evaluationError, trans);
}

/** A failure whose traceback another view shows. */
export function briefly({ traceback, ...rest }: Failure, home: Place, trans: ITranslation): Failure {
  const pointer = trans.__('Its traceback: `%saturn %1`.', home);
  return traceback === undefined
    ? rest
    : { ...rest, hint: rest.hint === undefined ? pointer : trans.__('%1 %2', rest.hint, pointer) };
}

function evaluationFailure(error: Failure | undefined, trans: ITranslation): Failure | undefined {
  return (
    error && {
      ...error,
      message: trans.__('It is trained, and its model is kept; evaluating it failed: %1', error.message),
      hint:
        error.hint ??
        trans.__('Correct the metric and run the cell again: it is evaluated then, and not trained again.')
    }
  );
}

/** Failures of which equal ones are told once. */
export function mergedFailures(failures: readonly ITaskFailure[]): ITaskFailure[] {
  const merged = new Map<string, { where: Set<string>; error: Failure }>();
  for (const { where, error } of failures) {
    const key = `${error.code}\n${error.message}`;
    const same = merged.get(key) ?? { where: new Set<string>(), error };
    merged.set(key, same);
    for (const name of where) {
      same.where.add(name);
    }
  }
  return [...merged.values()].map(({ where, error }) => ({ where: [...where], error }));
}

/** Whom a failure befell, in words; empty when nobody in particular. */
export function whereWords({ where }: ITaskFailure, trans: ITranslation): string {
  return listing(where, trans, NAMES);
}

/** Failures with what to do next; equal ones once. Tracebacks are folded in HTML, shortened in text. */
export function failuresPart(failures: readonly ITaskFailure[], trans: ITranslation): IPart {
  const merged = mergedFailures(failures).map(failure => ({
    ...failure.error,
    where: whereWords(failure, trans)
  }));
  return {
    text: merged.map(failure => `\n${failureText(failure)}`).join('\n'),
    html: merged.map(
      ({
        where,
        message,
        hint,
        traceback,
        code
      }) => markup`<details class="jp-saturn-trouble"><summary><span class="jp-saturn-bad">${where !== '' && markup`<strong>${where}</strong>: `}${message}</span></summary>
${hint !== undefined && markup`<p class="jp-saturn-note">${withCode(hint)}</p>\n`}${traceback !== undefined && markup`<pre class="jp-saturn-traceback">${traceback}</pre>\n`}<p class="jp-saturn-note jp-saturn-muted">${withCode(trans.__('Error code `%1`.', code))}</p>
</details>\n`
    )
  };
}

function failureText({ where, message, hint, traceback }: Failure & { where: string }): string {
  const lines = traceback === undefined ? [] : printableLines(traceback).trimEnd().split('\n');
  const shown = lines.length > TRACEBACK_LINES ? ['…', ...lines.slice(-TRACEBACK_LINES)] : lines;
  return [
    `✕ ${where !== '' ? `${printable(where)}: ` : ''}${printable(message)}`,
    ...(hint === undefined ? [] : [`  ${printable(hint)}`]),
    ...shown.map(line => `    ${line}`)
  ].join('\n');
}
