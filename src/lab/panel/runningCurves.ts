import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Curve } from '../../core/wire/messages.js';
import type { ISessionModel } from '../session/tokens.js';

/** Milliseconds from one question to the next at least. */
const INTERVAL = 2000;

/** Milliseconds until it is asked again after the session could not tell. */
const PATIENCE = 10_000;

/** Points of a curve: as wide as it is drawn. */
const POINTS = 60;

/** The losses of tasks that train, as small curves. They are asked for while somebody looks, and not more often than one can see. */
export class RunningCurves implements IDisposable {
  constructor(private readonly _session: ISessionModel) {
    this._folder = _session.view.state?.folder;
    _session.changed.connect(this._onSession, this);
  }

  /** Emitted after curves were replaced. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Curves by the names of their tasks; a new map on every change. */
  get curves(): ReadonlyMap<string, Curve> {
    return this._curves;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether what is drawn of them can be seen. */
  get isShown(): boolean {
    return this._isShown;
  }

  set isShown(value: boolean) {
    this._isShown = value;
    this._schedule(0);
  }

  /** Names of the tasks whose curves are drawn. */
  get tasks(): readonly string[] {
    return this._tasks;
  }

  set tasks(value: readonly string[]) {
    if (value.join('\n') !== this._tasks.join('\n')) {
      this._tasks = value;
      this._schedule(0);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._session.changed.disconnect(this._onSession, this);
    Signal.clearData(this);
  }

  /** Another session has other curves, whatever its tasks are called. */
  private _onSession(): void {
    const folder = this._session.view.state?.folder;
    if (folder !== this._folder) {
      this._folder = folder;
      this._curves = new Map();
      this._changed.emit();
      this._nextAt = 0;
      this._schedule(0);
    }
  }

  /** Ask after so many milliseconds, unless it was asked a moment ago; not at all while nobody looks. */
  private _schedule(delay: number): void {
    clearTimeout(this._timer);
    if (this._isDisposed || this._isAsking || !this._isShown || this._tasks.length === 0) {
      return;
    }
    const wait = Math.max(delay, this._nextAt - Date.now());
    this._timer = setTimeout(() => void this._ask(), wait);
  }

  private async _ask(): Promise<void> {
    let pause = INTERVAL;
    const folder = this._folder;
    this._isAsking = true;
    try {
      const answer = await this._session.request('curves.read', {
        tasks: [...this._tasks],
        metric: 'loss',
        points: POINTS
      });
      if (answer.type === 'curves' && !this._isDisposed && folder === this._folder) {
        this._curves = new Map(answer.body.curves.map(curve => [curve.task, curve]));
        this._changed.emit();
      }
    } catch {
      // A curve is no more than a picture beside the numbers: what is wrong with the session is told elsewhere.
      pause = PATIENCE;
    }
    this._isAsking = false;
    pause = folder === this._folder ? pause : 0;
    this._nextAt = Date.now() + pause;
    this._schedule(pause);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _curves: ReadonlyMap<string, Curve> = new Map();
  private _folder: string | undefined;
  private _tasks: readonly string[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _nextAt = 0;
  private _isShown = false;
  private _isAsking = false;
  private _isDisposed = false;
}
