import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { IStretch } from '../../core/view/detail/plottedCurves.js';
import { failureOf } from '../../core/wire/failure.js';
import type { Curve, Failure, TaskState } from '../../core/wire/messages.js';
import type { ISessionModel } from '../session/tokens.js';
import { CurveWindow } from './curveWindow.js';

/** Points asked for in all, so that hundreds of curves stay quick to send and to draw. */
const ALL_POINTS = 60_000;

/** Points of a curve: as many as a chart has pixels, and enough to tell its shape. */
const MOST_POINTS = 800;
const FEWEST_POINTS = 100;

/** Points of a question, so that no answer keeps others waiting. */
const POINTS_AT_ONCE = 20_000;

/** Least time between two questions about what is new, and what each curve adds to it, in milliseconds. */
const INTERVAL = 1000;
const INTERVAL_EACH = 20;

/** How long to wait after an answer that was none, in milliseconds. */
const RETRY_DELAY = 5000;

/** Windows that are kept, to come back to. */
const WINDOWS = 6;

/**
 * Curves of some tasks, as the engine tells them: asked for when they are wanted, and again, for what is new, while their
 * tasks go on and somebody looks.
 */
export class CurveSource implements IDisposable {
  constructor(session: ISessionModel) {
    this._session = session;
    session.changed.connect(this._onChanged, this);
  }

  /** Emitted after anything of this was replaced. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is known by now. */
  get view(): CurveSource.IView {
    return this._view;
  }

  /** Whether somebody looks; nothing is asked while nobody does. */
  get isActive(): boolean {
    return this._isActive;
  }

  set isActive(value: boolean) {
    if (value !== this._isActive) {
      this._isActive = value;
      this._schedule(0);
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Say what is wanted.
   *
   * @param steps - the steps that are looked at; all when null.
   */
  want(tasks: readonly string[], metric: string, steps: IStretch | null): void {
    const points = Math.min(
      MOST_POINTS,
      Math.max(FEWEST_POINTS, Math.floor(ALL_POINTS / Math.max(1, tasks.length)))
    );
    this._tasks = tasks;
    this._whole = this._windowOf(metric, null, points);
    this._window = steps === null ? this._whole : this._windowOf(metric, steps, points);
    const there = new Set(this._session.view.state?.tasks.map(({ spec }) => spec.name));
    for (const window of this._windows.values()) {
      window.keep(there);
    }
    this._publish();
    this._schedule(0);
  }

  /** Ask again what could not be told. */
  retry(): void {
    this._failure = null;
    this._schedule(0);
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._session.changed.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  private _onChanged(): void {
    this._schedule(this._pause);
  }

  private _windowOf(metric: string, steps: IStretch | null, points: number): CurveWindow {
    const key = [metric, points, steps?.from, steps?.to].join(' ');
    const found = this._windows.get(key) ?? new CurveWindow(metric, steps, points);
    // The one wanted last is the last to go.
    this._windows.delete(key);
    this._windows.set(key, found);
    for (const [old] of this._windows) {
      if (this._windows.size <= WINDOWS) {
        break;
      }
      this._windows.delete(old);
    }
    return found;
  }

  /** See to it that what is missing is asked for, not before some milliseconds have passed since the last question. */
  private _schedule(pause: number): void {
    clearTimeout(this._timer);
    if (this._isActive && !this._isDisposed && !this._isAsking && this._missing().length > 0) {
      const wait = Math.max(0, this._askedAt + pause - Date.now());
      this._timer = setTimeout(() => void this._ask(), wait);
    }
  }

  /** The tasks of which there is, or may be, more than is known. */
  private _missing(): TaskState[] {
    const { state, connected } = this._session.view;
    const wanted = new Set(this._tasks);
    return state && connected
      ? state.tasks.filter(task => wanted.has(task.spec.name) && this._window?.isMissing(task))
      : [];
  }

  private async _ask(): Promise<void> {
    const window = this._window;
    const missing = this._missing();
    if (window === null || missing.length === 0) {
      return;
    }
    this._isAsking = true;
    this._askedAt = Date.now();
    this._pause = Math.max(INTERVAL, INTERVAL_EACH * missing.length);
    this._publish();
    try {
      const atOnce = Math.max(1, Math.floor(POINTS_AT_ONCE / window.points));
      for (const question of window.questions(missing, atOnce)) {
        const reply = await this._session.request('curves.read', question.body);
        if (this._isDisposed) {
          return;
        }
        if (reply.type === 'curves') {
          window.take(question, reply.body.curves);
          this._failure = null;
          this._publish();
        }
        if (!this._isActive || this._window !== window) {
          break;
        }
      }
    } catch (error) {
      this._failure = failureOf(error);
      this._pause = RETRY_DELAY;
      this._askedAt = Date.now();
    }
    this._isAsking = false;
    if (!this._isDisposed) {
      this._publish();
      this._schedule(this._window === window ? this._pause : 0);
    }
  }

  private _publish(): void {
    const names = new Set<string>();
    const whole = this._tasks.flatMap(task => this._whole?.curves.get(task) ?? []);
    const curves = this._tasks.flatMap(
      task => this._window?.curves.get(task) ?? this._whole?.curves.get(task) ?? []
    );
    for (const curve of [...whole, ...curves]) {
      for (const name of curve.metrics) {
        names.add(name);
      }
    }
    this._view = { curves, whole, metrics: [...names], isAsking: this._isAsking, failure: this._failure };
    this._changed.emit();
  }

  private readonly _session: ISessionModel;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _windows = new Map<string, CurveWindow>();
  private _view: CurveSource.IView = { curves: [], whole: [], metrics: [], isAsking: false, failure: null };
  private _tasks: readonly string[] = [];
  private _whole: CurveWindow | null = null;
  private _window: CurveWindow | null = null;
  private _failure: Failure | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _askedAt = 0;
  private _pause = INTERVAL;
  private _isActive = false;
  private _isAsking = false;
  private _isDisposed = false;
}

export namespace CurveSource {
  /** What is known of the curves that are wanted, in the order of their tasks. */
  export interface IView {
    /** Within the steps that are looked at; in full while those are not there yet. */
    readonly curves: readonly Curve[];
    /** In full. */
    readonly whole: readonly Curve[];
    /** Names of all that these tasks have logged. */
    readonly metrics: readonly string[];
    readonly isAsking: boolean;
    /** Why the last question was not answered. */
    readonly failure: Failure | null;
  }
}
