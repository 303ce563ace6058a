import type { IPart } from './display.js';
import { markup, printable } from './escape.js';
import { listing } from './format.js';

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

/** Remarks under a title, folded in HTML; nothing when there are none. */
export function remarksPart(title: string, found: Remarks): IPart | false {
  if (found.size === 0) {
    return false;
  }
  const entries = [...found];
  return {
    text: [
      `\n${title}:`,
      ...entries.map(([remark, about]) => printable(`  ${remark} (${listing(about, 3)})`))
    ].join('\n'),
    html: markup`<details><summary>${title} (${entries.length})</summary>
<ul>${entries.map(
      ([remark, about]) =>
        markup`<li>${remark} <span class="jp-saturn-muted">(${listing(about, 3)})</span></li>`
    )}</ul></details>\n`
  };
}
