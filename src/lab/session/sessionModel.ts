import { type ISignal, Signal } from '@lumino/signaling';
import { failureOf } from '../../core/wire/failure.js';
import { wholeState } from '../../core/wire/judged.js';
import type { ClientMessages, Failure, SessionState } from '../../core/wire/messages.js';
import type { Incoming } from './messageChannel.js';
import type { ISessionLine } from './sessionLine.js';
import type { ISessionModel } from './tokens.js';

/** One session, as views see it, over the line that leads to it. */
export class SessionModel implements ISessionModel {
  /** @param _line - what leads to the session; its owner disposes of it. */
  constructor(private readonly _line: ISessionLine) {
    _line.changed.connect(this._refresh, this);
    _line.failed.connect(this._onFailed, this);
    this._view = this._look();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get failed(): ISignal<this, Failure> {
    return this._failed;
  }

  get view(): ISessionModel.IView {
    return this._view;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  attach(): Promise<void> {
    return this._line.attach();
  }

  async send<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<boolean> {
    if (this._pending.has(type)) {
      return false;
    }
    this._pending = new Set(this._pending).add(type);
    this.dismiss();
    try {
      await this._line.request(type, body);
      return true;
    } catch (error) {
      this.report(failureOf(error));
      return false;
    } finally {
      this._pending = new Set([...this._pending].filter(other => other !== type));
      this._refresh();
    }
  }

  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    return this._line.request(type, body);
  }

  async stateAt(time: number): Promise<SessionState | null> {
    this.dismiss();
    try {
      const answer = await this._line.request('state.at', { time });
      return answer.type === 'state.was' ? wholeState(answer.body) : null;
    } catch (error) {
      this.report(failureOf(error));
      return null;
    }
  }

  report(failure: Failure): void {
    this._failure = failure;
    this._refresh();
    this._failed.emit(failure);
  }

  dismiss(): void {
    this._failure = null;
    this._refresh();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onFailed(_: ISessionLine, failure: Failure): void {
    this.report(failure);
  }

  private _refresh(): void {
    if (this._isDisposed) {
      return;
    }
    const view = this._look();
    if (!Private.isSame(view, this._view)) {
      this._view = view;
    }
    this._changed.emit();
  }

  private _look(): ISessionModel.IView {
    const { state, problem, connected } = this._line;
    return { state, connectionProblem: problem, connected, pending: this._pending, failure: this._failure };
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private _pending: ReadonlySet<keyof ClientMessages> = new Set();
  private _failure: Failure | null = null;
  private _view: ISessionModel.IView;
  private _isDisposed = false;
}

namespace Private {
  /** Whether two pictures are of the same things, so that nobody need draw the second. */
  export const isSame = (a: ISessionModel.IView, b: ISessionModel.IView) =>
    (Object.keys(a) as (keyof ISessionModel.IView)[]).every(key => a[key] === b[key]);
}
