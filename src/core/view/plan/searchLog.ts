import type { PlanStep } from '../../wire/messages.js';
import { Markup, markup } from '../format/escape.js';
import { duration, NOTHING, percent } from '../format/format.js';
import type { ITable } from '../format/table.js';
import { FONT_SIZE } from '../gantt/ganttModel.js';

/** Rows of the table of a search. */
const MOST_ROWS = 10;

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

/** Steps of a search in which plan or bound changed as they are read, the last always; at most as many as asked. */
export function thinned(log: readonly PlanStep[], most = MOST_ROWS): PlanStep[] {
  const last = log.length - 1;
  return log.length <= most
    ? [...log]
    : Array.from({ length: most }, (_, i) => log[Math.round((i * last) / (most - 1))] as PlanStep);
}

/** How plan and bound came together, as a table. */
export function searchTable(log: readonly PlanStep[]): ITable {
  return {
    caption: 'How plan and bound came together',
    columns: [
      { label: 'After', align: 'right' },
      { label: 'Plan', align: 'right' },
      { label: 'Lower bound', align: 'right' },
      { label: 'Gap', align: 'right' },
      { label: 'Found by' }
    ],
    rows: thinned(log).map(step => [
      duration(step.seconds),
      duration(step.makespan),
      duration(step.lowerBound),
      step.lowerBound > 0 ? percent(step.makespan / step.lowerBound - 1) : NOTHING,
      step.method
    ])
  };
}

/**
 * How plan and bound came together, as a picture: two lines over the time of the search, whose axis is logarithmic,
 * or over the steps of the log where it tells no times. Null for fewer than two steps.
 */
export function searchSvg(log: readonly PlanStep[]): Markup | null {
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
  const facts = `After ${log.length} steps the plan takes ${duration(last.makespan)} and the lower bound is ${duration(last.lowerBound)}.`;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="jp-saturn-search" role="img" aria-label="How plan and bound came together. ${facts}" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Helvetica,Arial,sans-serif" font-size="${FONT_SIZE}" style="max-width:100%;height:auto">
<style>${new Markup(STYLE)}</style>
<rect class="jp-saturn-paper" width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${decades.map(
  decade =>
    markup`<path class="jp-saturn-grid" d="M${n(x(decade))} ${PLOT.top}V${PLOT.bottom + 4}" stroke="#e0e0e0"/><text class="jp-saturn-quiet" x="${n(x(decade))}" y="${PLOT.bottom + 16}" text-anchor="${decade === x0 ? 'start' : 'middle'}" fill="#616161">${shortTime(FIRST * 10 ** decade)}</text>`
)}
<path class="jp-saturn-grid" d="M${PLOT.left} ${PLOT.bottom}H${PLOT.right}" stroke="#e0e0e0"/>
<path class="jp-saturn-between" d="${path(plan)}${path([...bound].reverse()).replace('M', 'L')}Z" fill="#1976d2" fill-opacity="0.15"/>
<path class="jp-saturn-line" d="${path(plan)}" fill="none" stroke="#212121" stroke-width="1.5"/>
<path class="jp-saturn-line" d="${path(bound)}" fill="none" stroke="#212121" stroke-width="1.5" stroke-dasharray="5 3"/>
<text x="${PLOT.right + 6}" y="${n(ends[0])}" fill="#212121">plan ${duration(last.makespan)}</text>
<text x="${PLOT.right + 6}" y="${n(ends[1])}" fill="#212121">bound ${duration(last.lowerBound)}</text>
</svg>`;
}

function shortTime(seconds: number): string {
  return seconds < 0.99 ? `${Math.round(seconds * 1000)} ms` : duration(Math.round(seconds));
}
