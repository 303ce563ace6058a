import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout } from '@lumino/widgets';
import { failureOf, type SessionState, validate } from '../../core/wire/messages.js';
import { SessionView } from './sessionView.js';
import { EXTENSION_ID, VERSION } from '../extension.js';

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

/** The live schedule for front ends that know widgets, but not our own MIME type. */
export abstract class SaturnView extends DOMWidgetView {
  protected abstract readonly _trans: TranslationBundle;

  override render(): void {
    super.render();
    const session = new SessionView({ trans: this._trans });
    const layout = new PanelLayout();
    this.luminoWidget.layout = layout;
    layout.addWidget(session);
    this.listenTo(this.model, 'change:state change:title', () => this._show(session));
    this._show(session);
  }

  private _show(session: SessionView): void {
    const value: unknown = this.model.get('state');
    session.heading = String(this.model.get('title') ?? '');
    try {
      if (value !== null) {
        validate('SessionState', value);
      }
      session.state = value as SessionState | null;
    } catch (error) {
      session.say(failureOf(error).message);
    }
  }
}

/** What the widget registry is given. */
export type WidgetExports = {
  readonly SaturnModel: typeof SaturnModel;
  readonly SaturnView: {
    new (...options: ConstructorParameters<typeof DOMWidgetView>): SaturnView;
  } & typeof DOMWidgetView;
};

/** Model and view of the widget: widget managers make views without options of ours. */
export function widgetExports(trans: TranslationBundle): WidgetExports {
  return {
    SaturnModel,
    SaturnView: class extends SaturnView {
      protected override readonly _trans = trans;
    }
  };
}
