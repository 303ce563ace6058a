import type { ITranslation } from '../../model/translation.js';
import { type IPart, markup, printable } from '../format/escape.js';
import { courseWords, type ICurveChart, markWords } from './curveChart.js';
import { curveSvg, type IPictureSize } from './curveSvg.js';
import { sparklineText } from './sparkline.js';

/** Width of a curve in text, in characters. */
const TEXT_WIDTH = 40;

/** A chart in both renderings. */
export function curvesPart(chart: ICurveChart, size: IPictureSize, trans: ITranslation): IPart {
  const labels = chart.lines.map(({ label }) => printable(label));
  const longest = Math.max(...labels.map(label => label.length));
  const text = chart.lines.map((line, i) =>
    [labels[i]?.padEnd(longest), sparklineText(line.values, TEXT_WIDTH), courseWords(line, trans)].join('  ')
  );
  const marks = chart.marks.map(mark => printable(markWords(mark, trans)));
  return {
    text: ['', printable(chart.title), ...text, ...marks].join('\n'),
    html: markup`${curveSvg(chart, size, trans)}\n`
  };
}
