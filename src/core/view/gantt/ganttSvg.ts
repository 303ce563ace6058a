import { type Fragment, Markup, markup } from '../format/escape.js';
import { SWATCH } from './ganttLegend.js';
import {
  FONT_SIZE,
  type IGanttBar,
  type IGanttLayout,
  type ILegendItem,
  type IPlacedBar,
  type IPlacedText,
  type IRect
} from './ganttModel.js';
import { colourOf, textureOf } from './palette.js';

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

/** Keys that a host must heed for bars that can be moved. */
const MOVE_KEYS = 'Shift+ArrowUp Shift+ArrowDown Shift+ArrowLeft Shift+ArrowRight Enter Delete';

const TROUBLE: ReadonlySet<string | undefined> = new Set(['failed', 'oom', 'lost']);

/** Inks a texture is drawn in: against a bar's text colour, or in the theme's colour over a planned bar. */
type Ink = 'dark' | 'light' | 'theme';

const n = (value: number): string => String(Math.round(value * 10) / 10);

/** The chart as self-contained, well-formed SVG: no script, readable in light and dark themes and without any. */
export function ganttSvg(layout: IGanttLayout, options: IGanttSvgOptions = {}): string {
  const { interactive = false } = options;
  const name = (part: string): string => `jp-saturn-${layout.id}-${part}`;
  const bars = layout.bars.map((bar, i) => barSvg(bar, name, interactive ? (i === 0 ? 0 : -1) : undefined));
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="jp-saturn-gantt" role="${interactive ? 'listbox' : 'img'}" aria-labelledby="${name('title')}" aria-describedby="${name('desc')}" width="${layout.width}" height="${n(layout.height)}" viewBox="0 0 ${layout.width} ${n(layout.height)}" font-family="Helvetica,Arial,sans-serif" font-size="${FONT_SIZE}" style="max-width:100%;height:auto">
<title id="${name('title')}">${layout.title}</title>
<desc id="${name('desc')}">${layout.description}</desc>
<style>${new Markup(STYLE)}</style>
<defs>${patterns(layout, name)}</defs>
<rect class="jp-saturn-paper" width="${layout.width}" height="${n(layout.height)}" fill="#ffffff"/>
${axis(layout)}${layout.links.length > 0 && links(layout)}${bars}${lines(layout)}${barTexts(layout, interactive)}${layout.legend.map(item => legendSvg(item, name))}</svg>`
    .source;
}

function text(placed: IPlacedText, className: string, fill: string, extra: Fragment = false): Markup {
  return markup`<text class="${className}" x="${n(placed.x)}" y="${n(placed.y)}" text-anchor="${placed.anchor}" fill="${fill}"${placed.upright === true && markup` transform="rotate(-90 ${n(placed.x)} ${n(placed.y)})"`}${extra}>${placed.text}</text>`;
}

function rectangle(rect: IRect, attributes: Markup): Markup {
  return markup`<rect x="${n(rect.x)}" y="${n(rect.y)}" width="${n(rect.width)}" height="${n(rect.height)}" ${attributes}/>`;
}

/** Lane and section names, grid and time labels. */
function axis(layout: IGanttLayout): Markup {
  const { plot } = layout;
  const right = plot.x + plot.width;
  const bottom = plot.y + plot.height;
  const grid = (x1: number, y1: number, x2: number, y2: number): Markup =>
    markup`<line class="jp-saturn-grid" x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" stroke="#e0e0e0"/>`;
  return markup`<g aria-hidden="true">
${layout.sections.map(section =>
  text(
    section,
    'jp-saturn-ink jp-saturn-halo',
    '#212121',
    markup` font-weight="600" stroke="#ffffff" stroke-width="3" paint-order="stroke"`
  )
)}
${layout.lanes.map(lane => [
  grid(plot.x, lane.y, right, lane.y),
  text(
    { x: plot.x - 8, y: lane.y + lane.height / 2 + 4, text: lane.label, anchor: 'end' },
    'jp-saturn-ink',
    '#212121'
  )
])}
${layout.ticks.map((tick, i) => {
  const last = i > 0 && i === layout.ticks.length - 1 && right - tick.x < 24;
  const label = { x: tick.x, y: bottom + 14, text: tick.label, anchor: last ? 'end' : 'middle' } as const;
  return [grid(tick.x, plot.y, tick.x, bottom + 4), text(label, 'jp-saturn-quiet', '#616161')];
})}
${grid(plot.x, bottom, right, bottom)}
</g>
`;
}

