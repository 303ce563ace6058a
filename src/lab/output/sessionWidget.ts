import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import { PanelLayout } from '@lumino/widgets';
import { failureOf } from '../../core/wire/failure.js';
import { wholeState } from '../../core/wire/judged.js';
import { asMessage, type ClientMessages, type Message, type SessionState, validate } from '../../core/wire/messages.js';
import { WIRE_VERSION } from '../../core/wire/version.js';
import { SessionView } from './sessionView.js';
import { EXTENSION_ID, VERSION } from '../extension.js';
import { FollowedState } from '../session/followedState.js';

/**
 * The session of a cell's output: as the notebook keeps it, which the kernel sets, and once it is drawn what the kernel says
 * by messages that has become of it. That has more in it than is drawn, and is never saved.
 */
export class SaturnModel extends DOMWidgetModel {
  override initialize(...options: Parameters<DOMWidgetModel['initialize']>): void {
    super.initialize(...options);
    this._followed = new FollowedState(() => this.follow());
    this.on('msg:custom', (content: unknown) => this._onMessage(content));
  }

  /** The state as the kernel told it by messages, which were found well-formed; null before the first. Each emits `told`. */
  get told(): SessionState | null {
    return this._followed.value;
  }

  /** Ask the kernel, if there is one, for what the session is now and for what will change. */
  follow(): void {
    const body = { pid: 0, version: VERSION } satisfies ClientMessages['hello'];
    this.send({ v: WIRE_VERSION, id: UUID.uuid4(), type: 'hello', body }, {});
  }

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

  private _onMessage(content: unknown): void {
    let message: Message<'engine'>;
    try {
      message = asMessage('engine', content);
    } catch {
      // The kernel's own words, on how it is attached: nothing that is drawn.
      return;
    }
    if (message.type === 'state') {
      this._followed.take(wholeState(message.body));
      this.trigger('told');
    } else if (message.type === 'change' && this._followed.follow(message.body)) {
      this.trigger('told');
    } else if (message.type === 'error') {
      this._followed.giveUp();
    }
  }

  private declare _followed: FollowedState;
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
    this.listenTo(this.model, 'change:state change:title told', () => this._show(session));
    this._show(session);
    (this.model as SaturnModel).follow();
  }

  private _show(session: SessionView): void {
    const { told } = this.model as SaturnModel;
    const value: unknown = told ?? this.model.get('state');
    session.heading = String(this.model.get('title') ?? '');
    try {
      if (value !== null && value !== told) {
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
