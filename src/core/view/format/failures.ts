import type { Failure } from '../../wire/messages.js';
import { type IPart, withCode } from './display.js';
import { markup, printable, printableLines } from './escape.js';
import { listing } from './format.js';

/** Lines of a traceback shown in plain text: its end says what happened. */
const TRACEBACK_LINES = 12;

/** A failure and whom it befell. */
export interface ITaskFailure {
  /** Tasks, or what else it concerns. */
  readonly where: readonly string[];
  readonly error: Failure;
}

/** Failures with what to do next; equal ones are told once. Tracebacks are folded in HTML, shortened in text. */
export function failuresPart(troubles: readonly ITaskFailure[]): IPart {
  const merged = merge(troubles);
  return {
    text: merged.map(trouble => `\n${failureText(trouble)}`).join('\n'),
    html: merged.map(
      ({
        where,
        error
      }) => markup`<details class="jp-saturn-trouble"><summary><span class="jp-saturn-bad">${where.length > 0 && markup`<strong>${listing(where, 4)}</strong>: `}${error.message}</span></summary>
${error.hint !== undefined && markup`<p class="jp-saturn-note">${withCode(error.hint)}</p>\n`}${error.traceback !== undefined && markup`<pre class="jp-saturn-traceback">${error.traceback}</pre>\n`}<p class="jp-saturn-note jp-saturn-muted">Error code <code>${error.code}</code>.</p>
</details>\n`
    )
  };
}

function merge(troubles: readonly ITaskFailure[]): ITaskFailure[] {
  const merged = new Map<string, { where: string[]; error: Failure }>();
  for (const { where, error } of troubles) {
    const key = `${error.code}\n${error.message}`;
    const same = merged.get(key);
    if (same) {
      same.where.push(...where);
    } else {
      merged.set(key, { where: [...where], error });
    }
  }
  return [...merged.values()];
}

function failureText({ where, error }: ITaskFailure): string {
  const lines = error.traceback === undefined ? [] : printableLines(error.traceback).trimEnd().split('\n');
  const shown = lines.length > TRACEBACK_LINES ? ['…', ...lines.slice(-TRACEBACK_LINES)] : lines;
  return [
    `✕ ${where.length > 0 ? `${printable(listing(where, 4))}: ` : ''}${printable(error.message)}`,
    ...(error.hint === undefined ? [] : [`  ${printable(error.hint)}`]),
    ...shown.map(line => `    ${line}`)
  ].join('\n');
}
