import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout, Widget } from '@lumino/widgets';
import { progressLine } from '../core/view/progressLine.js';
import { sessionGantt } from '../core/view/sessionGantt.js';
import { failureOf, type SessionState, validate } from '../core/wire/messages.js';
import { GanttView } from './gantt.js';
import { EXTENSION_ID } from './tokens.js';
import { VERSION } from './version.js';

/** The session of a cell's output: what the kernel last said of it. */
export class SaturnModel extends DOMWidgetModel {
  override defaults() {
    return {
      ...super.defaults(),
      _model_name: 'SaturnModel',
      _model_module: EXTENSION_ID,
      _model_module_version: VERSION,
      _view_name: 'SaturnView',
      _view_module: EXTENSION_ID,
      _view_module_version: VERSION,
      state: null,
      title: ''
    };
  }
}

/** The live schedule in a cell's output: title, a line of progress, and the chart. */
export abstract class SaturnView extends DOMWidgetView {
  protected abstract readonly trans: TranslationBundle;

  override render(): void {
    super.render();
    this._title.className = 'jp-SaturnWidget-title';
    this._progress.className = 'jp-SaturnWidget-progress';
    this._progress.setAttribute('role', 'status');
    const head = new Widget();
    head.addClass('jp-SaturnWidget-head');
    head.node.append(this._title, this._progress);
    this._gantt = new GanttView({ trans: this.trans });
    const layout = new PanelLayout();
    this.luminoWidget.addClass('jp-SaturnWidget');
    this.luminoWidget.layout = layout;
    layout.addWidget(head);
    layout.addWidget(this._gantt);
    this.listenTo(this.model, 'change:state change:title', this._show);
    this._show();
  }

  override remove(): void {
    clearInterval(this._timer);
    this._timer = undefined;
    super.remove();
  }

  private _show(): void {
    const value: unknown = this.model.get('state');
    this._title.textContent = String(this.model.get('title') ?? '');
    this._title.hidden = this._title.textContent === '';
    this._state = null;
    if (value === null) {
      this._say(this.trans.__('No session yet.'));
    } else {
      try {
        validate('SessionState', value);
        this._state = value as SessionState;
      } catch (error) {
        this._say(failureOf(error).message);
      }
    }
    this._draw();
    this._keepTime();
  }

  private _draw(): void {
    const now = Date.now() / 1000;
    if (this._gantt) {
      this._gantt.input = this._state && sessionGantt(this._state, now);
    }
    if (this._state) {
      this._say(progressLine(this._state, now));
    }
  }

  private _say(text: string): void {
    if (this._progress.textContent !== text) {
      this._progress.textContent = text;
    }
  }

  /** Between states the bars of what trains grow by themselves. */
  private _keepTime(): void {
    const run = this._state?.run;
    const training = run !== undefined && run.endedAt === undefined;
    if (training && this._timer === undefined) {
      this._timer = setInterval(() => this._draw(), 1000);
    } else if (!training) {
      clearInterval(this._timer);
      this._timer = undefined;
    }
  }

  private _gantt: GanttView | null = null;
  private _state: SessionState | null = null;
  private _timer: ReturnType<typeof setInterval> | undefined;
  private readonly _title = document.createElement('div');
  private readonly _progress = document.createElement('div');
}

/** What the widget registry is given: widget managers make views without options of ours. */
export function widgetExports(trans: TranslationBundle) {
  return {
    SaturnModel,
    SaturnView: class extends SaturnView {
      protected override readonly trans = trans;
    }
  };
}
