import { Markup, markup } from '../format/escape.js';
import { barSvg, barTextSvg, ghostSvg, TEXT_LAYER } from './ganttBarSvg.js';
import {
  absencesSvg,
  axisSvg,
  eventsSvg,
  legendSvg,
  linesSvg,
  linksSvg,
  loadsSvg,
  patternsSvg
} from './ganttFrameSvg.js';
import { FONT_SIZE, type IGanttLayout } from './ganttModel.js';
import { n } from './svgShapes.js';

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
export function ganttSvg(layout: IGanttLayout): string {
  const name = partName(layout);
  const { head, back, lines, front } = ganttLayers(layout);
  return markup`<svg xmlns="http://www.w3.org/2000/svg"${attributes(ganttFrame(layout, 'img'))}>
${new Markup(head)}
${new Markup(back)}${layout.bars.map(bar => barSvg(bar, name))}${new Markup(lines)}<g ${TEXT_LAYER}>
${layout.bars.map(bar => barTextSvg(bar))}
</g>
${new Markup(front)}</svg>`.source;
}

/** The parts of a chart besides its bars and their texts, in markup, as they are drawn on one another. */
export interface IGanttLayers {
  /** What it is called and says: nothing to be seen. */
  readonly head: string;
  /** What is behind the bars. */
  readonly back: string;
  /** Between bars and texts. */
  readonly lines: string;
  /** Above all. */
  readonly front: string;
}

/** The parts of a chart besides its bars and their texts. */
export function ganttLayers(layout: IGanttLayout): IGanttLayers {
  const name = partName(layout);
  return {
    head: markup`<title id="${name('title')}">${layout.title}</title>
<desc id="${name('desc')}">${layout.description}</desc>`.source,
    back: markup`<style>${new Markup(STYLE)}</style>
<defs>${patternsSvg(layout, name)}</defs>
<rect class="jp-saturn-paper" width="${layout.width}" height="${n(layout.height)}" fill="#ffffff"/>
${axisSvg(layout)}${absencesSvg(layout, name)}${loadsSvg(layout)}${layout.links.length > 0 && linksSvg(layout)}`
      .source,
    lines: markup`${layout.ghosts.map(ghostSvg)}${linesSvg(layout)}`.source,
    front: markup`${eventsSvg(layout)}${layout.legend.map(item => legendSvg(item, name))}`.source
  };
}

/**
 * The attributes of a chart's root.
 *
 * @param role - `img`: one picture to assistive technology; `listbox`: a list of its bars.
 */
export function ganttFrame(layout: IGanttLayout, role: 'img' | 'listbox'): Record<string, string> {
  const name = partName(layout);
  return {
    class: 'jp-saturn-gantt',
    role,
    'aria-labelledby': name('title'),
    'aria-describedby': name('desc'),
    width: String(layout.width),
    height: n(layout.height),
    viewBox: `0 0 ${layout.width} ${n(layout.height)}`,
    'font-family': 'Helvetica,Arial,sans-serif',
    'font-size': String(FONT_SIZE),
    style: 'max-width:100%;height:auto'
  };
}

/** Ids of a chart's own, by the parts they are for. */
export function partName({ id }: Pick<IGanttLayout, 'id'>): (part: string) => string {
  return part => `jp-saturn-${id}-${part}`;
}

function attributes(values: Record<string, string>): Markup[] {
  return Object.entries(values).map(([key, value]) => markup` ${new Markup(key)}="${value}"`);
}
