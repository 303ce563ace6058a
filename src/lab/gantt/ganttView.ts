import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { type ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { duration } from '../../core/view/format/format.js';
import { tableHtml } from '../../core/view/format/table.js';
import {
  ganttSvg,
  type IGanttBar,
  type IGanttInput,
  type IGanttLayout,
  type IGanttMove,
  layoutGantt
} from '../../core/view/gantt/gantt.js';
import { GanttDrag } from './ganttDrag.js';
import { editByKey, type GanttEdit, neighbour } from './ganttKeys.js';
import { ganttTable } from './ganttTable.js';

const GANTT_CLASS = 'jp-SaturnGantt';
const CHART_CLASS = 'jp-SaturnGantt-chart';
const DETAILS_CLASS = 'jp-SaturnGantt-details';
const TOGGLE_CLASS = 'jp-SaturnGantt-toggle';

/**
 * The schedule, live: the chart of core/view with focus, selection and resizing.
 *
 * The bars are one stop in the tab order; arrow keys go from one to another, Home and End to the first and
 * the last, Escape clears the selection. Bars that can be moved are dragged, or moved by arrow keys with Shift;
 * Enter holds them to their strategy and Delete lets them go. The same facts are to be had as a table.
 */
export class GanttView extends Widget {
  constructor(options: GanttView.IOptions) {
    super();
    this._trans = options.trans;
    this.addClass(GANTT_CLASS);
    this._chart.className = CHART_CLASS;
    this._details.className = DETAILS_CLASS;
    this._details.setAttribute('aria-live', 'polite');
    this._toggle.className = `${TOGGLE_CLASS} jp-mod-styled jp-mod-minimal`;
    this._toggle.type = 'button';
    this._sizes = new ResizeObserver(() => this.update());
    this._sights = new IntersectionObserver(entries => {
      this._inSight = entries.at(-1)?.isIntersecting ?? true;
      this.update();
    });
    this._drag = new GanttDrag({
      chart: this._chart,
      layout: () => this._chartLayout,
      onMove: ({ bar }, { move }) => this._say(this._moveWords(bar, move)),
      onDrop: ({ bar }, { move }) => this._edited.emit({ kind: 'move', bar, move }),
      onEnd: () => {
        this._wasDragged = true;
        this.update();
      }
    });
    this.node.append(this._chart, this._details, this._toggle);
  }

  /** What is drawn; null for nothing. Drawing is put off until it can be seen, and coalesced. */
  get input(): IGanttInput | null {
    return this._input;
  }

  set input(value: IGanttInput | null) {
    this._input = value;
    this.update();
  }

  /** Whether a table stands in for the picture. */
  get asTable(): boolean {
    return this._asTable;
  }

  set asTable(value: boolean) {
    this._asTable = value;
    this.update();
  }

  /** The selected bar, or null. */
  get selection(): IGanttBar | null {
    return this._input?.bars.find(bar => bar.id === this._selected) ?? null;
  }

  /** Emitted when the user selects another bar or none. */
  get selectionChanged(): ISignal<this, IGanttBar | null> {
    return this._selectionChanged;
  }

  /** Emitted when the user wants a bar elsewhere or at another time, held to its strategy, or let go. */
  get edited(): ISignal<this, GanttEdit> {
    return this._edited;
  }

  override dispose(): void {
    this._drag.dispose();
    this._sizes.disconnect();
    this._sights.disconnect();
    Signal.clearData(this);
    super.dispose();
  }

  handleEvent(event: Event): void {
    if (event.currentTarget === this._toggle) {
      this.asTable = !this._asTable;
    } else if (event instanceof KeyboardEvent) {
      this._onKey(event);
    } else if (event.type === 'pointerdown') {
      this._wasDragged = false;
    } else if (!this._wasDragged) {
      this._select(Private.barOf(event.target)?.dataset.id ?? null);
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._chart.addEventListener('click', this);
    this._chart.addEventListener('keydown', this);
    this._chart.addEventListener('pointerdown', this);
    this._toggle.addEventListener('click', this);
    this._sizes.observe(this._chart);
    this._sights.observe(this.node);
    this.update();
  }

  protected override onBeforeDetach(message: Message): void {
    this._sizes.disconnect();
    this._sights.disconnect();
    this._chart.removeEventListener('click', this);
    this._chart.removeEventListener('keydown', this);
    this._chart.removeEventListener('pointerdown', this);
    this._toggle.removeEventListener('click', this);
    super.onBeforeDetach(message);
  }

  protected override onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    if (this._drag.isDragging || (!this._inSight && this._drawn !== '')) {
      return;
    }
    const html = this._markup();
    if (html !== this._drawn) {
      const focused = Private.barOf(this._chart.ownerDocument.activeElement)?.dataset.id;
      this._drawn = html;
      this._chart.innerHTML = html;
      this._mark();
      if (focused !== undefined) {
        this._barNode(focused)?.focus();
      }
    }
    this._toggle.hidden = this._input === null;
    this._toggle.textContent = this._asTable
      ? this._trans.__('Show as chart')
      : this._trans.__('Show as table');
    this._describe();
  }

  private _markup(): string {
    this._chartLayout = null;
    if (!this._input) {
      return '';
    }
    if (this._asTable) {
      return tableHtml(ganttTable(this._input, this._trans), this._trans).source;
    }
    this._chartLayout = layoutGantt(this._input, this._trans, {
      width: this._chart.clientWidth || Private.WIDTH
    });
    return ganttSvg(this._chartLayout, { interactive: true });
  }

  private _onKey(event: KeyboardEvent): void {
    const from = Private.barOf(event.target)?.dataset.id;
    if (from === undefined || !this._input || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const edit = this._chartLayout && editByKey(this._chartLayout, from, event);
    if (edit) {
      event.preventDefault();
      event.stopPropagation();
      this._edited.emit(edit);
      return;
    }
    let to: string | null;
    if (event.key === 'Enter' || event.key === ' ') {
      to = from;
    } else if (event.key === 'Escape') {
      to = null;
    } else {
      const next = neighbour(this._input, from, event.key);
      if (next === null) {
        return;
      }
      to = next;
    }
    event.preventDefault();
    event.stopPropagation();
    this._select(to);
    if (to !== null) {
      this._barNode(to)?.focus();
    }
  }

  /** Where a bar under way would land. */
  private _moveWords(bar: IGanttBar, { rows, start }: IGanttMove): string {
    const labels = new Map(this._input?.rows.map(row => [row.key, row.label]));
    const devices = (rows ?? bar.rows).map(row => labels.get(row) ?? row).join(', ');
    const from = start ?? bar.start;
    return this._trans.__(
      '%1: on %2, from %3 to %4',
      bar.task,
      devices,
      duration(from, this._trans),
      duration(from + bar.end - bar.start, this._trans)
    );
  }

  private _select(id: string | null): void {
    if (id === this._selected) {
      return;
    }
    this._selected = id;
    this._mark();
    this._describe();
    this._selectionChanged.emit(this.selection);
  }

  /** Show the selection in the chart; the selected bar, or else the first, is the tab stop. */
  private _mark(): void {
    const bars = [...this._chart.querySelectorAll<SVGElement>('[data-id]')];
    const stop = bars.find(bar => bar.dataset.id === this._selected) ?? bars[0];
    for (const bar of bars) {
      bar.setAttribute('aria-selected', String(bar.dataset.id === this._selected));
      bar.setAttribute('tabindex', bar === stop ? '0' : '-1');
    }
  }

  private _describe(): void {
    this._say(this._asTable ? '' : (this.selection?.detail ?? ''));
  }

  private _say(text: string): void {
    if (this._details.textContent !== text) {
      this._details.textContent = text;
    }
  }

  private _barNode(id: string): SVGElement | null {
    const bars = [...this._chart.querySelectorAll<SVGElement>('[data-id]')];
    return bars.find(bar => bar.dataset.id === id) ?? null;
  }

  private readonly _trans: TranslationBundle;
  private readonly _chart = document.createElement('div');
  private readonly _details = document.createElement('div');
  private readonly _toggle = document.createElement('button');
  private readonly _sizes: ResizeObserver;
  private readonly _sights: IntersectionObserver;
  private readonly _selectionChanged = new Signal<this, IGanttBar | null>(this);
  private readonly _edited = new Signal<this, GanttEdit>(this);
  private readonly _drag: GanttDrag;
  private _input: IGanttInput | null = null;
  private _chartLayout: IGanttLayout | null = null;
  private _wasDragged = false;
  private _selected: string | null = null;
  private _asTable = false;
  private _drawn = '';
  private _inSight = true;
}

export namespace GanttView {
  export interface IOptions {
    trans: TranslationBundle;
  }
}

namespace Private {
  /** Width drawn before the widget has one, in pixels. */
  export const WIDTH = 480;

  export const barOf = (target: EventTarget | null) =>
    target instanceof Element ? target.closest<SVGElement>('[data-id]') : null;
}
