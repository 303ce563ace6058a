import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ISaturnStore } from '../session/tokens.js';
import { REDRAW_DELAY } from './clock.js';

/** What the panel draws: the store's view at a time. It stands still while nobody can see it. */
export class ViewSnapshot implements IDisposable {
  /** @param clock - seconds since the epoch. */
  constructor(
    private readonly _store: ISaturnStore,
    private readonly _clock: () => number
  ) {
    this._moment = { view: _store.view, now: _clock() };
    _store.changed.connect(this._onChanged, this);
  }

  /** Emitted after `moment` was replaced. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get moment(): ViewSnapshot.IMoment {
    return this._moment;
  }

  /** Whether the panel can be seen. */
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
    if (this._store.view !== this._moment.view) {
      this._refresh();
    }
  }

  private readonly _refresh = (): void => {
    clearTimeout(this._timer);
    if (!this._isShown) {
      return;
    }
    const { view } = this._store;
    this._moment = { view, now: this._clock() };
    this._changed.emit();
    const run = view.state?.run;
    if (run !== undefined && run.endedAt === undefined) {
      this._timer = setTimeout(this._refresh, REDRAW_DELAY);
    }
  };

  private readonly _changed = new Signal<this, void>(this);
  private _moment: ViewSnapshot.IMoment;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isShown = false;
  private _isDisposed = false;
}

export namespace ViewSnapshot {
  /** A view of the session and when it was looked at. */
  export interface IMoment {
    readonly view: ISaturnStore.IView;
    /** Seconds since the epoch. */
    readonly now: number;
  }
}
