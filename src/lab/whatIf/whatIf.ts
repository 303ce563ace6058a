import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { failureOf } from '../../core/wire/failure.js';
import type { Cluster, Failure, Plan, SessionState } from '../../core/wire/messages.js';
import type { IWhatIfPlanner } from './whatIfPlanner.js';
import type { IQuestion } from './whatIfQuestion.js';
import { currentSeconds, whatIfRequest } from './whatIfRequest.js';

/** How long no other question may have come before the search for a good answer begins, in milliseconds. */
const REST = 100;

/** Enough for a plan, a bound and the baselines, and for nothing that takes time. */
const SKETCH = { iterations: 0 };

/**
 * Asks a planner what-if questions and keeps the newest answer. Each question gets a sketch of an answer at once; the
 * search for a better one begins when the questions rest, as giving it up costs a planner.
 */
export class WhatIf implements IDisposable {
  constructor(options: WhatIf.IOptions) {
    this._makePlanner = options.makePlanner;
    this._clock = options.clock;
    this._seconds = options.seconds;
  }

  /** Emitted after `view` was replaced. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get view(): WhatIf.IView {
    return this._view;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Get ready: a question is to be expected. */
  prepare(): void {
    this._planner ??= this._makePlanner();
    this._planner.prepare();
  }

  /** Ask at once; a question still open is given up. */
  ask(state: SessionState, question: IQuestion): void {
    this._giveUp();
    const answer = this._view.folder === state.folder ? this._view.answer : null;
    this._show({ folder: state.folder, question, answer, solving: true, failure: null });
    void this._answer(state, question);
  }

  /** Forget question and answer. */
  reset(): void {
    this._giveUp();
    this._planner?.cancel();
    this._show(Private.NOTHING);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._planner?.dispose();
    Signal.clearData(this);
  }

  private async _answer(state: SessionState, question: IQuestion): Promise<void> {
    const turn = this._turn;
    const isCurrent = () => turn === this._turn && !this._isDisposed;
    // A sketch is done in a moment; giving it up would cost more.
    await this._sketch;
    if (!isCurrent()) {
      return;
    }
    const now = this._clock();
    const request = whatIfRequest(state, question, now, this._seconds());
    const { cluster, tasks } = request;
    const current = currentSeconds(state, now);
    const fixed = new Set(tasks.filter(task => task.running).map(task => task.name));
    const show = (plan: Plan, solving: boolean) => {
      if (isCurrent()) {
        this._show({
          ...this._view,
          answer: { plan, cluster, current, fixed, question, askedAt: now },
          solving
        });
      }
    };
    try {
      this._planner ??= this._makePlanner();
      const sketching = this._planner.plan({ ...request, budget: SKETCH });
      this._sketch = sketching.then(
        () => undefined,
        () => undefined
      );
      const sketch = await sketching;
      show(sketch, !sketch.optimal);
      if (!sketch.optimal) {
        await this._rest();
      }
      if (!sketch.optimal && isCurrent()) {
        this._isSearching = true;
        show(await this._planner.plan(request, better => show(better, true)), false);
        this._isSearching = false;
      }
    } catch (error) {
      if (isCurrent()) {
        this._isSearching = false;
        this._show({ ...this._view, answer: null, solving: false, failure: failureOf(error) });
      }
    }
  }

  /** Resolves when the questions rest; never when another comes first. */
  private _rest(): Promise<void> {
    return new Promise(resolve => {
      this._timer = setTimeout(resolve, REST);
    });
  }

  private _giveUp(): void {
    this._turn++;
    clearTimeout(this._timer);
    if (this._isSearching) {
      this._isSearching = false;
      this._planner?.cancel();
    }
  }

  private _show(view: WhatIf.IView): void {
    this._view = view;
    this._changed.emit();
  }

  private readonly _makePlanner: () => IWhatIfPlanner;
  private readonly _clock: () => number;
  private readonly _changed = new Signal<this, void>(this);
  private _planner: IWhatIfPlanner | null = null;
  private _view: WhatIf.IView = Private.NOTHING;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _sketch: Promise<void> = Promise.resolve();
  private _isSearching = false;
  private _turn = 0;
  private readonly _seconds: () => number;
  private _isDisposed = false;
}

export namespace WhatIf {
  export interface IOptions {
    /** Called with the first question. */
    makePlanner: () => IWhatIfPlanner;
    /** Seconds since the epoch. */
    clock: () => number;
    /** How long to search for each answer, in seconds. */
    seconds: () => number;
  }

  /** The best plan so far. */
  export interface IAnswer {
    readonly plan: Plan;
    /** What it is a plan for. */
    readonly cluster: Cluster;
    /** What the session's own plan still took when the question was asked, in seconds; null without one. */
    readonly current: number | null;
    /** Tasks that run and stay where they are. */
    readonly fixed: ReadonlySet<string>;
    /** Second 0 of the plan, in seconds since the epoch. */
    readonly askedAt: number;
    /** What it answers: the newest question, or the one before. */
    readonly question: IQuestion;
  }

  /** Question and answer. */
  export interface IView {
    /** Folder of the session asked about. */
    readonly folder: string | null;
    readonly question: IQuestion | null;
    /** Of the previous question while the first plan for this one is sought. */
    readonly answer: IAnswer | null;
    readonly solving: boolean;
    readonly failure: Failure | null;
  }
}

namespace Private {
  export const NOTHING: WhatIf.IView = {
    folder: null,
    question: null,
    answer: null,
    solving: false,
    failure: null
  };
}
