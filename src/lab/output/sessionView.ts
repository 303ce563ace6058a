import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import { printable } from '../../core/view/format/escape.js';
import { progressLine } from '../../core/view/status/progressLine.js';
import { sessionGantt } from '../../core/view/gantt/sessionGantt.js';
import type { SessionState } from '../../core/wire/messages.js';
import { now } from '../context/clock.js';
import { GanttView } from '../gantt/ganttView.js';

/** While something trains it is drawn so often, in milliseconds: each cell that shows a session draws all of it. */
export const DRAW_DELAY = 1000;

/**
 * The live schedule in a cell's output: title, a line of progress, and the chart. While something trains it is drawn at a
 * pace of its own, however often there is another state; and not at all while it is out of sight.
 */
export class SessionView extends Widget {
  constructor(options: SessionView.IOptions) {
    super();
    this._trans = options.trans;
    this.addClass('jp-SaturnWidget');
    this._title.className = 'jp-SaturnWidget-title';
    this._progress.className = 'jp-SaturnWidget-progress';
    const head = new Widget();
    head.addClass('jp-SaturnWidget-head');
    head.node.append(this._title, this._progress);
    this._gantt = new GanttView({ trans: options.trans });
    this._sights = new IntersectionObserver(entries => {
      const inSight = entries.at(-1)?.isIntersecting ?? true;
      if (inSight !== this._inSight) {
        this._inSight = inSight;
        this._tick();
      }
    });
    const layout = new PanelLayout();
    this.layout = layout;
    layout.addWidget(head);
    layout.addWidget(this._gantt);
    this.heading = '';
    this.state = null;
  }

  /** What the schedule is called; empty for no title. */
  set heading(value: string) {
    this._title.textContent = printable(value);
    this._title.hidden = value === '';
  }

  /** The session that is shown; null when there is none. */
  get state(): SessionState | null {
    return this._state;
  }

  set state(value: SessionState | null) {
    const isPaced = this._timer !== undefined && Private.isSameRun(this._state, value);
    this._state = value;
    if (!isPaced) {
      this._draw();
      this._keepTime();
    }
  }

  /** Shows a sentence in place of a session. */
  say(text: string): void {
    this.state = null;
    this._write(text);
  }

  override dispose(): void {
    clearInterval(this._timer);
    this._sights.disconnect();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._sights.observe(this.node);
    this._keepTime();
  }

  protected override onBeforeDetach(message: Message): void {
    clearInterval(this._timer);
    this._timer = undefined;
    this._sights.disconnect();
    super.onBeforeDetach(message);
  }

  private _draw(): void {
    const time = now();
    this._gantt.input = this._state && sessionGantt(this._state, time, this._trans);
    this._write(
      this._state ? progressLine(this._state, time, this._trans) : this._trans.__('No session yet.')
    );
  }

  private _write(text: string): void {
    const shown = printable(text);
    if (this._progress.textContent !== shown) {
      this._progress.textContent = shown;
    }
  }

  private readonly _tick = (): void => {
    if (this._inSight && document.visibilityState !== 'hidden') {
      this._draw();
    }
  };

  /** Between states the bars of what trains grow by themselves. */
  private _keepTime(): void {
    clearInterval(this._timer);
    this._timer =
      this.isAttached && Private.isRunning(this._state) ? setInterval(this._tick, DRAW_DELAY) : undefined;
  }

  private readonly _trans: TranslationBundle;
  private readonly _title = document.createElement('div');
  private readonly _progress = document.createElement('div');
  private readonly _gantt: GanttView;
  private readonly _sights: IntersectionObserver;
  private _state: SessionState | null = null;
  private _timer: ReturnType<typeof setInterval> | undefined;
  private _inSight = true;
}

export namespace SessionView {
  export interface IOptions {
    trans: TranslationBundle;
  }
}

namespace Private {
  export const isRunning = (state: SessionState | null): boolean =>
    state?.run !== undefined && state.run.endedAt === undefined;

  /** Whether one state follows on another in a run that goes on. */
  export const isSameRun = (before: SessionState | null, after: SessionState | null): boolean =>
    isRunning(before) && isRunning(after) && before?.run?.startedAt === after?.run?.startedAt;
}
