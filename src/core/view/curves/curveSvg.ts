import type { ITranslation } from '../../model/translation.js';
import { Markup, markup } from '../format/escape.js';
import { compactCount, count } from '../format/format.js';
import { FONT_SIZE } from '../gantt/ganttModel.js';
import { colourOf } from '../gantt/palette.js';
import { fitText, textWidth } from '../gantt/textFit.js';
import type { ICurveChart, ICurveLine } from './curveChart.js';
import { exponentialAverage } from './exponentialAverage.js';
import { type IPixel, pathOf, thinToPixels } from './pixelThinning.js';
import { extent, type IValueAxis, linearAxis, logAxis } from './valueAxis.js';

/** Curves of so many points are drawn smoothed, with the points themselves pale behind. */
const MANY_POINTS = 100;

const SMOOTHING = 0.8;

/** Points of curves of so few are seen one by one. */
const FEW_POINTS = 24;

/** Room for the names of lines, at their ends. */
const NAMES_WIDTH = 180;

const LINE_HEIGHT = 14;

const AXIS = { left: 56, top: 34, bottom: 22, right: 24 };

/** What tells lines apart for those to whom colours do not. */
const DASHES = ['', '6 3', '2 3', '9 3 2 3', '12 4'];

const STYLE = `
.jp-saturn-curves{font-family:var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif);font-size:${FONT_SIZE}px}
.jp-saturn-curves .jp-saturn-paper{fill:var(--jp-layout-color0,#ffffff)}
.jp-saturn-curves .jp-saturn-ink{fill:var(--jp-ui-font-color1,#212121)}
.jp-saturn-curves .jp-saturn-quiet{fill:var(--jp-ui-font-color2,#616161)}
.jp-saturn-curves .jp-saturn-grid{stroke:var(--jp-border-color2,#e0e0e0)}
.jp-saturn-curves .jp-saturn-line{stroke:var(--jp-ui-font-color1,#212121)}
`;

const n = (value: number): string => String(Math.round(value * 10) / 10);

/** Size of a picture, in pixels. */
export interface IPictureSize {
  readonly width: number;
  readonly height: number;
}

/** Where things are in the picture. */
interface IPlot {
  readonly right: number;
  readonly bottom: number;
  readonly x: (step: number) => number;
  readonly y: (value: number) => number;
}

