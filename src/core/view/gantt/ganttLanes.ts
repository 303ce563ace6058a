import type { ITranslation } from '../../model/translation.js';
import { deviceCount } from '../format/format.js';
import {
  FONT_SIZE,
  type IGanttInput,
  type IGanttLoad,
  type IGanttRow,
  type ILane,
  type ILoadSpan,
  type IPlacedLoad,
  type IPlacedNode,
  type IPlacedText,
  type IRect,
  LINE_HEIGHT,
  SECTIONS,
  sectionName
} from './ganttModel.js';
import { fitText } from './textFit.js';

/** Of how busy a device is, under its lane. */
const LOAD_HEIGHT = 16;

/** All lanes of a folded node together, and each at least. */
const FOLDED = { together: 24, least: 2 };

/** How lanes are laid out. */
export interface ILaneOptions {
  /** Where the first section begins. */
  readonly top: number;
  /** Where names of sections and nodes begin. */
  readonly left: number;
  /** Right end of the lanes' names. */
  readonly labelEnd: number;
  readonly labelRoom: number;
  /** Whether nodes have a line of their own where there are several. */
  readonly byNode: boolean;
  /** Ids of nodes whose lanes are narrow. */
  readonly folded: ReadonlySet<string>;
}

/** Sections from above, with their lanes. */
export interface IPlacedLanes {
  readonly sections: IPlacedText[];
  readonly nodes: IPlacedNode[];
  readonly lanes: ILane[];
  /** Where a device's load is to be drawn. */
  readonly strips: { readonly load: IGanttLoad; readonly y: number; readonly height: number }[];
  readonly bottom: number;
}

/** A lane for each device in each section, below one another. */
export function placeLanes(input: IGanttInput, trans: ITranslation, options: ILaneOptions): IPlacedLanes {
  const { left, labelRoom, folded } = options;
  const height = input.rows.length <= 4 ? 26 : input.rows.length <= 24 ? 20 : 15;
  const placed: IPlacedLanes & { bottom: number } = {
    ...{ sections: [], nodes: [], lanes: [], strips: [], bottom: 0 }
  };
  const shown = SECTIONS.filter(kind => input.bars.some(bar => bar.kind === kind));
  const nodes = rowsByNode(input.rows);
  const byNode = options.byNode && nodes.size > 1;
  const away = new Map((input.absences ?? []).map(({ node, text }) => [node, [text]]));
  let y = options.top;
  for (const kind of shown) {
    y += placed.lanes.length === 0 ? 0 : 6;
    const name = sectionName(kind, trans);
    const text = kind === 'baseline' && input.baseline ? `${name}: ${input.baseline.name}` : name;
    placed.sections.push({ x: left, y: y + 12, text, anchor: 'start' });
    y += LINE_HEIGHT + 1;
    for (const [node, rows] of byNode ? nodes : new Map([['', input.rows]])) {
      const isFolded = byNode && folded.has(node);
      if (byNode) {
        const words = [node, deviceCount(rows.length, trans), ...(away.get(node) ?? [])].join(' · ');
        placed.nodes.push({
          node,
          isFolded,
          text: { x: left, y: y + 11, text: `${isFolded ? '▸' : '▾'} ${words}`, anchor: 'start' }
        });
        y += LINE_HEIGHT;
      }
      for (const row of rows) {
        const { key } = row;
        const own = isFolded ? Math.max(FOLDED.least, FOLDED.together / rows.length) : height;
        const label = isFolded
          ? ''
          : fitText(byNode ? (row.device ?? row.label) : row.label, labelRoom, FONT_SIZE);
        placed.lanes.push({ kind, key, node: row.node, label, y, height: own });
        y += own;
        const load = kind === 'actual' && !isFolded ? input.loads?.get(key) : undefined;
        if (load) {
          placed.strips.push({ load, y, height: LOAD_HEIGHT });
          y += LOAD_HEIGHT;
        }
      }
    }
  }
  return { ...placed, bottom: y };
}

function rowsByNode(rows: readonly IGanttRow[]): Map<string, IGanttRow[]> {
  const nodes = new Map<string, IGanttRow[]>();
  for (const row of rows) {
    const node = row.node ?? '';
    nodes.set(node, [...(nodes.get(node) ?? []), row]);
  }
  return nodes;
}

/** How busy a device was, as an area and a line over time. */
export function placeLoad(
  { load, y, height }: IPlacedLanes['strips'][number],
  plot: Pick<IRect, 'x' | 'width'>,
  labelEnd: number,
  scale: (seconds: number) => number
): IPlacedLoad {
  const rect = { x: plot.x, y: y + 2, width: plot.width, height: height - 4 };
  const bottom = rect.y + rect.height;
  const at = (share: number): number => round(bottom - share * rect.height);
  const seen = load.spans
    .map(span => ({ span, left: round(scale(span.from)), right: round(scale(span.to)) }))
    .filter(({ left, right }) => right > left);
  const path = (value: (span: ILoadSpan) => number | null, isArea: boolean): string =>
    seen
      .map(({ span, left, right }) => {
        const share = value(span);
        return share === null
          ? ''
          : isArea
            ? `M${left} ${round(bottom)}V${at(share)}H${right}V${round(bottom)}z`
            : `M${left} ${at(share)}H${right}`;
      })
      .join('');
  return {
    rect,
    load: path(span => span.load, true),
    memory: path(span => span.memory, false),
    text: { x: labelEnd, y: y + height / 2 + 4, text: load.text, anchor: 'end' },
    detail: load.detail
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
