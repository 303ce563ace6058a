import type { IDisposable } from '@lumino/disposable';
import type uPlot from 'uplot';
import { axisTick, tickText } from '../../core/view/detail/curveText.js';
import {
  drawnRange,
  type IPlottedCurve,
  type IStretch,
  MOST_DETAILED
} from '../../core/view/detail/plottedCurves.js';
import { chartInks } from './chartInks.js';
import type { ICurveContent } from './curveContent.js';
import { drawEndings, drawRungs, drawSwitches } from './curveMarks.js';
import { curvePaths, dashOf, type ICurveStyle, TIME_INCREMENTS } from './curvePaths.js';

/** The library, loaded when the first chart is drawn. */
export type ChartLibrary = typeof uPlot;

/** How faint curves are while another one is looked at, and values beside their smoothed ones. */
const FAINT = 0.3;

/** How faint curves of tasks are that were given up, beside those of others. */
const GIVEN_UP = 0.5;

/** A chart of curves: a canvas with axes, a cursor, and a stretch that can be dragged. */
export class CurveChart implements IDisposable {
  constructor(library: ChartLibrary, host: HTMLElement, options: CurveChart.IOptions) {
    this._library = library;
    this._host = host;
    this._options = options;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Draw this. The chart is made anew only when there are other curves, or other axes. */
  draw(content: ICurveContent): void {
    const before = this._content;
    this._content = content;
    const range = drawnRange(content.lines, content.stretch, content.log);
    this._range = range;
    if (this._plot && before && isAlike(before, content)) {
      this._plot.batch(() => {
        this._plot?.setData(dataOf(content), false);
        this._plot?.setScale('x', { min: range.x[0], max: range.x[1] });
        this._plot?.setScale('y', { min: range.y[0], max: range.y[1] });
      });
    } else {
      this.redraw();
    }
    this.focus = this._focus;
  }

  /**
   * Make the chart anew, in the colours and the size that its host has now. One that is hidden has no size, and keeps what it
   * shows until {@link resize}: JupyterLab hides all for a moment when its theme changes.
   */
  redraw(): void {
    const content = this._content;
    const { clientWidth: width, clientHeight: height } = this._host;
    this._isStale = width === 0 || height === 0;
    if (content && !this._isStale && !this._isDisposed) {
      this._plot?.destroy();
      this._plot = new this._library(this._plotOptions(content, width, height), dataOf(content), this._host);
    }
  }

  /** Fit the chart into its host. */
  resize(): void {
    const { clientWidth: width, clientHeight: height } = this._host;
    if (this._plot === null || this._isStale) {
      this.redraw();
    } else if (width > 0 && height > 0) {
      this._plot.setSize({ width, height });
    }
  }

  /** The task whose curve stands out; none when null. */
  set focus(task: string | null) {
    this._focus = task;
    const at = this._content?.lines.findIndex(line => line.task === task) ?? -1;
    const series = at < 0 || !this._content ? null : 1 + rawLines(this._content).length + at;
    this._plot?.setSeries(series, { focus: true }, false);
  }

  /** Show the cursor at a place of the axis; nowhere when null. */
  showCursor(place: number | null): void {
    if (this._plot) {
      const left = place === null ? -10 : this._plot.valToPos(place, 'x');
      this._plot.setCursor({ left, top: place === null ? -10 : this._plot.over.clientHeight / 2 }, false);
    }
  }

  /** How far down a value is drawn, in pixels; undefined while nothing is drawn. */
  heightOf(value: number): number | undefined {
    return this._plot?.valToPos(value, 'y');
  }

  dispose(): void {
    this._isDisposed = true;
    this._plot?.destroy();
    this._plot = null;
  }

  private _plotOptions(content: ICurveContent, width: number, height: number): uPlot.Options {
    const { axis, metric, log, trans } = content;
    const { ink, grid, paper, font } = chartInks(this._host);
    const common = { font, stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, size: 4 } };
    return {
      mode: 2,
      width,
      height,
      padding: [8, 24, 0, 0],
      legend: { show: false },
      focus: { alpha: FAINT },
      cursor: {
        y: false,
        points: { show: false },
        dataIdx: () => null,
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            this._options.onReset();
            return null;
          }
        }
      },
      scales: {
        x: { time: false, range: () => [...this._range.x] },
        y: { distr: log ? 3 : 1, range: () => [...this._range.y] }
      },
      axes: [
        {
          ...common,
          size: 28,
          space: 84,
          values: (_, places) => places.map(place => axisTick(axis, place, trans)),
          ...(axis === 'time' && { incrs: TIME_INCREMENTS })
        },
        {
          ...common,
          size: 62,
          values: (_, places) =>
            places.map(value => (value === null || (log && !isRound(value)) ? null : tickText(metric, value)))
        }
      ],
      series: [{}, ...seriesOf(content)],
      hooks: {
        setCursor: [plot => this._onCursor(plot)],
        setSelect: [plot => this._onSelect(plot)],
        drawAxes: [plot => this._content && drawRungs(plot, this._content, ink)],
        draw: [
          plot => this._content && drawSwitches(plot, this._content, paper),
          plot => this._content && drawEndings(plot, this._content)
        ]
      }
    };
  }

  private _onCursor(plot: uPlot): void {
    const { left = -1, top = -1 } = plot.cursor;
    this._options.onCursor(left < 0 ? null : { place: plot.posToVal(left, 'x'), top });
  }

  private _onSelect(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width > 4) {
      this._options.onZoom({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') });
    }
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  private readonly _library: ChartLibrary;
  private readonly _host: HTMLElement;
  private readonly _options: CurveChart.IOptions;
  private _plot: uPlot | null = null;
  private _content: ICurveContent | null = null;
  private _range: ReturnType<typeof drawnRange> = { x: [0, 1], y: [0, 1] };
  private _focus: string | null = null;
  private _isStale = false;
  private _isDisposed = false;
}

export namespace CurveChart {
  /** What is told of the pointer. */
  export interface IOptions {
    /** It is at a place of the axis, and so many pixels down; null: it has left. */
    onCursor: (at: { place: number; top: number } | null) => void;
    /** A stretch of the axis was dragged. */
    onZoom: (stretch: IStretch) => void;
    /** All is to be seen again. */
    onReset: () => void;
  }
}

/** Whether a number is 1, 2 or 5 times a power of ten. */
function isRound(value: number): boolean {
  const share = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5].some(one => Math.abs(share - one) < 1e-6);
}

