import type { ITranslation } from '../../model/translation.js';
import type { Rendered } from '../../wire/messages.js';
import { curvesPart } from '../curves/curvesPart.js';
import { type Fragment, type IPart, Markup, markup, withCode, withoutCode } from '../format/escape.js';
import { failuresPart } from '../format/failures.js';
import { listPart } from '../format/list.js';
import { remarksPart } from '../format/remarks.js';
import { tableHtml, tableText } from '../format/table.js';
import { ganttSvg, layoutGantt } from '../gantt/gantt.js';
import { sectionName } from '../gantt/ganttModel.js';
import { ganttText } from '../gantt/ganttText.js';
import type { Block, Blocks, Look } from './block.js';
import { searchSvg } from './searchSvg.js';
import { STYLESHEET } from './stylesheet.js';

/** Width of the charts in displays, in pixels. */
const CHART_WIDTH = 860;

const CLASSES: Record<Look, string> = {
  lead: 'jp-saturn-lead',
  note: 'jp-saturn-note',
  muted: 'jp-saturn-note jp-saturn-muted',
  warning: 'jp-saturn-note jp-saturn-warning'
};

/** Draw blocks as a display of its own, style included. */
export function display(view: string, blocks: Blocks, trans: ITranslation): Rendered {
  const { text, html } = joined(blocks, trans);
  return {
    text: text.replace(/^\n+/, ''),
    html: markup`<div class="jp-saturn jp-saturn-${view}">
<style>${new Markup(STYLESHEET)}</style>
${html}</div>`.source
  };
}

function joined(blocks: Blocks, trans: ITranslation): IPart & { html: readonly Fragment[] } {
  const parts = blocks.flatMap(block => (block === false ? [] : [partOf(block, trans)]));
  return {
    text: parts
      .map(part => part.text)
      .filter(text => text !== '')
      .join('\n'),
    html: parts.map(part => part.html)
  };
}

function partOf(block: Block, trans: ITranslation): IPart {
  switch (block.kind) {
    case 'sentence':
      return {
        text: withoutCode(block.text),
        html: markup`<p class="${CLASSES[block.look]}">${withCode(block.text)}</p>\n`
      };
    case 'title':
      return {
        text: `${block.text}\n${block.under}`,
        html: markup`<h1>${block.text}</h1>\n<p class="jp-saturn-muted">${block.under}</p>\n`
      };
    case 'heading':
      return { text: `\n${block.text}`, html: markup`<h2>${block.text}</h2>\n` };
    case 'table':
      return {
        text: `\n${tableText(block.table, trans)}`,
        html: markup`${tableHtml(block.table, trans)}\n`
      };
    case 'list':
      return listPart(block.list, trans);
    case 'remarks':
      return remarksPart(block.title, block.remarks, trans);
    case 'failures':
      return failuresPart(block.failures, trans);
    case 'chart':
      return {
        text: block.sections
          .map(kind => `\n${sectionName(kind, trans)}\n${ganttText(block.chart, kind, trans)}`)
          .join('\n'),
        html: markup`${new Markup(ganttSvg(layoutGantt(block.chart, trans, { width: CHART_WIDTH })))}\n`
      };
    case 'curves':
      return curvesPart(block.chart, block.size, trans);
    case 'search': {
      const picture = searchSvg(block.log, trans);
      return { text: '', html: picture !== null && markup`${picture}\n` };
    }
    case 'fold': {
      const { text, html } = joined(block.blocks, trans);
      return {
        text: `\n${block.title}\n${text.replace(/^\n+/, '')}`,
        html: markup`<details><summary>${block.title}</summary>\n${html}</details>\n`
      };
    }
  }
}
