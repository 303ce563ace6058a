import { Markup, markup } from '../format/escape.js';
import type { IGanttBar, IPlacedBar, IRect } from './ganttModel.js';
import { colourOf, textureOf } from './palette.js';
import { n, pinSvg, rectangle, text } from './svgShapes.js';

/** Keys that a host must heed for bars that can be moved. */
const MOVE_KEYS = 'Shift+ArrowUp Shift+ArrowDown Shift+ArrowLeft Shift+ArrowRight Enter Delete';

const TROUBLE: ReadonlySet<string | undefined> = new Set(['failed', 'oom', 'lost']);

/** Bars narrower than this have no texture, in pixels: nobody could tell it. */
const LEAST_DETAIL = 3;

/** Inks a texture is drawn in: against a bar's text colour, or in the theme's colour over a planned bar. */
type Ink = 'dark' | 'light' | 'theme';

/**
 * A bar.
 *
 * @param name - ids of the chart's own, by the parts they are for.
 * @param isOption - whether it is one of a list, which has its tooltip when it is wanted; else it is part of a picture.
 */
export function barSvg(
  placed: IPlacedBar,
  name: (part: string) => string,
  isOption: boolean = false
): Markup {
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
  return markup`<g class="jp-saturn-bar jp-mod-${bar.kind}${bar.state !== undefined && ` jp-mod-${bar.state}`}${trouble && ' jp-mod-trouble'}${bar.pinned === true && ' jp-mod-pinned'}${bar.movable === true && ' jp-mod-movable'}" data-task="${bar.task}" data-id="${bar.id}" data-kind="${bar.kind}"${isOption && markup` role="option" aria-selected="false" aria-label="${bar.detail.replaceAll('\n', ', ')}" tabindex="-1"${bar.movable === true && markup` aria-keyshortcuts="${MOVE_KEYS}"`}`}>${!isOption && markup`<title>${bar.detail}</title>`}${rects.map(
    rect => {
      const shape = outlined ? inset(rect) : rect;
      return [
        outlined && shape.width >= LEAST_DETAIL && underlay(shape),
        rectangle(shape, markup`rx="2" class="jp-saturn-shape" ${style}`),
        texture &&
          shape.width >= LEAST_DETAIL &&
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

/** Planned work, and work that came to nothing, is drawn as an outline. */
function isOutlined(bar: IGanttBar): boolean {
  return bar.kind !== 'actual' || TROUBLE.has(bar.state);
}

/** Room for an outline inside a rectangle. */
function inset(rect: IRect): IRect {
  return { ...rect, x: rect.x + 0.75, width: Math.max(rect.width - 1.5, 0.5) };
}

/** Name and note of a bar; as the text of an option they say whose they are. */
export function barTextSvg({ bar, texts }: IPlacedBar, isOption: boolean = false): Markup {
  const { fill, ink } = colourOf(bar.colour);
  const halo = ' stroke-opacity="0.8" paint-order="stroke"';
  const written = texts.map(line =>
    isOutlined(bar)
      ? text(line, 'jp-saturn-ink jp-saturn-halo', '#212121', markup` stroke="#ffffff"${new Markup(halo)}`)
      : text(line, 'jp-saturn-label', ink, markup` stroke="${fill}"${new Markup(halo)}`)
  );
  return isOption ? markup`<g data-of="${bar.id}">${written}</g>` : markup`${written}`;
}

/** The attributes of the layer of texts. */
export const TEXT_LAYER = markup`aria-hidden="true" pointer-events="none" stroke-width="2.5" stroke-linejoin="round"`;

/** A planned bar that is to be replaced: an outline over the others. */
export function ghostSvg({ rects, bar }: IPlacedBar): Markup {
  return markup`<g class="jp-saturn-old" data-old="${bar.id}" aria-hidden="true" pointer-events="none">${rects.map(
    rect =>
      rectangle(
        inset(rect),
        markup`rx="2" class="jp-saturn-line" fill="none" stroke="#212121" stroke-opacity="0.55" stroke-width="1.2" stroke-dasharray="3 3"`
      )
  )}</g>`;
}
