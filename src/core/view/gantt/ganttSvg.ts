import { Markup, markup } from '../format/escape.js';
import { barSvg, barTextSvg, ghostSvg, TEXT_LAYER } from './ganttBarSvg.js';
import { axisSvg, eventsSvg, legendSvg, linesSvg, linksSvg, loadsSvg, patternsSvg } from './ganttFrameSvg.js';
import { FONT_SIZE, type IGanttLayout } from './ganttModel.js';
import { n } from './svgShapes.js';

/** How the chart is used. */
export interface IGanttSvgOptions {
  /**
   * False, the default: one picture to assistive technology. True: a list box of bars with a roving
   * tab stop, at first the first bar; the host moves it.
   */
  readonly interactive?: boolean;
}

/** Colours of the theme, each with the literal that stands in where JupyterLab's variables are unknown. */
const STYLE = `
.jp-saturn-gantt{font-family:var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif);font-size:${FONT_SIZE}px}
.jp-saturn-gantt .jp-saturn-paper{fill:var(--jp-layout-color0,#ffffff)}
.jp-saturn-gantt .jp-saturn-ink{fill:var(--jp-ui-font-color1,#212121)}
.jp-saturn-gantt .jp-saturn-quiet{fill:var(--jp-ui-font-color2,#616161)}
.jp-saturn-gantt .jp-saturn-grid{stroke:var(--jp-border-color2,#e0e0e0)}
.jp-saturn-gantt .jp-saturn-line{stroke:var(--jp-ui-font-color1,#212121)}
.jp-saturn-gantt .jp-saturn-halo{stroke:var(--jp-layout-color0,#ffffff)}
.jp-saturn-gantt .jp-mod-trouble>.jp-saturn-shape{stroke:var(--jp-error-color1,#d32f2f)}
.jp-saturn-gantt .jp-saturn-bar:focus{outline:none}
.jp-saturn-gantt .jp-saturn-bar:focus-visible>.jp-saturn-shape{stroke:var(--jp-ui-font-color1,#212121);stroke-width:3}
`;

/** The chart as self-contained, well-formed SVG: no script, readable in light and dark themes and without any. */
export function ganttSvg(layout: IGanttLayout, options: IGanttSvgOptions = {}): string {
  const { interactive = false } = options;
  const name = (part: string): string => `jp-saturn-${layout.id}-${part}`;
  const bars = layout.bars.map((bar, i) => barSvg(bar, name, interactive ? (i === 0 ? 0 : -1) : undefined));
  const texts = layout.bars.map(bar => barTextSvg(bar, interactive));
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="jp-saturn-gantt" role="${interactive ? 'listbox' : 'img'}" aria-labelledby="${name('title')}" aria-describedby="${name('desc')}" width="${layout.width}" height="${n(layout.height)}" viewBox="0 0 ${layout.width} ${n(layout.height)}" font-family="Helvetica,Arial,sans-serif" font-size="${FONT_SIZE}" style="max-width:100%;height:auto">
<title id="${name('title')}">${layout.title}</title>
<desc id="${name('desc')}">${layout.description}</desc>
<style>${new Markup(STYLE)}</style>
<defs>${patternsSvg(layout, name)}</defs>
<rect class="jp-saturn-paper" width="${layout.width}" height="${n(layout.height)}" fill="#ffffff"/>
${axisSvg(layout)}${loadsSvg(layout)}${layout.ghosts.map(ghostSvg)}${layout.links.length > 0 && linksSvg(layout)}${bars}${linesSvg(layout)}<g ${TEXT_LAYER}>
${texts}
</g>
${eventsSvg(layout)}${layout.legend.map(item => legendSvg(item, name))}</svg>`.source;
}
