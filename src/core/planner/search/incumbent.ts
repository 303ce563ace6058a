import type { Baseline, Plan } from '../../wire/messages.js';
import type { IBaselineSchedule } from '../baselines/baselines.js';
import { PROVEN } from '../common/optimalityTolerance.js';
import type { IProblem } from '../problem/problem.js';
import { arrangementOf, type IArrangement, realise } from '../schedule/arrangement.js';
import { type ISchedule, toSegments } from '../schedule/schedule.js';

/** Plans are reported while searching when they, or their gap, are better by at least this share. */
const NOTICEABLE = 0.002;

/** The shortest plan found so far, the best bound, and how both came about. */
export class Incumbent {
  /** No plan is shorter than this, in seconds. */
  bound = 0;
  /** Of the shortest plan; Infinity before the first. */
  makespan = Infinity;
  private _best: ISchedule | undefined;
  private _method: Plan['method'] = 'empty';
  private _binding: Plan['binding'] = 'none';
  private _proven = false;
  private _reported = { makespan: Infinity, bound: 0 };
  private readonly _log: NonNullable<Plan['log']> = [];
  private _baselines: Baseline[] = [];

  constructor(
    private readonly _problem: IProblem,
    private readonly _options: Incumbent.IOptions = {}
  ) {}

  /** A plan this short needs no further search. */
  get target(): number {
    return this.bound * (1 + PROVEN);
  }

  /** Whether the plan is proven shortest. */
  get optimal(): boolean {
    return this._proven || this.makespan <= this.target;
  }

  /** The shortest plan. */
  get schedule(): ISchedule {
    if (this._best === undefined) {
      throw new Error('No plan has been offered.');
    }
    return this._best;
  }

  /** The shortest plan, as the search sees it. */
  get arrangement(): IArrangement {
    return arrangementOf(this._problem, this.schedule);
  }

  /** Take a plan if it is the shortest; it must not be changed afterwards. */
  offer(method: Plan['method'], schedule: ISchedule): void {
    if (schedule.makespan < this.makespan) {
      this.settle(method, schedule);
    }
  }

  /** Take a plan even if it is longer: for other reasons it is the better one. */
  settle(method: Plan['method'], schedule: ISchedule): void {
    this._best = schedule;
    this.makespan = schedule.makespan;
    this._method = method;
    this._note(method);
  }

  /** Take the plan that the search sees, in which no job starts later: it may be shorter. */
  tighten(): void {
    this.offer(this._method, realise(this._problem, this.arrangement));
  }

  /** The plans to compare with, for all reports from now on. */
  compare(baselines: readonly IBaselineSchedule[]): void {
    this._baselines = baselines.map(({ name, schedule }) => ({
      name,
      makespan: schedule.makespan,
      segments: toSegments(this._problem, schedule)
    }));
  }

  /**
   * Take a better bound.
   *
   * @param optimal - the word of a solver that the plan known is the shortest.
   */
  raise(bound: number, binding: Plan['binding'], optimal = false): void {
    const better = Math.min(this.makespan, bound);
    if (better > this.bound) {
      this.bound = better;
      this._binding = binding;
      this._note('bound');
    }
    this._proven ||= optimal;
  }

  /** Tell whoever waits. */
  report(): void {
    this._reported = { makespan: this.makespan, bound: this.bound };
    this._options.onProgress?.(this.plan());
  }

  /** The shortest plan for the wire. */
  plan(): Plan {
    const { makespan, _problem: problem } = this;
    const bound = makespan <= this.target ? makespan : this.bound;
    return {
      segments: toSegments(problem, this.schedule),
      unplanned: problem.unplanned,
      makespan,
      lowerBound: bound,
      gap: bound > 0 ? makespan / bound - 1 : 0,
      binding: this._binding,
      optimal: this.optimal,
      method: this._method,
      baselines: this._baselines,
      ...(problem.conflicts.length > 0 && { conflicts: problem.conflicts }),
      log: [...this._log]
    };
  }

  /** Write the log, and report what is worth it once there has been a first report. */
  private _note(method: string): void {
    const { makespan, bound, _options: options, _reported: reported } = this;
    if (makespan === Infinity) {
      return;
    }
    const seconds = options.elapsed?.();
    this._log.push({ ...(seconds !== undefined && { seconds }), makespan, lowerBound: bound, method });
    const shorter = makespan < reported.makespan * (1 - NOTICEABLE);
    const surer = bound > reported.bound * (1 + NOTICEABLE);
    if (reported.makespan < Infinity && (shorter || surer)) {
      this.report();
    }
  }
}

export namespace Incumbent {
  export interface IOptions {
    /** Called with each plan noticeably better than the last one reported, after the first {@link report}. */
    readonly onProgress?: (plan: Plan) => void;
    /** Seconds since the request; without it the log tells no times, so that answers can be compared. */
    readonly elapsed?: () => number;
  }
}
