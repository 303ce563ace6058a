import type { TranslationBundle } from '@jupyterlab/translation';
import { type Message, MessageLoop } from '@lumino/messaging';
import { type ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { type IGanttBar, type IGanttInput, revealed, type TimeWindow } from '../../core/view/gantt/gantt.js';
import { GanttDrag } from './ganttDrag.js';
import { GanttFrame } from './ganttFrame.js';
import { keyAction } from './ganttKeyAction.js';
import type { GanttEdit } from './ganttKeys.js';
import { GanttNavigation } from './ganttNavigation.js';
import { GanttSurface } from './ganttSurface.js';
import { moveWords } from './ganttTable.js';
import { barOf, type IGanttPick, isOf, pickOf } from './ganttTargets.js';

/**
 * The schedule, live: the chart of core/view with focus, selection, resizing and, where wanted, a way through time.
 *
 * The bars are one stop in the tab order; arrow keys go from one to another, Home and End to the first and
 * the last, Escape clears the selection. Bars that can be moved are dragged, or moved by arrow keys with Shift;
 * Enter holds them to their strategy and Delete lets them go. The same facts are to be had as a table.
 */
export class GanttView extends GanttFrame {
  constructor(options: GanttView.IOptions) {
    super(options.trans);
    this._surface = new GanttSurface(this._chart, {
      trans: options.trans,
      byNode: options.isNavigable ?? false
    });
    this._drag = new GanttDrag({
      chart: this._chart,
      layout: () => this._surface.layout,
      onMove: ({ bar }, { move }) => this._say(moveWords(bar, move, this._input?.rows ?? [], this._trans)),
      onDrop: ({ bar }, { move }) => this._edited.emit({ kind: 'move', bar, move }),
      onEnd: () => {
        this._wasDragged = true;
        this.update();
      }
    });
    this._navigation = options.isNavigable
      ? new GanttNavigation({
          chart: this._chart,
          layout: () => this._surface.layout,
          window: () => this._window,
          onWindow: window => this._goTo(window)
        })
      : null;
  }

  /** What is drawn; null for nothing. Drawing is put off until it can be seen, and coalesced. */
  get input(): IGanttInput | null {
    return this._input;
  }

  set input(value: IGanttInput | null) {
    this._input = value;
    this.update();
  }

  /** What is seen of time; null for all. */
  get window(): TimeWindow {
    return this._window;
  }

  set window(value: TimeWindow) {
    this._window = value;
    this.update();
  }

  /** Ids of the nodes whose lanes are narrow. */
  get folded(): ReadonlySet<string> {
    return this._folded;
  }

  set folded(value: ReadonlySet<string>) {
    this._folded = value;
    this.update();
  }

  /** Names of tasks whose bars stand out. */
  get chosen(): ReadonlySet<string> {
    return this._chosen;
  }

  set chosen(value: ReadonlySet<string>) {
    this._chosen = value;
    if (this._selected !== null && !isOf(this.selection, value)) {
      this._selected = null;
      this._describe();
    }
    this._mark();
  }

  /** The selected bar, or null. */
  get selection(): IGanttBar | null {
    return this._input?.bars.find(bar => bar.id === this._selected) ?? null;
  }

  /** Emitted when the user selects another bar or none. */
  get selectionChanged(): ISignal<this, IGanttBar | null> {
    return this._selectionChanged;
  }

  /** Emitted when the user wants a bar's task chosen besides others, or no longer. */
  get taskToggled(): ISignal<this, IGanttBar> {
    return this._taskToggled;
  }

  /** Emitted when the user wants a bar elsewhere or at another time, held to its strategy, or let go. */
  get edited(): ISignal<this, GanttEdit> {
    return this._edited;
  }

  /** Emitted after the user has chosen another window. */
  get windowChanged(): ISignal<this, TimeWindow> {
    return this._windowChanged;
  }

  /** Emitted when the user picks something that is marked in the chart, or the name of a node. */
  get picked(): ISignal<this, IGanttPick> {
    return this._picked;
  }

  override dispose(): void {
    this._drag.dispose();
    this._navigation?.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  override handleEvent(event: Event): void {
    if (event.type === 'scroll') {
      if (this._surface.isTall && (event.target as Node).contains(this.node)) {
        this.update();
      }
    } else if (event instanceof KeyboardEvent) {
      this._onKey(event);
    } else if (event.type === 'pointerdown') {
      this._wasDragged = false;
    } else if (event.type === 'pointerover') {
      this._surface.drawing.explain(barOf(event.target));
    } else if (!this._wasDragged && !this._navigation?.wasDragged) {
      this._onClick(event as MouseEvent);
    }
  }

  protected override onBeforeDetach(message: Message): void {
    cancelAnimationFrame(this._rest);
    super.onBeforeDetach(message);
  }

  protected override onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    if (this._drag.isDragging || (!this._inSight && this._isDrawn)) {
      return;
    }
    this._isDrawn = true;
    cancelAnimationFrame(this._rest);
    if (this._input && !this.asTable) {
      const { _window: window, _folded: folded, _selected: selected } = this;
      if (!this._surface.drawChart(this._input, { window, folded, selected })) {
        this._rest = requestAnimationFrame(() => this.update());
      }
      this._mark();
      this._surface.keepFocus();
    } else {
      this._surface.drawTable(this._input);
    }
    this._offerTable(this._input !== null);
    this._describe();
  }

  private _onKey(event: KeyboardEvent): void {
    const action = keyAction(event, {
      ...{ input: this._input, layout: this._surface.layout, selected: this._selected },
      windowByKey: (key, isFree) => this._navigation?.windowByKey(key, isFree)
    });
    if (!action) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    switch (action.kind) {
      case 'window':
        this._goTo(action.window);
        break;
      case 'edit':
        this._edited.emit(action.edit);
        break;
      case 'toggle':
        this._toggleTask(action.id);
        break;
      case 'select':
        this._select(action.id);
        if (action.id !== null) {
          this._show(action.id);
          this._barNode(action.id)?.focus();
        }
    }
  }

  private _onClick(event: MouseEvent): void {
    const bar = barOf(event.target);
    const pick = pickOf(event.target);
    if (pick) {
      this._picked.emit(pick);
    } else if (bar?.dataset.id !== undefined && (event.ctrlKey || event.metaKey || event.shiftKey)) {
      this._toggleTask(bar.dataset.id);
    } else {
      this._select(bar?.dataset.id ?? null);
    }
  }

  private _toggleTask(id: string): void {
    const bar = this._input?.bars.find(one => one.id === id);
    if (bar) {
      this._taskToggled.emit(bar);
    }
  }

  private _goTo(window: TimeWindow): void {
    this.window = window;
    this._windowChanged.emit(window);
  }

  /** Have a bar on the screen. */
  private _show(id: string): void {
    const bar = this._input?.bars.find(one => one.id === id);
    if (bar && this._surface.layout && this._window) {
      const window = revealed(this._window, this._surface.layout.end, { from: bar.start, to: bar.end });
      if (window !== this._window) {
        this._goTo(window);
      }
    }
    if (!this._surface.drawing.bars.has(id) || !this._barNode(id)?.isConnected) {
      MessageLoop.sendMessage(this, Widget.Msg.UpdateRequest);
    }
  }

  private _select(id: string | null): void {
    if (id === this._selected && this._chosen.size <= (id === null ? 0 : 1)) {
      return;
    }
    this._selected = id;
    this._mark();
    this._describe();
    this._selectionChanged.emit(this.selection);
  }

  private _mark(): void {
    this._surface.drawing.mark(this._selected, this._chosen);
  }

  private _describe(): void {
    this._say(this.asTable ? '' : (this.selection?.detail ?? ''));
  }

  private _barNode(id: string | undefined): SVGElement | null {
    return (id !== undefined && this._surface.drawing.bars.get(id)?.node) || null;
  }

  private readonly _surface: GanttSurface;
  private readonly _selectionChanged = new Signal<this, IGanttBar | null>(this);
  private readonly _taskToggled = new Signal<this, IGanttBar>(this);
  private readonly _edited = new Signal<this, GanttEdit>(this);
  private readonly _windowChanged = new Signal<this, TimeWindow>(this);
  private readonly _picked = new Signal<this, IGanttPick>(this);
  private readonly _drag: GanttDrag;
  private readonly _navigation: GanttNavigation | null;
  private _input: IGanttInput | null = null;
  private _window: TimeWindow = null;
  private _folded: ReadonlySet<string> = new Set();
  private _chosen: ReadonlySet<string> = new Set();
  private _wasDragged = false;
  private _selected: string | null = null;
  private _isDrawn = false;
  /** The frame in which the rest of very many bars is drawn. */
  private _rest = 0;
}

export namespace GanttView {
  export interface IOptions {
    trans: TranslationBundle;
    /** Whether one can zoom, and nodes have lines of their own; false when absent. */
    isNavigable?: boolean;
  }
}
