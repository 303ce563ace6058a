import { type Fragment, type Markup, markup } from '../format/escape.js';
import type { IPlacedText, IRect } from './ganttModel.js';

/** A length, to a tenth of a pixel. */
export const n = (value: number): string => String(Math.round(value * 10) / 10);

/** A text where it was placed. */
export function text(placed: IPlacedText, className: string, fill: string, extra: Fragment = false): Markup {
  return markup`<text class="${className}" x="${n(placed.x)}" y="${n(placed.y)}" text-anchor="${placed.anchor}" fill="${fill}"${placed.upright === true && markup` transform="rotate(-90 ${n(placed.x)} ${n(placed.y)})"`}${extra}>${placed.text}</text>`;
}

/** A rectangle. */
export function rectangle(rect: IRect, attributes: Markup): Markup {
  return markup`<rect x="${n(rect.x)}" y="${n(rect.y)}" width="${n(rect.width)}" height="${n(rect.height)}" ${attributes}/>`;
}

/** The corner that marks a bar somebody pinned. */
export function pinSvg(x: number, y: number): Markup {
  return markup`<path class="jp-saturn-ink" d="M${n(x)} ${n(y)}h9l-9 9z" fill="#212121" pointer-events="none"/>`;
}