function barSvg(placed: IPlacedBar, name: (part: string) => string, tabIndex: number | undefined): Markup {
  const { bar, rects } = placed;
  const { fill, ink } = colourOf(bar.colour);
  const trouble = TROUBLE.has(bar.state);
  const outlined = isOutlined(bar);
  const textureInk: Ink = outlined ? 'theme' : ink === '#000000' ? 'light' : 'dark';
  const texture = bar.technique !== undefined && textureOf(bar.technique) !== null;
  const faint = trouble || bar.kind === 'baseline';
  const style = outlined
    ? markup`fill="${fill}" fill-opacity="${faint ? '0.1' : '0.24'}" stroke="${trouble ? '#d32f2f' : fill}" stroke-width="${bar.pinned === true ? '2.5' : '1.5'}"${trouble && markup` stroke-dasharray="4 2"`}`
    : markup`fill="${fill}"`;
  return markup`<g class="jp-saturn-bar jp-mod-${bar.kind}${bar.state !== undefined && ` jp-mod-${bar.state}`}${trouble && ' jp-mod-trouble'}${bar.pinned === true && ' jp-mod-pinned'}${bar.movable === true && ' jp-mod-movable'}" data-task="${bar.task}" data-id="${bar.id}" data-kind="${bar.kind}"${tabIndex !== undefined && markup` role="option" aria-selected="false" aria-label="${bar.detail.replaceAll('\n', ', ')}" tabindex="${tabIndex}"${bar.movable === true && markup` aria-keyshortcuts="${MOVE_KEYS}"`}`}><title>${bar.detail}</title>${rects.map(
    rect => {
      const shape = outlined ? inset(rect) : rect;
      return [
        outlined && underlay(shape),
        rectangle(shape, markup`rx="2" class="jp-saturn-shape" ${style}`),
        texture &&
          rectangle(
            shape,
            markup`rx="2" fill="url(#${name(`${bar.technique}-${textureInk}`)})" pointer-events="none"`
          ),
        placed.lead > 0 && leadSvg(shape, placed.lead),
        bar.pinned === true && pinSvg(shape.x, shape.y)
      ];
    }
  )}</g>
`;
}

/** Keeps the grid from showing through; a path, so that the shape is a bar's first rectangle. */
function underlay({ x, y, width, height }: IRect): Markup {
  return markup`<path class="jp-saturn-paper" d="M${n(x)} ${n(y)}h${n(width)}v${n(height)}h${n(-width)}z" fill="#ffffff"/>`;
}

/** The beginning of a bar that is no training yet: paler, with a line where training begins. */
function leadSvg(rect: IRect, lead: number): Markup {
  const width = Math.min(lead, rect.width);
  const end = n(rect.x + width);
  return markup`${rectangle({ ...rect, width }, markup`class="jp-saturn-paper" fill="#ffffff" fill-opacity="0.6" pointer-events="none"`)}<path class="jp-saturn-line" d="M${end} ${n(rect.y)}v${n(rect.height)}" stroke="#212121" stroke-opacity="0.5" pointer-events="none"/>`;
}

/** The corner that marks a bar somebody pinned. */
function pinSvg(x: number, y: number): Markup {
  return markup`<path class="jp-saturn-ink" d="M${n(x)} ${n(y)}h9l-9 9z" fill="#212121" pointer-events="none"/>`;
}

/** What ties the parts of a task together. */
function links(layout: IGanttLayout): Markup {
  return markup`<g aria-hidden="true" fill="none" stroke-width="1.5">${layout.links.map(
    ({ from, to, colour }) =>
      markup`<path d="M${n(from.x)} ${n(from.y)}L${n(to.x)} ${n(to.y)}" stroke="${colourOf(colour).fill}"/>`
  )}</g>
`;
}

/** Planned work, and work that came to nothing, is drawn as an outline. */
function isOutlined(bar: IGanttBar): boolean {
  return bar.kind !== 'actual' || TROUBLE.has(bar.state);
}

/** Room for an outline inside a rectangle. */
function inset(rect: IRect): IRect {
  return { ...rect, x: rect.x + 0.75, width: Math.max(rect.width - 1.5, 0.5) };
}

