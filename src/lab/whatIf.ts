import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import {
  type Cluster,
  type Failure,
  failureOf,
  type Plan,
  type SessionState
} from '../core/wire/messages.js';
import type { IPlanner } from './tokens.js';
import type { IQuestion } from './whatIfQuestion.js';
import { currentSeconds, whatIfRequest } from './whatIfRequest.js';

/**
 * Least time from one question to the next while a gesture goes on, in milliseconds. The first is asked at once; each
 * given up while it is worked on costs a planner, and another takes about so long to start.
 */
const REST = 100;

/** Asks a planner what-if questions and keeps the newest answer. */
export class WhatIf implements IDisposable {
  constructor(options: WhatIf.IOptions) {
    this._makePlanner = options.makePlanner;
    this._clock = options.clock;
    this.seconds = options.seconds;
  }

  /** How long to search for each answer, in seconds. */
  seconds: number;

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

  /** Ask at once, or as soon after the last question as is worth it; a question still open is withdrawn. */
  ask(state: SessionState, question: IQuestion): void {
    this._withdraw();
    const answer = this._view.folder === state.folder ? this._view.answer : null;
    this._show({ folder: state.folder, question, answer, solving: true, failure: null });
    const wait = Math.max(0, this._asked + REST - performance.now());
    this._timer = setTimeout(() => void this._solve(state, question), wait);
  }

  /** Forget question and answer. */
  reset(): void {
    this._withdraw();
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

  private async _solve(state: SessionState, question: IQuestion): Promise<void> {
    const turn = this._turn;
    const now = this._clock();
    this._asked = performance.now();
    const previous = this._view.answer?.plan.segments;
    const request = whatIfRequest(state, question, { now, seconds: this.seconds, previous });
    const current = currentSeconds(state, now);
    const { cluster, tasks } = request;
    const fixed = new Set(tasks.filter(task => task.running).map(task => task.name));
    const show = (part: Partial<WhatIf.IView>) => {
      if (turn === this._turn && !this._isDisposed) {
        this._show({ ...this._view, ...part });
      }
    };
    try {
      this._planner ??= this._makePlanner();
      const answer = (plan: Plan): WhatIf.IAnswer => ({ plan, cluster, current, fixed, question });
      const plan = await this._planner.plan(request, better => show({ answer: answer(better) }));
      show({ answer: answer(plan), solving: false });
    } catch (error) {
      show({ answer: null, solving: false, failure: failureOf(error) });
    }
  }

  private _withdraw(): void {
    this._turn++;
    clearTimeout(this._timer);
    this._planner?.cancel();
  }

  private _show(view: WhatIf.IView): void {
    this._view = view;
    this._changed.emit();
  }

  private readonly _makePlanner: () => IPlanner;
  private readonly _clock: () => number;
  private readonly _changed = new Signal<this, void>(this);
  private _planner: IPlanner | null = null;
  private _view: WhatIf.IView = Private.NOTHING;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _asked = -Infinity;
  private _turn = 0;
  private _isDisposed = false;
}

export namespace WhatIf {
  export interface IOptions {
    /** Called with the first question. */
    makePlanner: () => IPlanner;
    /** Seconds since the epoch. */
    clock: () => number;
    seconds: number;
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
