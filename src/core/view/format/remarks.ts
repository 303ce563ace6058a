import type { ITranslation } from '../../model/translation.js';
import { type IPart, markup, printable } from './escape.js';
import { count, listing } from './format.js';

/** Names told of what a remark is about; the rest is counted. */
const NAMES = 3;

/** Sentences, each with what it is about: tasks, strategies. */
export type Remarks = ReadonlyMap<string, readonly string[]>;

/** Gather pairs of a sentence and what it is about. */
export function remarksOf(pairs: Iterable<readonly [remark: string, about: string]>): Remarks {
  const found = new Map<string, string[]>();
  for (const [remark, about] of pairs) {
    const list = found.get(remark);
    if (list === undefined) {
      found.set(remark, [about]);
    } else if (!list.includes(about)) {
      list.push(about);
    }
  }
  return found;
}

/** What folds remarks away: their title and number. */
export function remarksTitle(title: string, remarks: Remarks, trans: ITranslation): string {
  return trans.__('%1 (%2)', title, count(remarks.size));
}

/** What a remark is about: `(a, b and c)`. */
export function aboutWords(about: readonly string[], trans: ITranslation): string {
  return `(${listing(about, trans, NAMES)})`;
}

/** Remarks under a title, folded in HTML. */
export function remarksPart(title: string, remarks: Remarks, trans: ITranslation): IPart {
  const entries = [...remarks].map(([remark, about]) => [remark, aboutWords(about, trans)] as const);
  return {
    text: [`\n${title}:`, ...entries.map(([remark, about]) => printable(`  ${remark} ${about}`))].join('\n'),
    html: markup`<details><summary>${remarksTitle(title, remarks, trans)}</summary>
<ul>${entries.map(
      ([remark, about]) => markup`<li>${remark} <span class="jp-saturn-muted">${about}</span></li>`
    )}</ul></details>\n`
  };
}
