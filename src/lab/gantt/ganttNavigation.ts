import type { IDisposable } from '@lumino/disposable';
import { type IGanttLayout, panned, type TimeWindow, zoomed } from '../../core/view/gantt/gantt.js';

/** One press of a key or a button shows so many times as much, or as little. */
export const ZOOM_STEP = 1.5;

/** A pointer must move by so many pixels before a press becomes a drag. */
const THRESHOLD = 4;

/** A wheel that turns by so many pixels zooms by a factor of e. */
const WHEEL_PIXELS = 400;

/** What a wheel that tells lines turns by, in pixels. */
const LINE_PIXELS = 16;

/** A key moves by this share of what is seen; a page by nearly all of it. */
const KEY_SHARE = 0.1;
const PAGE_SHARE = 0.9;

/**
 * Ways through the time of a chart: the wheel with Ctrl zooms round the pointer, with Shift it moves; the ground can be dragged;
 * `+`, `-` and `0` zoom, Page Up and Page Down move.
 */
export class GanttNavigation implements IDisposable {
  constructor(private readonly _options: GanttNavigation.IOptions) {
    _options.chart.addEventListener('wheel', this, { passive: false });
    _options.chart.addEventListener('pointerdown', this);
  }

  /** Whether the last press dragged the ground: its click is then none. */
  get wasDragged(): boolean {
    return this._wasDragged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._release();
    this._options.chart.removeEventListener('wheel', this);
    this._options.chart.removeEventListener('pointerdown', this);
  }

  handleEvent(event: Event): void {
    const layout = this._options.layout();
    if (!layout) {
      return;
    }
    switch (event.type) {
      case 'wheel':
        this._turn(event as WheelEvent, layout);
        break;
      case 'pointerdown':
        this._press(event as PointerEvent);
        break;
      case 'pointermove':
        this._move(event as PointerEvent, layout);
        break;
      default:
        this._release();
    }
  }

  /**
   * What a key asks for; undefined for other keys.
   *
   * @param isFree - whether arrows are free to move, as there is nothing else that they would.
   */
  windowByKey(key: string, isFree: boolean): TimeWindow | undefined {
    const layout = this._options.layout();
    const window = this._options.window();
    if (!layout) {
      return undefined;
    }
    const length = layout.window.to - layout.window.from;
    const by = (share: number) => panned(window, layout.end, share * length);
    switch (key) {
      case '+':
      case '=':
        return zoomed(window, layout.end, 1 / ZOOM_STEP);
      case '-':
        return zoomed(window, layout.end, ZOOM_STEP);
      case '0':
        return null;
      case 'PageUp':
        return by(-PAGE_SHARE);
      case 'PageDown':
        return by(PAGE_SHARE);
      case 'ArrowLeft':
        return isFree && window ? by(-KEY_SHARE) : undefined;
      case 'ArrowRight':
        return isFree && window ? by(KEY_SHARE) : undefined;
      default:
        return undefined;
    }
  }

  private _turn(event: WheelEvent, layout: IGanttLayout): void {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1;
    const [x, y] = [event.deltaX * unit, event.deltaY * unit];
    const window = this._options.window();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const factor = Math.exp(y / WHEEL_PIXELS);
      this._options.onWindow(zoomed(window, layout.end, factor, this._secondsAt(event, layout)));
    } else if (window && (event.shiftKey || Math.abs(x) > Math.abs(y))) {
      event.preventDefault();
      const pixels = Math.abs(x) > Math.abs(y) ? x : y;
      this._options.onWindow(panned(window, layout.end, pixels * layout.secondsPerPixel));
    }
  }

  private _press(event: PointerEvent): void {
    this._wasDragged = false;
    const window = this._options.window();
    const target = event.target as Element;
    if (event.button !== 0 || !window || target.closest('[data-id], [data-event], [data-node]')) {
      return;
    }
    this._from = { x: event.clientX, window };
    for (const type of EVENTS) {
      target.ownerDocument.addEventListener(type, this, true);
    }
  }

  private _move(event: PointerEvent, layout: IGanttLayout): void {
    const by = event.clientX - (this._from?.x ?? 0);
    if (!this._from || (!this._wasDragged && Math.abs(by) < THRESHOLD)) {
      return;
    }
    this._wasDragged = true;
    event.preventDefault();
    this._options.onWindow(
      panned(this._from.window, layout.end, -by * this._scale(layout) * layout.secondsPerPixel)
    );
  }

  private _release(): void {
    this._from = null;
    for (const type of EVENTS) {
      this._options.chart.ownerDocument.removeEventListener(type, this, true);
    }
  }

  /** The moment under a pointer. */
  private _secondsAt(event: MouseEvent, layout: IGanttLayout): number {
    const left = this._options.chart.querySelector('svg')?.getBoundingClientRect().left ?? 0;
    const x = (event.clientX - left) * this._scale(layout) - layout.plot.x;
    return layout.window.from + x * layout.secondsPerPixel;
  }

  /** Pixels of the layout per pixel of the screen. */
  private _scale({ width }: IGanttLayout): number {
    const shown = this._options.chart.querySelector('svg')?.getBoundingClientRect().width ?? 0;
    return shown > 0 ? width / shown : 1;
  }

  private _from: { readonly x: number; readonly window: TimeWindow } | null = null;
  private _wasDragged = false;
  private _isDisposed = false;
}

export namespace GanttNavigation {
  export interface IOptions {
    readonly chart: HTMLElement;
    /** The chart as it is drawn. */
    readonly layout: () => IGanttLayout | null;
    /** What is seen of time. */
    readonly window: () => TimeWindow;
    /** The user wants to see another time. */
    readonly onWindow: (window: TimeWindow) => void;
  }
}

const EVENTS = ['pointermove', 'pointerup', 'pointercancel'] as const;
