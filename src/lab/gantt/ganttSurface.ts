import type { TranslationBundle } from '@jupyterlab/translation';
import { tableHtml } from '../../core/view/format/table.js';
import {
  type IGanttInput,
  type IGanttLayout,
  type IRect,
  layoutGantt,
  type TimeWindow
} from '../../core/view/gantt/gantt.js';
import { GanttDrawing } from './ganttDrawing.js';
import { ganttTable } from './ganttTable.js';
import { barOf } from './ganttTargets.js';

/** Width drawn before there is one, in pixels. */
const WIDTH = 480;

/** How far beside the screen bars and lanes are drawn, in pixels. */
const AROUND = 300;

/** Where a chart is drawn, or a table in its place. */
export class GanttSurface {
  /** @param _host - what it is drawn in: it has no other content. */
  constructor(
    private readonly _host: HTMLElement,
    private readonly _options: GanttSurface.IOptions
  ) {
    this.drawing = new GanttDrawing(_host);
  }

  readonly drawing: GanttDrawing;

  /** The chart as it is drawn; null while there is none. */
  get layout(): IGanttLayout | null {
    return this._layout;
  }

  /** Whether the chart is higher than the screen, so that what is drawn depends on where that is. */
  get isTall(): boolean {
    return this._isTall;
  }

  /** Draw a chart. Returns whether all of it is drawn: of very many new bars some are left for the next time. */
  drawChart(input: IGanttInput, { window, folded, selected }: GanttSurface.IScene): boolean {
    const { trans, byNode } = this._options;
    const layout = layoutGantt(input, trans, {
      width: this._host.clientWidth || WIDTH,
      ...{ window, byNode, folded, id: this._name }
    });
    this._focused = barOf(this._host.ownerDocument.activeElement);
    if (this._layout === null) {
      this._table = null;
      this.drawing.clear();
    }
    this._layout = layout;
    const isSeen = this._sight(layout);
    return this.drawing.draw(
      {
        ...layout,
        lanes: layout.lanes.filter(isSeen),
        loads: layout.loads.filter(({ rect }) => isSeen(rect)),
        absences: layout.absences.filter(({ rect }) => isSeen(rect))
      },
      ({ rects }) => rects.some(isSeen),
      new Set([this._focused?.dataset.id, selected])
    );
  }

  /** Draw a table of the same, or nothing. */
  drawTable(input: IGanttInput | null): void {
    const { trans } = this._options;
    const table = input ? tableHtml(ganttTable(input, trans), trans).source : '';
    if (table !== this._table) {
      this.drawing.clear();
      this._host.innerHTML = table;
    }
    this._table = table;
    this._layout = null;
  }

  /** Give the focus back to a bar that was drawn anew; where it is out of sight keys still find the chart. */
  keepFocus(): void {
    const before = this._focused;
    this._focused = null;
    if (before && !before.isConnected) {
      const again = this.drawing.bars.get(before.dataset.id ?? '')?.node;
      (again ?? this._host).focus({ preventScroll: true });
    }
  }

  /** What is to be in the document by its place: of a tall chart what is on the screen, and a little around it. */
  private _sight(layout: IGanttLayout): (placed: Pick<IRect, 'y' | 'height'>) => boolean {
    const { innerHeight } = window;
    this._isTall = layout.height > innerHeight;
    if (!this._isTall) {
      return () => true;
    }
    const top = -this._host.getBoundingClientRect().top - AROUND;
    const bottom = top + innerHeight + 2 * AROUND;
    return ({ y, height }) => y + height >= top && y <= bottom;
  }

  /** Keeps the ids of charts on one page apart. */
  private readonly _name = Private.nextName();
  private _layout: IGanttLayout | null = null;
  private _focused: SVGElement | null = null;
  /** Markup of the table that is shown; null while there is none. */
  private _table: string | null = null;
  private _isTall = false;
}

export namespace GanttSurface {
  export interface IOptions {
    readonly trans: TranslationBundle;
    /** Whether nodes have lines of their own where there are several. */
    readonly byNode: boolean;
  }

  /** What is seen of a chart. */
  export interface IScene {
    readonly window: TimeWindow;
    /** Ids of nodes whose lanes are narrow. */
    readonly folded: ReadonlySet<string>;
    /** Id of the selected bar. */
    readonly selected: string | null;
  }
}

namespace Private {
  let made = 0;

  /** A name that no other chart has. */
  export const nextName = () => `live-${made++}`;
}
