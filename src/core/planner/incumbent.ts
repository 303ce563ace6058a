import type { Plan } from '../wire/generated/types.js';
import type { BaselineSchedule } from './baselines/baselines.js';
import type { Bound } from './bounds/area.js';
import type { Problem } from './problem.js';
import { type Arrangement, realise } from './schedule/arrangement.js';
import { type Schedule, toSegments } from './schedule/schedule.js';

/** A makespan within this share of the bound is as short as the bound, which rounding keeps it from reaching. */
const PROVEN = 1e-9;

/** Plans are reported while searching when they are shorter by at least this share. */
const NOTICEABLE = 0.002;

/** The shortest plan found so far, and the best bound. */
export class Incumbent {
  /** No plan is shorter than this, in seconds. */
  bound: number;
  /** Of the shortest plan; Infinity before the first. */
  makespan = Infinity;
  private best: Arrangement | undefined;
  private method: Plan['method'] = 'empty';
  private readonly binding: Plan['binding'];
  private proven = false;
  private reported = Infinity;

  constructor(
    private readonly problem: Problem,
    bound: Bound,
    readonly baselines: BaselineSchedule[],
    private readonly onProgress?: (plan: Plan) => void
  ) {
    this.bound = bound.seconds;
    this.binding = bound.binding;
  }

  /** A plan this short needs no further search. */
  get target(): number {
    return this.bound * (1 + PROVEN);
  }

  /** Whether the plan is proven shortest. */
  get optimal(): boolean {
    return this.proven || this.makespan <= this.target;
  }

  /** The shortest plan, as the search sees it. */
  get arrangement(): Arrangement {
    if (this.best === undefined) {
      throw new Error('No plan has been offered.');
    }
    return this.best;
  }

  /** The shortest plan in full. */
  schedule(): Schedule {
    return realise(this.problem, this.arrangement);
  }

  /** Take a plan if it is the shortest; it must not be changed afterwards. */
  offer(method: Plan['method'], arrangement: Arrangement, makespan: number): void {
    if (makespan >= this.makespan) {
      return;
    }
    this.best = arrangement;
    this.makespan = makespan;
    this.method = method;
    if (makespan < this.reported * (1 - NOTICEABLE) && this.reported < Infinity) {
      this.report();
    }
  }

  /** Take a better bound, or the word of a solver that the plan is optimal. */
  raise(bound: number, optimal: boolean): void {
    this.bound = Math.min(this.makespan, Math.max(this.bound, bound));
    this.proven ||= optimal;
  }

  /** Tell whoever waits. */
  report(): void {
    this.reported = this.makespan;
    this.onProgress?.(this.plan());
  }

  /** The shortest plan for the wire. */
  plan(): Plan {
    const { makespan, problem } = this;
    const bound = makespan <= this.target ? makespan : this.bound;
    return {
      segments: toSegments(problem, this.schedule()),
      unplanned: problem.unplanned,
      makespan,
      lowerBound: bound,
      gap: bound > 0 ? makespan / bound - 1 : 0,
      binding: this.binding,
      optimal: this.optimal,
      method: this.method,
      baselines: this.baselines.map(({ name, schedule }) => ({
        name,
        makespan: schedule.makespan,
        segments: toSegments(problem, schedule)
      }))
    };
  }
}
