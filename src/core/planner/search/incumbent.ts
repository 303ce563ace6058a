import type { Baseline, Plan } from '../../wire/generated/types.js';
import type { BaselineSchedule } from '../baselines/baselines.js';
import type { Problem } from '../problem/problem.js';
import { PROVEN } from '../proof.js';
import { type Arrangement, arrangementOf, realise } from '../schedule/arrangement.js';
import { type Schedule, toSegments } from '../schedule/schedule.js';

/** Plans are reported while searching when they, or their gap, are better by at least this share. */
const NOTICEABLE = 0.002;

/** The shortest plan found so far, the best bound, and how both came about. */
export class Incumbent {
  /** No plan is shorter than this, in seconds. */
  bound = 0;
  /** Of the shortest plan; Infinity before the first. */
  makespan = Infinity;
  private best: Schedule | undefined;
  private method: Plan['method'] = 'empty';
  private binding: Plan['binding'] = 'none';
  private proven = false;
  private reported = { makespan: Infinity, bound: 0 };
  private readonly log: NonNullable<Plan['log']> = [];
  private baselines: Baseline[] = [];

  constructor(
    private readonly problem: Problem,
    private readonly options: Incumbent.IOptions = {}
  ) {}

  /** A plan this short needs no further search. */
  get target(): number {
    return this.bound * (1 + PROVEN);
  }

  /** Whether the plan is proven shortest. */
  get optimal(): boolean {
    return this.proven || this.makespan <= this.target;
  }

  /** The shortest plan. */
  get schedule(): Schedule {
    if (this.best === undefined) {
      throw new Error('No plan has been offered.');
    }
    return this.best;
  }

  /** The shortest plan, as the search sees it. */
  get arrangement(): Arrangement {
    return arrangementOf(this.problem, this.schedule);
  }

  /** Take a plan if it is the shortest; it must not be changed afterwards. */
  offer(method: Plan['method'], schedule: Schedule): void {
    if (schedule.makespan < this.makespan) {
      this.settle(method, schedule);
    }
  }

  /** Take a plan even if it is longer: for other reasons it is the better one. */
  settle(method: Plan['method'], schedule: Schedule): void {
    this.best = schedule;
    this.makespan = schedule.makespan;
    this.method = method;
    this.note(method);
  }

  /** Take the plan that the search sees, in which no job starts later: it may be shorter. */
  tighten(): void {
    this.offer(this.method, realise(this.problem, this.arrangement));
  }

  /** The plans to compare with, for all reports from now on. */
  compare(baselines: readonly BaselineSchedule[]): void {
    this.baselines = baselines.map(({ name, schedule }) => ({
      name,
      makespan: schedule.makespan,
      segments: toSegments(this.problem, schedule)
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
      this.binding = binding;
      this.note('bound');
    }
    this.proven ||= optimal;
  }

  /** Tell whoever waits. */
  report(): void {
    this.reported = { makespan: this.makespan, bound: this.bound };
    this.options.onProgress?.(this.plan());
  }

  /** The shortest plan for the wire. */
  plan(): Plan {
    const { makespan, problem } = this;
    const bound = makespan <= this.target ? makespan : this.bound;
    return {
      segments: toSegments(problem, this.schedule),
      unplanned: problem.unplanned,
      makespan,
      lowerBound: bound,
      gap: bound > 0 ? makespan / bound - 1 : 0,
      binding: this.binding,
      optimal: this.optimal,
      method: this.method,
      baselines: this.baselines,
      ...(problem.conflicts.length > 0 && { conflicts: problem.conflicts }),
      log: [...this.log]
    };
  }

  /** Write the log, and report what is worth it once there has been a first report. */
  private note(method: string): void {
    const { makespan, bound, options, reported } = this;
    if (makespan === Infinity) {
      return;
    }
    const seconds = options.elapsed?.();
    this.log.push({ ...(seconds !== undefined && { seconds }), makespan, lowerBound: bound, method });
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
