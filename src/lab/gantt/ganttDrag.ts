import type { IDisposable } from '@lumino/disposable';
import { dragged, type IGanttDrag, type IGanttLayout, type IPlacedBar } from '../../core/view/gantt/gantt.js';

/** A pointer must move by so many pixels before a press becomes a drag. */
const THRESHOLD = 4;

const DRAGGED_CLASS = 'jp-mod-dragged';
const GHOST_CLASS = 'jp-SaturnGantt-ghost';

/** Drags bars of a chart that can be moved. */
export class GanttDrag implements IDisposable {
  constructor(private readonly _options: GanttDrag.IOptions) {
    _options.chart.addEventListener('pointerdown', this);
  }

  /** Whether a bar is under way, so that its chart must not be drawn anew. */
  get isDragging(): boolean {
    return this._press?.drag !== undefined;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._end();
    this._options.chart.removeEventListener('pointerdown', this);
  }

  handleEvent(event: Event): void {
    if (event instanceof KeyboardEvent) {
      if (event.key === 'Escape' && this.isDragging) {
        event.preventDefault();
        event.stopPropagation();
        this._end();
      }
      return;
    }
    const pointer = event as PointerEvent;
    switch (event.type) {
      case 'pointerdown':
        this._begin(pointer);
        break;
      case 'pointermove':
        this._move(pointer);
        break;
      case 'pointerup': {
        const { bar, drag } = this._press ?? {};
        this._end();
        if (bar && drag && (drag.move.rows !== null || drag.move.start !== null)) {
          this._options.onDrop(bar, drag);
        }
        break;
      }
      default:
        this._end();
    }
  }

  private _begin(event: PointerEvent): void {
    const node = (event.target as Element).closest<SVGElement>('[data-id].jp-mod-movable');
    const layout = this._options.layout();
    const bar = layout?.bars.find(placed => placed.bar.id === node?.dataset.id);
    if (event.button !== 0 || !node || !layout || !bar || this._press) {
      return;
    }
    const shown = node.ownerSVGElement?.getBoundingClientRect().width ?? 0;
    const scale = shown > 0 ? layout.width / shown : 1;
    this._press = { node, layout, bar, scale, x: event.clientX, y: event.clientY };
    for (const type of EVENTS) {
      node.ownerDocument.addEventListener(type, this, true);
    }
  }

  private _move(event: PointerEvent): void {
    const press = this._press;
    if (!press) {
      return;
    }
    const by = { x: (event.clientX - press.x) * press.scale, y: (event.clientY - press.y) * press.scale };
    if (!press.drag && Math.hypot(by.x, by.y) < THRESHOLD) {
      return;
    }
    event.preventDefault();
    press.drag = dragged(press.layout, press.bar, by);
    press.ghost ??= this._ghostOf(press.node);
    press.ghost.setAttribute('transform', `translate(${press.drag.by.x} ${press.drag.by.y})`);
    this._options.onMove(press.bar, press.drag);
  }

  /** A picture of a bar above all others, to be moved about; the bar itself stays, faint. */
  private _ghostOf(node: SVGElement): SVGElement {
    const ghost = node.ownerDocument.createElementNS('http://www.w3.org/2000/svg', 'g');
    ghost.setAttribute('class', GHOST_CLASS);
    ghost.setAttribute('aria-hidden', 'true');
    const texts = [...(node.ownerSVGElement?.querySelectorAll<SVGElement>('[data-of]') ?? [])];
    const shapes = [...node.children].filter(child => child.localName !== 'title');
    const written = texts.find(text => text.dataset.of === node.dataset.id);
    ghost.append(...[...shapes, ...(written?.children ?? [])].map(child => child.cloneNode(true)));
    node.ownerSVGElement?.append(ghost);
    node.classList.add(DRAGGED_CLASS);
    return ghost;
  }

  private _end(): void {
    const press = this._press;
    if (!press) {
      return;
    }
    this._press = null;
    press.node.classList.remove(DRAGGED_CLASS);
    press.ghost?.remove();
    for (const type of EVENTS) {
      press.node.ownerDocument.removeEventListener(type, this, true);
    }
    if (press.drag) {
      this._options.onEnd();
    }
  }

  private _press: IPress | null = null;
  private _isDisposed = false;
}

export namespace GanttDrag {
  export interface IOptions {
    readonly chart: HTMLElement;
    /** The chart as it is drawn. */
    readonly layout: () => IGanttLayout | null;
    /** While a bar is dragged. */
    readonly onMove: (bar: IPlacedBar, drag: IGanttDrag) => void;
    /** A bar was let go elsewhere. */
    readonly onDrop: (bar: IPlacedBar, drag: IGanttDrag) => void;
    /** A drag is over, wherever it ended; before {@link onDrop}. */
    readonly onEnd: () => void;
  }
}

/** A pointer held down on a bar. */
interface IPress {
  readonly node: SVGElement;
  readonly layout: IGanttLayout;
  readonly bar: IPlacedBar;
  /** Pixels of the layout per pixel of the screen. */
  readonly scale: number;
  readonly x: number;
  readonly y: number;
  drag?: IGanttDrag;
  ghost?: SVGElement;
}

const EVENTS = ['pointermove', 'pointerup', 'pointercancel', 'keydown'] as const;
