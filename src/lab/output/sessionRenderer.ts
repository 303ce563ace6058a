import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { Rendered, SessionState } from '../../core/wire/messages.js';
import type { SessionView } from './sessionView.js';
import type { ISaturnStore } from '../session/tokens.js';
import { type IPictureData, isFollowed, isOutOfDate, keepPicture, pictureData } from './savedPicture.js';

/**
 * How long the kernel has to draw the end itself, in milliseconds. It does unless it was restarted since, or nobody
 * was there to take what it drew.
 */
const KERNEL_DELAY = 5000;

/**
 * How far apart the pages are that have the same document open, in milliseconds: two that wrote at once would leave two
 * outputs. The first writes, the others hear of it.
 */
const SPREAD = 15_000;

/**
 * A session in a cell's output: live while its notebook knows the session, else as the picture that was
 * saved beside it, so that a notebook opened without a kernel shows what it showed. When all is over and what is saved
 * says otherwise, the end is saved.
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
    this._model = model;
    this._data = pictureData(model);
    this._saved?.dispose();
    const saved = this._options.makeSaved();
    this._saved = saved;
    this._parts.addWidget(saved);
    this._show();
    await Promise.all([saved.renderModel(model), isFollowed(this._data) && this._load()]);
  }

  override dispose(): void {
    clearTimeout(this._timer);
    Signal.disconnectReceiver(this);
    super.dispose();
  }

  /** What draws a session is loaded when there is an output to be drawn; until then one sees what was saved. */
  private async _load(): Promise<void> {
    this._View ??= (await import('./sessionView.js')).SessionView;
    if (!this.isDisposed) {
      this._show();
    }
  }

  private _show(): void {
    const View = this._View;
    const state = this._options.findState();
    // A session emptied since has nothing to show, unlike the picture of what it once was.
    const isKnown = state !== null && state.session === this._data.session && state.tasks.length > 0;
    if (isKnown && isFollowed(this._data) && View) {
      this._live ??= this._addLive(View);
      if (this._live.state !== state) {
        this._live.state = state;
      }
    } else if (this._live) {
      this._live.dispose();
      this._live = null;
    }
    this._saved?.setHidden(this._live !== null);
    if (isKnown && isOutOfDate(this._data, state)) {
      this._timer ??= setTimeout(() => void this._keepEnd(), KERNEL_DELAY + SPREAD * this._options.random());
    } else {
      clearTimeout(this._timer);
      this._timer = undefined;
    }
  }

  private async _keepEnd(): Promise<void> {
    this._timer = undefined;
    const state = this._options.findState();
    if (state === null || !isOutOfDate(this._data, state)) {
      return;
    }
    const drawn = await this._options.draw(this._data, state);
    if (drawn && this._model && !this.isDisposed && isOutOfDate(this._data, state)) {
      keepPicture(this._model, drawn);
    }
  }

  private _addLive(View: typeof SessionView): SessionView {
    const live = new View({ trans: this._options.trans });
    live.heading = this._data.session ?? '';
    this._parts.addWidget(live);
    return live;
  }

  private readonly _options: SessionRenderer.IOptions;
  private readonly _parts = new PanelLayout();
  private _model: IRenderMime.IMimeModel | null = null;
  private _data: IPictureData = { session: null, view: null, over: false };
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _saved: IRenderMime.IRenderer | null = null;
  private _live: SessionView | null = null;
  private _View: typeof SessionView | null = null;
}

export namespace SessionRenderer {
  export interface IOptions {
    store: Pick<ISaturnStore, 'changed'>;
    /** Newest state of the session of the notebook that the output is in, if it has one. */
    findState: () => SessionState | null;
    /** Makes a renderer of the HTML saved beside. */
    makeSaved: () => IRenderMime.IRenderer;
    /** Draws a session as the kernel would. */
    draw: (picture: IPictureData, state: SessionState) => Promise<Rendered | null>;
    trans: TranslationBundle;
    /** A number from 0 to 1. */
    random: () => number;
  }
}
