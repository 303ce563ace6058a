import { type Markup, markup } from '../format/escape.js';
import { SWATCH } from './ganttLegend.js';
import type { IGanttLayout, ILegendItem } from './ganttModel.js';
import { colourOf, textureOf } from './palette.js';
import { n, pinSvg, rectangle, text } from './svgShapes.js';

/** Lanes that are lower have no line of their own: of a folded node they would be a ground of lines. */
const NARROW = 6;

/** Lane and section names, grid and time labels. */
export function axisSvg(layout: IGanttLayout): Markup {
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
${layout.nodes.map(({ node, text: name }) => [
  markup`<g data-node="${node}">${text(name, 'jp-saturn-ink', '#212121', markup` font-weight="600"`)}</g>`
])}${layout.lanes.map(lane => [
  lane.height > NARROW && grid(plot.x, lane.y, right, lane.y),
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

/** How busy the devices were: the load as an area, the memory as a line. */
export function loadsSvg(layout: IGanttLayout): Markup {
  return markup`${layout.loads.map(
    ({ rect, load, memory, text: name, detail }) =>
      markup`<g class="jp-saturn-load"><title>${detail}</title>${rectangle(rect, markup`class="jp-saturn-ground" fill="#212121" fill-opacity="0.05"`)}<path class="jp-saturn-area" d="${load}" fill="#616161" fill-opacity="0.5"/><path class="jp-saturn-memory" d="${memory}" fill="none" stroke="#212121" stroke-width="1.2"/>${text(name, 'jp-saturn-quiet', '#616161')}</g>`
  )}`;
}

/** When nodes were away: hatched, behind what was done there. */
export function absencesSvg(layout: IGanttLayout, name: (part: string) => string): Markup {
  if (layout.absences.length === 0) {
    return markup``;
  }
  return markup`<pattern id="${name('away')}" width="8" height="8" patternUnits="userSpaceOnUse"><path class="jp-saturn-line" d="M-2 2l4 -4M0 8l8 -8M6 10l4 -4" stroke="#212121" stroke-opacity="0.45" stroke-width="1.5" fill="none"/></pattern>${layout.absences.map(
    ({ absence: { node, text: words }, rect }) =>
      markup`<g class="jp-saturn-absence"><title>${`${node} ${words}`}</title>${rectangle(rect, markup`fill="url(#${name('away')})"`)}</g>`
  )}`;
}

/** Moments that are marked: a line each, with a sign in a circle above. */
export function eventsSvg({ plot, events }: IGanttLayout): Markup {
  const bottom = n(plot.y + plot.height);
  return markup`${events.map(({ event, x }) => {
    const y = plot.y - 8;
    const sign = { x, y: y + 4, text: event.sign, anchor: 'middle' } as const;
    return markup`<g class="jp-saturn-event" data-event="${event.id}"><title>${event.detail}</title><line class="jp-saturn-line" x1="${n(x)}" y1="${n(y)}" x2="${n(x)}" y2="${bottom}" stroke="#212121" stroke-opacity="0.5" stroke-dasharray="2 4" pointer-events="none"/><circle class="jp-saturn-paper jp-saturn-line" cx="${n(x)}" cy="${n(y)}" r="8" fill="#ffffff" stroke="#212121"/>${text(sign, 'jp-saturn-ink', '#212121', markup` pointer-events="none"`)}</g>`;
  })}`;
}

/** What ties the parts of a task together. */
export function linksSvg(layout: IGanttLayout): Markup {
  return markup`<g aria-hidden="true" fill="none" stroke-width="1.5">${layout.links.map(
    ({ from, to, colour }) =>
      markup`<path d="M${n(from.x)} ${n(from.y)}L${n(to.x)} ${n(to.y)}" stroke="${colourOf(colour).fill}"/>`
  )}</g>
`;
}

/** The textures in use, each in the inks in use. */
export function patternsSvg(layout: IGanttLayout, name: (part: string) => string): Markup[] {
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
export function linesSvg(layout: IGanttLayout): Markup {
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

/** An entry of the legend. */
export function legendSvg(item: ILegendItem, name: (part: string) => string): Markup {
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
