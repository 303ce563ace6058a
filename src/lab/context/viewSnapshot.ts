import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ISessionModel } from '../session/tokens.js';
import { REDRAW_DELAY } from './clock.js';

/** What is drawn of a session: its view at a time. It stands still while nobody can see it. */
export class ViewSnapshot<M extends ISessionModel = ISessionModel> implements IDisposable {
  /** @param clock - seconds since the epoch. */
  constructor(
    private readonly _session: M,
    private readonly _clock: () => number
  ) {
    this._moment = { view: _session.view, now: _clock() };
    _session.changed.connect(this._onChanged, this);
  }

  /** Emitted after `moment` was replaced. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get moment(): ViewSnapshot.IMoment<M['view']> {
    return this._moment;
  }

  /** Whether what is drawn can be seen. */
  get isShown(): boolean {
    return this._isShown;
  }

  set isShown(value: boolean) {
    this._isShown = value;
    this._refresh();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onChanged(): void {
    if (this._session.view !== this._moment.view) {
      this._refresh();
    }
  }

  private readonly _refresh = (): void => {
    clearTimeout(this._timer);
    if (!this._isShown) {
      return;
    }
    const { view }: { view: M['view'] } = this._session;
    this._moment = { view, now: this._clock() };
    this._changed.emit();
    const run = view.state?.run;
    if (run !== undefined && run.endedAt === undefined) {
      this._timer = setTimeout(this._refresh, REDRAW_DELAY);
    }
  };

  private readonly _changed = new Signal<this, void>(this);
  private _moment: ViewSnapshot.IMoment<M['view']>;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isShown = false;
  private _isDisposed = false;
}

export namespace ViewSnapshot {
  /** A view of the session and when it was looked at. */
  export interface IMoment<V = ISessionModel.IView> {
    readonly view: V;
    /** Seconds since the epoch. */
    readonly now: number;
  }
}
