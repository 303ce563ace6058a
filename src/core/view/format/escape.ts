/** Orders to a terminal (ECMA-48): colours and cursor; titles, links and the clipboard. */
const TERMINAL_ORDERS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** Characters that XML forbids, controls that would disturb a terminal, and what reorders or breaks a line. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
};

/**
 * One line of printable text: orders to a terminal are left out, controls, direction marks and broken surrogates become
 * spaces.
 */
export function printable(text: string): string {
  return text.replace(TERMINAL_ORDERS, '').replace(UNPRINTABLE, ' ');
}

/** Like {@link printable}, keeping line breaks and tabs: for tracebacks. */
export function printableLines(text: string): string {
  return text
    .replace(TERMINAL_ORDERS, '')
    .replace(UNPRINTABLE, char => (char === '\n' || char === '\t' ? char : char === '\r' ? '' : ' '));
}

/** Anything but plain characters that mean nothing in markup. */
const SPECIAL = /[^ -~]|[&<>"']/;

/** Text for HTML or SVG, in an element or a quoted attribute; always well-formed XML. */
export function escapeHtml(text: string): string {
  if (!SPECIAL.test(text)) {
    return text; // as most are: a chart has thousands
  }
  return printableLines(text).replace(/[&<>"']/g, char => ENTITIES[char] as string);
}

/** Markup that is already safe, so that {@link markup} does not escape it again. */
export class Markup {
  constructor(readonly source: string) {}

  toString(): string {
    return this.source;
  }
}

/** What a {@link markup} template takes: text is escaped, markup is not, nothing (`false`, `undefined`) is left out. */
export type Fragment = string | number | Markup | false | undefined | readonly Fragment[];

function sourceOf(value: Fragment): string {
  if (value === false || value === undefined) {
    return '';
  }
  if (value instanceof Markup) {
    return value.source;
  }
  return typeof value === 'object' ? value.map(sourceOf).join('') : escapeHtml(String(value));
}

/** A part of a display in both renderings; an empty text is left out. */
export interface IPart {
  readonly text: string;
  readonly html: Fragment;
}

/** Template tag for HTML and SVG: every value put in is escaped unless it is {@link Markup}. */
export function markup(strings: TemplateStringsArray, ...values: Fragment[]): Markup {
  return new Markup(strings.reduce((all, part, i) => all + sourceOf(values[i - 1]) + part));
}

/** Text whose words in backticks are code. */
export function withCode(text: string): Markup[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? markup`<code>${part}</code>` : markup`${part}`));
}

/** Text without the backticks around code. */
export function withoutCode(text: string): string {
  return printable(text.replaceAll('`', ''));
}