/** A chart as self-contained, well-formed SVG: no script, readable in light and dark themes and without any. */
export function curveSvg(chart: ICurveChart, { width, height }: IPictureSize, trans: ITranslation): Markup {
  const isNamed = chart.lines.length > 1;
  const right = width - (isNamed ? NAMES_WIDTH : AXIS.right);
  const bottom = height - AXIS.bottom;
  const [first, last] = extent(chart.lines.flatMap(({ steps }) => steps));
  const steps = linearAxis(Math.min(first, 0), last, Math.floor((right - AXIS.left) / 90));
  const values = valueAxisOf(chart, Math.floor((bottom - AXIS.top) / 32));
  const plot: IPlot = {
    right,
    bottom,
    x: step => AXIS.left + steps.place(step) * (right - AXIS.left),
    y: value => bottom - values.place(value) * (bottom - AXIS.top)
  };
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="jp-saturn-curves" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica,Arial,sans-serif" font-size="${FONT_SIZE}" style="display:block;margin:8px 0;max-width:100%;height:auto">
<title>${chart.title}</title>
<desc>${chart.description}</desc>
<style>${new Markup(STYLE)}</style>
<rect class="jp-saturn-paper" width="${width}" height="${height}" fill="#ffffff"/>
<g aria-hidden="true">
<text class="jp-saturn-ink" x="2" y="13" font-weight="600" fill="#212121">${fitText(titleOf(chart, trans), width - 8, FONT_SIZE * 1.1)}</text>
${values.ticks.map(tick => {
  const y = n(plot.y(tick.value));
  return markup`<path class="jp-saturn-grid" d="M${AXIS.left} ${y}H${right}" stroke="#e0e0e0"/><text class="jp-saturn-quiet" x="${AXIS.left - 6}" y="${n(Number(y) + 4)}" text-anchor="end" fill="#616161">${valueText(tick.value)}</text>`;
})}
${steps.ticks.map(
  tick =>
    markup`<path class="jp-saturn-grid" d="M${n(plot.x(tick.value))} ${bottom}v4" stroke="#e0e0e0"/><text class="jp-saturn-quiet" x="${n(plot.x(tick.value))}" y="${bottom + 16}" text-anchor="middle" fill="#616161">${stepText(tick.value)}</text>`
)}
<path class="jp-saturn-grid" d="M${AXIS.left} ${bottom}H${right}" stroke="#e0e0e0"/>
${chart.lines.map((line, i) => [!isNamed && bandSvg(line, i, plot), lineSvg(line, i, plot)])}
${marksSvg(chart, plot)}
${isNamed && namesSvg(chart, plot, width)}
</g>
</svg>`;
}

function titleOf({ title, lines, isLog }: ICurveChart, trans: ITranslation): string {
  const isSmoothed = lines.some(({ values }) => values.length >= MANY_POINTS);
  return [
    title,
    ...(isSmoothed ? [trans.__('smoothed')] : []),
    ...(isLog ? [trans.__('logarithmic')] : [])
  ].join(', ');
}

function valueAxisOf({ lines, isLog }: ICurveChart, most: number): IValueAxis {
  // Of several lines the extremes are not drawn: they would lie over each other.
  const all = lines.flatMap(({ values, low = [], high = [] }) =>
    lines.length > 1 ? values : [...values, ...low, ...high]
  );
  const [low, high] = extent(isLog ? all.map(value => (value !== null && value > 0 ? value : null)) : all);
  return isLog ? logAxis(low, high, most) : linearAxis(low, high, most, true);
}

function lineSvg(line: ICurveLine, index: number, plot: IPlot): Markup {
  const { fill } = colourOf(index);
  const isMany = line.values.length >= MANY_POINTS;
  const isFew = line.values.length <= FEW_POINTS;
  const path = (values: readonly (number | null)[]): string =>
    pathOf(thinToPixels(pixelsOf(line, values, plot)));
  const smooth = isMany ? exponentialAverage(line.values, SMOOTHING) : line.values;
  const dash = DASHES[index % DASHES.length] as string;
  const dots = isFew
    ? pixelsOf(line, line.values, plot).flatMap(pixel => (pixel ? pathOf([pixel]) : []))
    : [];
  return markup`${
    isMany &&
    markup`<path d="${path(line.values)}" fill="none" stroke="${fill}" stroke-opacity="0.35" stroke-linejoin="round" stroke-linecap="round"/>`
  }<path d="${path(smooth)}" fill="none" stroke="${fill}" stroke-width="1.75" stroke-linejoin="round" stroke-linecap="round"${dash !== '' && markup` stroke-dasharray="${dash}"`}/>${
    isFew &&
    markup`<path d="${dots.join('')}" fill="none" stroke="${fill}" stroke-width="5" stroke-linecap="round"/>`
  }`;
}

function pixelsOf(
  { steps }: ICurveLine,
  values: readonly (number | null)[],
  { x, y }: IPlot
): (IPixel | null)[] {
  return values.map((value, i) => {
    const place = value === null ? Number.NaN : y(value);
    return Number.isFinite(place) ? { x: x(steps[i] as number), y: place } : null;
  });
}

/** What lies between the extremes of each point. */
function bandSvg(line: ICurveLine, index: number, plot: IPlot): Markup | false {
  const { low, high } = line;
  if (!low || !high) {
    return false;
  }
  const part = (values: readonly (number | null)[]): IPixel[] =>
    thinToPixels(pixelsOf(line, values, plot).filter(pixel => pixel !== null)).filter(
      pixel => pixel !== null
    );
  const [above, below] = [part(high), part(low)];
  return (
    above.length > 1 &&
    below.length > 1 &&
    markup`<path d="${pathOf(above)}${pathOf(below.reverse()).replace('M', 'L')}Z" fill="${colourOf(index).fill}" fill-opacity="0.12"/>`
  );
}

/** Lines where something changed, and what it is from there on where there is room for that. */
function marksSvg({ marks }: ICurveChart, { x, right, bottom }: IPlot): Markup[] {
  let free = 0;
  return marks.map(({ step, label }) => {
    const at = x(step);
    const text = at >= free ? fitText(label, right - at, FONT_SIZE) : '';
    free = text === '' ? free : at + textWidth(text, FONT_SIZE) + 8;
    return markup`<path class="jp-saturn-line" d="M${n(at)} ${AXIS.top - 3}V${bottom}" stroke="#212121" stroke-dasharray="4 3"/>${
      text !== '' &&
      markup`<text class="jp-saturn-quiet" x="${n(at + 3)}" y="${AXIS.top - 7}" fill="#616161">${text}</text>`
    }`;
  });
}

/** The names of lines at their ends, none over another. */
function namesSvg({ lines }: ICurveChart, { y, right, bottom }: IPlot, width: number): Markup[] {
  const names = lines
    .map(({ label, values }, index) => {
      const last = values.findLast(value => value !== null && Number.isFinite(y(value)));
      return { label, index, y: last === undefined || last === null ? bottom : y(last) };
    })
    .sort((a, b) => a.y - b.y);
  const most = bottom - (names.length - 1) * LINE_HEIGHT;
  let free = AXIS.top;
  return names.map((name, i) => {
    const at = Math.max(free, Math.min(name.y, most + i * LINE_HEIGHT));
    free = at + LINE_HEIGHT;
    const dash = DASHES[name.index % DASHES.length] as string;
    const left = right + 8;
    return markup`<path d="M${left} ${n(at)}h20" fill="none" stroke="${colourOf(name.index).fill}" stroke-width="1.75"${dash !== '' && markup` stroke-dasharray="${dash}"`}/><text class="jp-saturn-ink" x="${left + 25}" y="${n(at + 4)}" fill="#212121">${fitText(name.label, width - left - 27, FONT_SIZE)}</text>`;
  });
}

function stepText(step: number): string {
  return step < 1e6 ? count(step) : compactCount(step);
}

function valueText(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? value.toExponential().replace('e+', 'e')
    : String(Number(value.toPrecision(6)));
}
