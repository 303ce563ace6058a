import type { ITranslation } from '../../model/translation.js';
import { type IPart, markup, printable, withCode, withoutCode } from './escape.js';
import type { Tone } from './table.js';

/** An item of a list. */
export interface IListItem {
  /** A sign before it. */
  readonly mark?: string;
  /** What it is about. */
  readonly about?: string;
  readonly text: string;
  /** Said below it. */
  readonly more?: string;
  readonly tone?: Tone;
}

/** A sentence and the items it is the sum of. */
export interface IList {
  /** What it is about, and each of it for a tooltip. */
  readonly about?: string;
  readonly each?: readonly string[];
  /** Words in backticks are code. */
  readonly text: string;
  readonly tone?: Tone;
  readonly items: readonly IListItem[];
  /** How many items are shown where the rest can be folded away; all when absent. */
  readonly most?: number;
}

/** What is said of the items that are folded away; undefined when none are. */
export function foldedItems({ items, most = Infinity }: IList, trans: ITranslation): string | undefined {
  return items.length > most ? trans.__('and %1 more', items.length - most) : undefined;
}

/** The list as text, whole, and as HTML. */
export function listPart(list: IList, trans: ITranslation): IPart {
  const { about, each, text, tone, items, most } = list;
  const folded = foldedItems(list, trans);
  const subject = (name: string | undefined): string => (name === undefined ? '' : `${name}: `);
  const bullets = (some: readonly IListItem[]) =>
    markup`<ul class="jp-saturn-list">${some.map(
      item =>
        markup`<li${item.tone !== undefined && markup` class="jp-saturn-${item.tone}"`}>${item.mark !== undefined && `${item.mark} `}${item.about !== undefined && markup`<strong>${item.about}</strong>: `}${item.text}${item.more !== undefined && markup`<div class="jp-saturn-muted">${item.more}</div>`}</li>`
    )}</ul>\n`;
  return {
    text: [
      `\n${printable(subject(about))}${withoutCode(text)}`,
      ...items.flatMap(item => [
        `  ${printable(`${item.mark === undefined ? '' : `${item.mark} `}${subject(item.about)}${item.text}`)}`,
        ...(item.more === undefined ? [] : [`    ${printable(item.more)}`])
      ])
    ].join('\n'),
    html: markup`<p class="jp-saturn-note${tone !== undefined && ` jp-saturn-${tone}`}"${each !== undefined && markup` title="${each.join('\n')}"`}>${about !== undefined && markup`<strong>${about}</strong>: `}${withCode(text)}</p>
${items.length > 0 && bullets(items.slice(0, most))}${folded !== undefined && markup`<details><summary>${folded}</summary>\n${bullets(items.slice(most))}</details>\n`}`
  };
}
