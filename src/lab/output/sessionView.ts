import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import { printable } from '../../core/view/format/escape.js';
import { progressLine } from '../../core/view/status/progressLine.js';
import { sessionGantt } from '../../core/view/gantt/sessionGantt.js';
import type { SessionState } from '../../core/wire/messages.js';
import { now, REDRAW_DELAY } from '../context/clock.js';
import { GanttView } from '../gantt/ganttView.js';

/** The live schedule in a cell's output: title, a line of progress, and the chart. */
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
    this._state = value;
    this._draw();
    this._keepTime();
  }

  /** Shows a sentence in place of a session. */
  say(text: string): void {
    this.state = null;
    this._write(text);
  }

  override dispose(): void {
    clearInterval(this._timer);
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._keepTime();
  }

  protected override onBeforeDetach(message: Message): void {
    clearInterval(this._timer);
    this._timer = undefined;
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

  /** Between states the bars of what trains grow by themselves. */
  private _keepTime(): void {
    const run = this._state?.run;
    clearInterval(this._timer);
    this._timer =
      this.isAttached && run !== undefined && run.endedAt === undefined
        ? setInterval(() => this._draw(), REDRAW_DELAY)
        : undefined;
  }

  private readonly _trans: TranslationBundle;
  private readonly _title = document.createElement('div');
  private readonly _progress = document.createElement('div');
  private readonly _gantt: GanttView;
  private _state: SessionState | null = null;
  private _timer: ReturnType<typeof setInterval> | undefined;
}

export namespace SessionView {
  export interface IOptions {
    trans: TranslationBundle;
  }
}