/** Whether what is drawn has the same axes and curves, with other values. */
function isAlike(a: ICurveContent, b: ICurveContent): boolean {
  return (
    a.axis === b.axis &&
    a.metric === b.metric &&
    a.log === b.log &&
    a.lines.length === b.lines.length &&
    a.lines.every(
      (line, i) =>
        line.task === b.lines[i]?.task &&
        (line.raw === undefined) === (b.lines[i]?.raw === undefined) &&
        a.looks[i]?.colour === b.looks[i]?.colour &&
        a.looks[i]?.dash === b.looks[i]?.dash &&
        a.looks[i]?.rank === b.looks[i]?.rank
    )
  );
}

/** The lines that are drawn faintly, too, as they were before they were smoothed. */
function rawLines({ lines }: ICurveContent): readonly IPlottedCurve[] {
  return lines.length > MOST_DETAILED ? [] : lines.filter(({ raw }) => raw !== undefined);
}

/** A series after another: first those before smoothing, then all. */
function dataOf(content: ICurveContent): uPlot.AlignedData {
  const data = [
    null,
    ...rawLines(content).map(({ x, raw }) => [x, raw]),
    ...content.lines.map(({ x, y, low, high }) => [x, y, low, high])
  ];
  // The library's types do not know data of its second mode, in which each series has its own x.
  return data as unknown as uPlot.AlignedData;
}

function seriesOf(content: ICurveContent): uPlot.Series[] {
  const { lines, looks } = content;
  const facets = [
    { scale: 'x', auto: false },
    { scale: 'y', auto: false }
  ];
  const isDetailed = lines.length <= MOST_DETAILED;
  const look = (line: IPlottedCurve) => looks[lines.indexOf(line)];
  const common = { facets, points: { show: false }, pxAlign: 0 };
  return [
    ...rawLines(content).map(line => ({
      ...common,
      stroke: look(line)?.colour,
      alpha: FAINT,
      width: 1,
      paths: curvePaths({ spread: false, marked: false })
    })),
    ...lines.map((_, i) => ({
      ...common,
      stroke: looks[i]?.colour,
      ...weightOf(looks[i], isDetailed),
      dash: dashOf(looks[i]?.dash ?? 0),
      ...(isDetailed && { fill: `${looks[i]?.colour}33` }),
      paths: curvePaths({ spread: isDetailed, marked: true })
    }))
  ];
}

/** How thick a line is, and how faint: those of tasks that were given up are behind the others. */
function weightOf(look: ICurveStyle | undefined, isDetailed: boolean): Pick<uPlot.Series, 'width' | 'alpha'> {
  switch (look?.rank) {
    case 'strong':
      return { width: 2.25 };
    case 'faint':
      return { width: 1, alpha: GIVEN_UP };
    case undefined:
      return { width: isDetailed ? 1.5 : 1 };
  }
}
