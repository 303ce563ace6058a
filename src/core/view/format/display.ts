import type { Rendered } from '../../wire/messages.js';
import { type Fragment, Markup, markup, printable } from './escape.js';
import { STYLESHEET } from './stylesheet.js';
import { type ITable, tableHtml, tableText } from './table.js';

/** A part of a display in both renderings; an empty text is left out. */
export interface IPart {
  readonly text: string;
  readonly html: Fragment;
}

/** What a view is made of; parts that do not apply are `false`. */
export type Parts = readonly (IPart | false)[];

/** One sentence or a few; words in backticks are code. */
export function sentence(text: string, className = 'jp-saturn-note'): IPart {
  return {
    text: printable(text.replaceAll('`', '')),
    html: markup`<p class="${className}">${withCode(text)}</p>\n`
  };
}

/** The sentence a display begins with. */
export function lead(text: string): IPart {
  return sentence(text, 'jp-saturn-lead');
}

/** A table. */
export function tablePart(table: ITable): IPart {
  return { text: `\n${tableText(table)}`, html: markup`${tableHtml(table)}\n` };
}

/** Put the parts together as a display of its own, style included. */
export function display(view: string, parts: Parts): Rendered {
  const { text, html } = joined(parts);
  return {
    text: text.replace(/^\n+/, ''),
    html: markup`<div class="jp-saturn jp-saturn-${view}">
<style>${new Markup(STYLESHEET)}</style>
${html}</div>`.source
  };
}

/** Put the parts together as one part. */
export function joined(parts: Parts): IPart {
  const shown = parts.filter(part => part !== false);
  return {
    text: shown
      .map(part => part.text)
      .filter(text => text !== '')
      .join('\n'),
    html: shown.map(part => part.html)
  };
}

/** Text whose words in backticks are code. */
export function withCode(text: string): Markup[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? markup`<code>${part}</code>` : markup`${part}`));
}
