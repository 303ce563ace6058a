import type { ITranslation } from '../../model/translation.js';
import type { PlanStep } from '../../wire/messages.js';
import { Markup, markup } from '../format/escape.js';
import { duration } from '../format/format.js';
import { FONT_SIZE } from '../gantt/ganttModel.js';

const WIDTH = 420;
const PLOT = { left: 10, right: 300, top: 12, bottom: 104 };
const HEIGHT = 126;

/** Times shorter than this are one, on an axis that doubles. */
const FIRST = 0.001;

const STYLE = `
.jp-saturn-search{font-family:var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif);font-size:${FONT_SIZE}px}
.jp-saturn-search .jp-saturn-paper{fill:var(--jp-layout-color0,#ffffff)}
.jp-saturn-search text{fill:var(--jp-ui-font-color1,#212121)}
.jp-saturn-search .jp-saturn-quiet{fill:var(--jp-ui-font-color2,#616161)}
.jp-saturn-search .jp-saturn-grid{stroke:var(--jp-border-color2,#e0e0e0)}
.jp-saturn-search .jp-saturn-line{stroke:var(--jp-ui-font-color1,#212121)}
.jp-saturn-search .jp-saturn-between{fill:var(--jp-brand-color1,#1976d2)}
`;

const n = (value: number): string => String(Math.round(value * 10) / 10);

/** What table and picture of a search show. */
export const searchTitle = (trans: ITranslation): string => trans.__('How plan and bound came together');

/**
 * How plan and bound came together, as a picture: two lines over the time of the search, whose axis is logarithmic,
 * or over the steps of the log where it tells no times. Null for fewer than two steps.
 */
export function searchSvg(log: readonly PlanStep[], trans: ITranslation): Markup | null {
  const last = log.at(-1);
  if (log.length < 2 || last === undefined) {
    return null;
  }
  const timed = log.every(step => step.seconds !== undefined);
  const place = (step: PlanStep, i: number): number =>
    timed ? Math.log10(Math.max(FIRST, step.seconds as number) / FIRST) : i;
  const places = log.map(place);
  const x0 = timed ? Math.floor(places[0] as number) : 0;
  const x1 = Math.max(x0 + 1, places.at(-1) as number);
  const x = (value: number): number => PLOT.left + ((value - x0) / (x1 - x0)) * (PLOT.right - PLOT.left);
  const most = Math.max(...log.map(step => step.makespan));
  const least = Math.min(...log.map(step => step.lowerBound));
  const y = (seconds: number): number =>
    PLOT.bottom - ((seconds - least) / (most - least || 1)) * (PLOT.bottom - PLOT.top);
  const line = (value: (step: PlanStep) => number): [number, number][] =>
    log.flatMap((step, i): [number, number][] => {
      const at = x(places[i] as number);
      const before = log[i - 1];
      return [...(before ? [[at, y(value(before))] as [number, number]] : []), [at, y(value(step))]];
    });
  const plan = line(step => step.makespan);
  const bound = line(step => step.lowerBound);
  const path = (points: readonly [number, number][]): string =>
    points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${n(px)} ${n(py)}`).join('');
  const decades = timed ? Array.from({ length: Math.floor(x1) - x0 + 1 }, (_, i) => x0 + i) : [];
  const ends = [y(last.makespan) + 4, y(last.lowerBound) + 4] as [number, number];
  if (ends[1] - ends[0] < FONT_SIZE + 2) {
    const middle = Math.min(Math.max((ends[0] + ends[1]) / 2, PLOT.top + 10), PLOT.bottom - 4);
    ends[0] = middle - 7;
    ends[1] = middle + 7;
  }
  const [found, proven] = [duration(last.makespan, trans), duration(last.lowerBound, trans)];
  const facts = trans.__(
    'After %1 steps the plan takes %2 and the lower bound is %3.',
    log.length,
    found,
    proven
  );
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="jp-saturn-search" role="img" aria-label="${searchTitle(trans)}. ${facts}" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Helvetica,Arial,sans-serif" font-size="${FONT_SIZE}" style="max-width:100%;height:auto">
<style>${new Markup(STYLE)}</style>
<rect class="jp-saturn-paper" width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${decades.map(
  decade =>
    markup`<path class="jp-saturn-grid" d="M${n(x(decade))} ${PLOT.top}V${PLOT.bottom + 4}" stroke="#e0e0e0"/><text class="jp-saturn-quiet" x="${n(x(decade))}" y="${PLOT.bottom + 16}" text-anchor="${decade === x0 ? 'start' : 'middle'}" fill="#616161">${shortTime(FIRST * 10 ** decade, trans)}</text>`
)}
<path class="jp-saturn-grid" d="M${PLOT.left} ${PLOT.bottom}H${PLOT.right}" stroke="#e0e0e0"/>
<path class="jp-saturn-between" d="${path(plan)}${path([...bound].reverse()).replace('M', 'L')}Z" fill="#1976d2" fill-opacity="0.15"/>
<path class="jp-saturn-line" d="${path(plan)}" fill="none" stroke="#212121" stroke-width="1.5"/>
<path class="jp-saturn-line" d="${path(bound)}" fill="none" stroke="#212121" stroke-width="1.5" stroke-dasharray="5 3"/>
<text x="${PLOT.right + 6}" y="${n(ends[0])}" fill="#212121">${trans.__('plan %1', found)}</text>
<text x="${PLOT.right + 6}" y="${n(ends[1])}" fill="#212121">${trans.__('bound %1', proven)}</text>
</svg>`;
}

function shortTime(seconds: number, trans: ITranslation): string {
  return seconds < 0.99 ? `${Math.round(seconds * 1000)} ms` : duration(Math.round(seconds), trans);
}
