import { printableLines } from '../../core/view/format/escape.js';
import {
  barSvg,
  barTextSvg,
  ganttFrame,
  ganttLayers,
  type IGanttLayout,
  type IPlacedBar,
  isSamePlaced,
  partName
} from '../../core/view/gantt/gantt.js';
import { isOf } from './ganttTargets.js';

/** So many new bars are drawn at once. */
const MOST_NEW = 200;

const CHOSEN_CLASS = 'jp-mod-chosen';
const CHOOSING_CLASS = 'jp-mod-choosing';
const FAINT_CLASS = 'jp-mod-faint';

const SVG = 'http://www.w3.org/2000/svg';

/** What is drawn on one another, from behind. */
const LAYERS = ['head', 'back', 'bars', 'lines', 'texts', 'front'] as const;
type Layer = (typeof LAYERS)[number];

/** A bar as it is drawn. */
interface IDrawn {
  readonly placed: IPlacedBar;
  readonly node: SVGElement;
  readonly text: SVGElement;
}

/**
 * A chart that is drawn by difference: what is as it was stays in the document, and what cannot be seen is not in it.
 */
export class GanttDrawing {
  /** @param host - what it is drawn in: it has no other content. */
  constructor(private readonly _host: HTMLElement) {}

  /** The bars in the document, by id, in the order of the chart. */
  get bars(): ReadonlyMap<string, { readonly placed: IPlacedBar; readonly node: SVGElement }> {
    return this._drawn;
  }

  /** Remove it. */
  clear(): void {
    this._host.replaceChildren();
    this._svg = null;
    this._layers.clear();
    this._sources.clear();
    this._drawn.clear();
  }

  /**
   * Draw a chart in the place of the one before.
   *
   * @param isSeen - whether a bar is in sight.
   * @param wanted - ids of bars that are to be in the document at once, wherever they are.
   * @returns whether all is drawn: of very many new bars some are left for the next time, that the page does not stand still.
   */
  draw(
    layout: IGanttLayout,
    isSeen: (bar: IPlacedBar) => boolean,
    wanted: ReadonlySet<string | null | undefined>
  ): boolean {
    const svg = this._svg ?? this._begin();
    for (const [name, value] of Object.entries(ganttFrame(layout, 'listbox'))) {
      if (name !== 'class') {
        set(svg, name, value);
      }
    }
    for (const [name, source] of Object.entries(ganttLayers(layout)) as [Layer, string][]) {
      if (this._sources.get(name) !== source) {
        this._sources.set(name, source);
        this._layer(name).innerHTML = source;
      }
    }
    const seen = layout.bars.filter(placed => wanted.has(placed.bar.id) || isSeen(placed));
    let room = MOST_NEW;
    const now = seen.filter(({ bar: { id } }) => wanted.has(id) || this._drawn.has(id) || room-- > 0);
    this._drawBars(now, partName(layout));
    return now.length === seen.length;
  }

  /**
   * Show what is selected. The selected bar, or else the first, is the tab stop.
   *
   * @param selected - id of a bar; null for none.
   * @param chosen - names of tasks, all of whose bars stand out.
   */
  mark(selected: string | null, chosen: ReadonlySet<string>): void {
    const stop = selected !== null && this._drawn.has(selected) ? selected : [...this._drawn.keys()][0];
    // Tasks that have no bar are no reason for all others to fade.
    const isChoosing =
      chosen.size > 0 && [...this._drawn.values()].some(({ placed }) => isOf(placed.bar, chosen));
    this._svg?.classList.toggle(CHOOSING_CLASS, isChoosing);
    for (const [id, { placed, node, text }] of this._drawn) {
      const isChosen = isChoosing && isOf(placed.bar, chosen);
      set(node, 'aria-selected', String(id === selected || isChosen));
      set(node, 'tabindex', id === stop ? '0' : '-1');
      if (node.classList.contains(CHOSEN_CLASS) !== isChosen) {
        node.classList.toggle(CHOSEN_CLASS, isChosen);
      }
      if (text.classList.contains(FAINT_CLASS) !== (isChoosing && !isChosen)) {
        text.classList.toggle(FAINT_CLASS, isChoosing && !isChosen);
      }
    }
  }

  /** Give a bar its tooltip, once it is wanted: one each would double what the document holds. */
  explain(bar: SVGElement | null): void {
    const placed = bar?.dataset.id === undefined ? undefined : this._drawn.get(bar.dataset.id)?.placed;
    if (bar && placed && !bar.querySelector(':scope > title')) {
      const title = document.createElementNS(SVG, 'title');
      title.textContent = printableLines(placed.bar.detail);
      bar.prepend(title);
    }
  }

  private _begin(): SVGElement {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('class', 'jp-saturn-gantt');
    svg.setAttribute('aria-multiselectable', 'true');
    for (const name of LAYERS) {
      const layer = document.createElementNS(SVG, 'g');
      layer.dataset.layer = name;
      this._layers.set(name, layer);
      svg.append(layer);
    }
    const texts = this._layer('texts');
    texts.setAttribute('aria-hidden', 'true');
    texts.setAttribute('pointer-events', 'none');
    texts.setAttribute('stroke-width', '2.5');
    texts.setAttribute('stroke-linejoin', 'round');
    this._host.replaceChildren(svg);
    this._svg = svg;
    return svg;
  }

  private _drawBars(bars: readonly IPlacedBar[], name: (part: string) => string): void {
    const changed = bars.filter(placed => {
      const drawn = this._drawn.get(placed.bar.id);
      return drawn === undefined || !isSamePlaced(drawn.placed, placed);
    });
    const nodes = elementsOf(changed.map(placed => barSvg(placed, name, true).source));
    const texts = elementsOf(changed.map(placed => barTextSvg(placed, true).source));
    const made = new Map(
      changed.map((placed, i): [string, IDrawn] => [
        placed.bar.id,
        { placed, node: nodes[i] as SVGElement, text: texts[i] as SVGElement }
      ])
    );
    this._drawn = new Map(
      bars.map(({ bar: { id } }) => [id, (made.get(id) ?? this._drawn.get(id)) as IDrawn])
    );
    const all = [...this._drawn.values()];
    arrange(
      this._layer('bars'),
      all.map(({ node }) => node)
    );
    arrange(
      this._layer('texts'),
      all.map(({ text }) => text)
    );
  }

  private _layer(name: Layer): SVGElement {
    return this._layers.get(name) as SVGElement;
  }

  private readonly _layers = new Map<Layer, SVGElement>();
  /** Markup of the layers, by which those that are other are known. */
  private readonly _sources = new Map<Layer, string>();
  private _drawn = new Map<string, IDrawn>();
  private _svg: SVGElement | null = null;
}

/** Elements of SVG, made all at once. */
function elementsOf(sources: readonly string[]): Element[] {
  const made = document.createElementNS(SVG, 'svg');
  made.innerHTML = sources.join('');
  return [...made.children];
}

/** Make some elements the children of another, in their order; those that are there already stay. */
function arrange(parent: Element, children: readonly Element[]): void {
  const kept = new Set(children);
  for (const child of [...parent.children]) {
    if (!kept.has(child)) {
      child.remove();
    }
  }
  let next = parent.firstElementChild;
  for (const child of children) {
    if (child === next) {
      next = next.nextElementSibling;
    } else {
      parent.insertBefore(child, next);
    }
  }
}

function set(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}
