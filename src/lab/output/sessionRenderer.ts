import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { SessionState } from '../../core/wire/messages.js';
import { SessionView } from './sessionView.js';
import type { ISaturnStore } from '../session/tokens.js';

/** MIME type of a session's picture in a cell's output: `{ session: name }`. */
export const SESSION_MIME = 'application/vnd.jupyterlab-saturn.session+json';

/**
 * A session in a cell's output: live while its notebook knows the session, else as the picture that was
 * saved beside it, so that a notebook opened without a kernel shows what it showed.
 */
export class SessionRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(options: SessionRenderer.IOptions) {
    super();
    this._options = options;
    this.addClass('jp-SaturnOutput');
    this.layout = this._parts;
    options.store.changed.connect(this._show, this);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const data = model.data[SESSION_MIME] as { session?: unknown } | undefined;
    this._session = typeof data?.session === 'string' ? data.session : null;
    this._saved?.dispose();
    const saved = this._options.makeSaved();
    this._saved = saved;
    this._parts.addWidget(saved);
    this._show();
    await saved.renderModel(model);
  }

  override dispose(): void {
    Signal.disconnectReceiver(this);
    super.dispose();
  }

  private _show(): void {
    const state = this._options.findState();
    // A session emptied since has nothing to show, unlike the picture of what it once was.
    const isLive = state !== null && state.session === this._session && state.tasks.length > 0;
    if (isLive) {
      this._live ??= this._addLive();
      if (this._live.state !== state) {
        this._live.state = state;
      }
    } else if (this._live) {
      this._live.dispose();
      this._live = null;
    }
    this._saved?.setHidden(isLive);
  }

  private _addLive(): SessionView {
    const live = new SessionView({ trans: this._options.trans });
    live.heading = this._session ?? '';
    this._parts.addWidget(live);
    return live;
  }

  private readonly _options: SessionRenderer.IOptions;
  private readonly _parts = new PanelLayout();
  private _session: string | null = null;
  private _saved: IRenderMime.IRenderer | null = null;
  private _live: SessionView | null = null;
}

export namespace SessionRenderer {
  export interface IOptions {
    store: Pick<ISaturnStore, 'changed'>;
    /** Newest state of the session of the notebook that the output is in, if it has one. */
    findState: () => SessionState | null;
    /** Makes a renderer of the HTML saved beside. */
    makeSaved: () => IRenderMime.IRenderer;
    trans: TranslationBundle;
  }
}