/** Names and notes of the bars: a layer of its own, above the lines. */
function barTexts(layout: IGanttLayout, interactive: boolean): Markup {
  return markup`<g aria-hidden="true" pointer-events="none" stroke-width="2.5" stroke-linejoin="round">
${layout.bars.map(({ bar, texts }) => {
  const { fill, ink } = colourOf(bar.colour);
  const halo = ' stroke-opacity="0.8" paint-order="stroke"';
  const written = texts.map(line =>
    isOutlined(bar)
      ? text(line, 'jp-saturn-ink jp-saturn-halo', '#212121', markup` stroke="#ffffff"${new Markup(halo)}`)
      : text(line, 'jp-saturn-label', ink, markup` stroke="${fill}"${new Markup(halo)}`)
  );
  return interactive ? markup`<g data-of="${bar.id}">${written}</g>` : written;
})}
</g>
`;
}

/** The textures in use, each in the inks in use. */
function patterns(layout: IGanttLayout, name: (part: string) => string): Markup[] {
  const techniques = new Set(layout.bars.flatMap(({ bar }) => bar.technique ?? []));
  return [...techniques].sort().flatMap(technique => {
    const texture = textureOf(technique);
    if (texture === null) {
      return [];
    }
    return (['dark', 'light', 'theme'] as const).map(ink => {
      const stroke = ink === 'light' ? '#ffffff' : ink === 'dark' ? '#000000' : '#212121';
      return markup`<pattern id="${name(`${technique}-${ink}`)}" width="${texture.size}" height="${texture.size}" patternUnits="userSpaceOnUse"><path d="${texture.path}"${ink === 'theme' && markup` class="jp-saturn-line"`} stroke="${stroke}" stroke-opacity="${ink === 'theme' ? '0.3' : '0.45'}" stroke-width="${texture.stroke}" stroke-linecap="round" fill="none"/></pattern>`;
    });
  });
}

const DASHES = {
  'lower-bound': '5 3',
  makespan: '1 3',
  now: '',
  baseline: '8 2 1 2',
  deadline: '10 3'
} as const;

/** Lines first and then their names, each on a ground of its own: a line never crosses the name of another. */
function lines(layout: IGanttLayout): Markup {
  const bottom = layout.plot.y + layout.plot.height;
  return markup`<g aria-hidden="true" pointer-events="none">${layout.lines.map(
    line =>
      markup`<line class="jp-saturn-line" x1="${n(line.x)}" y1="${n(line.text.y - 9)}" x2="${n(line.x)}" y2="${n(bottom)}" stroke="#212121" stroke-width="${line.kind === 'now' || line.kind === 'deadline' ? '1.5' : '1.2'}"${DASHES[line.kind] !== '' && markup` stroke-dasharray="${DASHES[line.kind]}"`}/>`
  )}${layout.lines.map(({ text: name, textWidth }) => [
    rectangle(
      {
        x: (name.anchor === 'end' ? name.x - textWidth : name.x) - 2,
        y: name.y - 10,
        width: textWidth + 4,
        height: 14
      },
      markup`class="jp-saturn-paper" fill="#ffffff"`
    ),
    text(name, 'jp-saturn-ink', '#212121')
  ])}</g>
`;
}

function legendSvg(item: ILegendItem, name: (part: string) => string): Markup {
  const swatch = { x: item.x, y: item.y - 9, width: SWATCH, height: 11 };
  const label = { x: item.x + SWATCH + 5, y: item.y, text: item.text, anchor: 'start' } as const;
  const box = { x: swatch.x + 0.5, y: swatch.y + 0.5, width: SWATCH - 1, height: 10 };
  const content =
    item.kind === 'colour'
      ? rectangle(swatch, markup`rx="2" fill="${colourOf(item.colour).fill}"`)
      : [
          rectangle(
            box,
            markup`rx="2" class="jp-saturn-paper jp-saturn-line" fill="#ffffff" stroke="#212121"`
          ),
          item.kind === 'texture' &&
            textureOf(item.technique) !== null &&
            rectangle(swatch, markup`rx="2" fill="url(#${name(`${item.technique}-theme`)})"`),
          item.kind === 'overhead' && [
            rectangle(
              { ...box, x: box.x + 7, width: box.width - 7 },
              markup`class="jp-saturn-ink" fill="#212121" fill-opacity="0.24"`
            ),
            markup`<path class="jp-saturn-line" d="M${n(box.x + 7)} ${n(box.y)}v${n(box.height)}" stroke="#212121"/>`
          ],
          item.kind === 'pinned' && pinSvg(box.x, box.y)
        ];
  return markup`<g aria-hidden="true">${content}${text(label, 'jp-saturn-ink', '#212121')}</g>
`;
}
