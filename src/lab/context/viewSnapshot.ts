import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ISessionModel } from '../session/tokens.js';
import { REDRAW_DELAY } from './clock.js';
import { PACE } from './paced.js';

/**
 * What is drawn of a session: its view at a time. It stands still while nobody can see it, and follows states at a pace at
 * which one can read; what somebody has done, and what is wrong, is seen at once.
 */
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
    const { view } = this._session;
    const drawn = this._moment.view;
    if (view === drawn || !this._isShown) {
      return;
    }
    const rest = Math.min(PACE, PACE - 1000 * (this._clock() - this._moment.now));
    if (rest <= 0 || !Private.isFurtherOn(drawn, view)) {
      this._refresh();
    } else if (!this._isResting) {
      this._isResting = true;
      clearTimeout(this._timer);
      this._timer = setTimeout(this._refresh, rest);
    }
  }

  private readonly _refresh = (): void => {
    clearTimeout(this._timer);
    this._isResting = false;
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
  /** Whether a state that came soon after another waits to be drawn. */
  private _isResting = false;
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

namespace Private {
  /** Where one of these is another, something has happened. */
  const STAYS = ['folder', 'session', 'goal', 'agent'] as const;

  /** Whether a session that trains is seen as before, but for how far it is. */
  export const isFurtherOn = <V extends ISessionModel.IView>(before: V, after: V): boolean =>
    STAYS.every(key => before.state?.[key] === after.state?.[key]) &&
    isTraining(before) &&
    isTraining(after) &&
    (Object.keys(after) as (keyof V)[]).every(key => key === 'state' || before[key] === after[key]);

  const isTraining = ({ state }: ISessionModel.IView): boolean =>
    state?.run !== undefined && state.run.endedAt === undefined;
}
