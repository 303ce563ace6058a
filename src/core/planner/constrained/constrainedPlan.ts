import type { Baseline, Plan, PlanRequest } from '../../wire/generated/types.js';
import type { PlanOptions } from '../plan.js';
import type { Problem } from '../problem.js';
import { mulberry32 } from '../random.js';
import { type Schedule, toSegments } from '../schedule/schedule.js';
import type { Effort } from '../search/effort.js';
import { conflictsOf } from './conflicts.js';
import { type ConstrainedPlan, ConstrainedSearch } from './constrained.js';
import { explainConstrained } from './explanation.js';
import { type Bound, makespanBound } from './makespanBound.js';
import { Relaxation } from './relaxation.js';
import { runsOf } from './runTable.js';
import { weightedBound } from './weightedBound.js';

/** A plan within this share of its bound is as good as the bound, which rounding keeps it from reaching. */
const PROVEN = 1e-8;

/** Plans are reported while searching when they are better by at least this share. */
const NOTICEABLE = 0.002;

/**
 * Plan where wishes couple jobs: pins, releases, deadlines, limits, fused and spanning runs, weighted ends. Wishes
 * come first, then the objective; what cannot be met is named with its reason. Switches are not planned here, though
 * bounds are valid for plans that have them where they are allowed.
 */
export async function planConstrained(
  request: PlanRequest,
  problem: Problem,
  effort: Effort,
  options: PlanOptions
): Promise<Plan> {
  return new ConstrainedPlanning(request, problem, effort, options).run();
}

class ConstrainedPlanning {
  private readonly relaxation: Relaxation;
  /** For plans that miss wishes. */
  private readonly loose: Bound;
  /** For plans that meet all wishes. */
  private readonly strict: Bound;
  private readonly weighted: number | undefined;
  private readonly search: ConstrainedSearch;
  private readonly log: NonNullable<Plan['log']> = [];
  private method: Plan['method'] = 'construction';

  constructor(
    private readonly request: PlanRequest,
    private readonly problem: Problem,
    private readonly effort: Effort,
    private readonly options: PlanOptions
  ) {
    const runs = runsOf(problem);
    this.relaxation = new Relaxation(problem, runs, request.switches === 'planned');
    this.loose = makespanBound(this.relaxation, false);
    this.strict = makespanBound(this.relaxation, true);
    this.weighted = problem.weighted ? weightedBound(this.relaxation) : undefined;
    this.search = new ConstrainedSearch(problem, runs, {
      bound: this.loose.seconds,
      random: mulberry32(request.seed),
      ...(request.previous !== undefined && { previous: request.previous })
    });
  }

  async run(): Promise<Plan> {
    this.improve();
    const { kept, ...made } = this.search.final();
    if (kept) {
      this.method = 'previous';
    }
    return {
      ...this.toPlan(made),
      ...(this.request.explain === true && { explanation: this.explain(made) })
    };
  }

  private explain(made: ConstrainedPlan): Plan['explanation'] {
    const { request, relaxation, weighted, loose, strict } = this;
    const limits = { ...(made.violation > 0 ? loose : strict), ...(weighted !== undefined && { weighted }) };
    return explainConstrained(request, relaxation, made, limits, mulberry32(request.seed));
  }

  /** Whether there is nothing to go on from: else what the search meets need not become the plan. */
  private get fresh(): boolean {
    const { request, problem } = this;
    return request.previous === undefined && problem.jobs.every(({ current }) => current === undefined);
  }

  private improve(): void {
    const { search, options, weighted, strict, loose } = this;
    let reported = search.plan();
    this.note(reported.schedule.makespan);
    options.onProgress?.(this.toPlan(reported));
    const target = (weighted ?? strict.seconds) * (1 + PROVEN);
    const goal = target < Infinity ? target : (weighted ?? loose.seconds);
    search.run(
      share => this.effort.part(share, goal),
      () => {
        this.method = 'local-search';
        const made = search.plan();
        this.note(made.schedule.makespan);
        const noticeable =
          made.violation < reported.violation * (1 - NOTICEABLE) ||
          made.objective < reported.objective * (1 - NOTICEABLE);
        if (options.onProgress !== undefined && this.fresh && noticeable) {
          reported = made;
          options.onProgress(this.toPlan(made));
        }
      }
    );
  }

  private note(makespan: number): void {
    const seconds = this.effort.budget.seconds === undefined ? undefined : this.effort.elapsed;
    const { seconds: lowerBound } = boundedBy(this.loose, makespan);
    const { method } = this;
    this.log.push({ ...(seconds !== undefined && { seconds }), makespan, lowerBound, method });
  }

  private toPlan(made: ConstrainedPlan): Plan {
    const { problem, search, strict, loose, weighted } = this;
    const { schedule, violation } = made;
    const conflicts = conflictsOf(this.relaxation, schedule, made, strict.seconds === Infinity);
    const bound = boundedBy(violation > 0 ? loose : strict, schedule.makespan);
    const seconds = endsOf(problem, schedule);
    const least = boundedBy({ seconds: weighted ?? 0, binding: 'none' }, seconds);
    const proven = problem.weighted ? least.seconds >= seconds : bound.seconds >= schedule.makespan;
    return {
      segments: toSegments(problem, schedule),
      unplanned: problem.unplanned,
      makespan: schedule.makespan,
      lowerBound: bound.seconds,
      gap: gapOf(schedule.makespan, bound.seconds),
      binding: bound.binding,
      optimal: proven && violation === 0,
      method: this.method,
      baselines: search.simple.map(
        (rule): Baseline => ({
          name: rule.name,
          makespan: rule.schedule.makespan,
          segments: toSegments(problem, rule.schedule)
        })
      ),
      ...(problem.weighted && {
        weightedCompletion: { seconds, lowerBound: least.seconds, gap: gapOf(seconds, least.seconds) }
      }),
      ...(conflicts.length > 0 && { conflicts }),
      log: [...this.log]
    };
  }
}

/** A bound as the plan states it: what it reaches but for rounding, it reaches. */
function boundedBy({ seconds, binding }: Bound, made: number): Bound {
  return { seconds: seconds * (1 + PROVEN) >= made ? made : seconds, binding };
}

function gapOf(made: number, bound: number): number {
  return bound > 0 ? made / bound - 1 : 0;
}

/** The sum over all tasks of weight times end. */
function endsOf({ jobs, running }: Problem, { placed }: Schedule): number {
  return (
    running.reduce((sum, { weight, config }) => sum + weight * config.seconds, 0) +
    placed.reduce((sum, { job, end }) => sum + jobs[job]!.weight * end, 0)
  );
}
