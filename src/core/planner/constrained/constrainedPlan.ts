import type { Baseline, Plan, PlanRequest } from '../../wire/generated/types.js';
import { lowerBound } from '../bounds/areaBound.js';
import type { PlanOptions } from '../common/planOptions.js';
import { mulberry32 } from '../common/random.js';
import type { Problem } from '../problem/problem.js';
import { realise } from '../schedule/arrangement.js';
import { type Schedule, toSegments } from '../schedule/schedule.js';
import { construct } from '../search/construction.js';
import { improve } from '../search/portfolio.js';
import type { Effort } from '../search/searchBudget.js';
import { conflictsOf } from './conflicts.js';
import { explainConstrained } from './constrainedExplanation.js';
import { Relaxation } from './constrainedRelaxation.js';
import { type ConstrainedPlan, ConstrainedSearch } from './constrainedSearch.js';
import { sequenceLike, withoutWishes } from './dropConstraints.js';
import { type Bound, makespanBound } from './makespanBound.js';
import type { Sequence } from './runSequence.js';
import { type Run, runsOf } from './runTable.js';
import { type Begun, uninterruptedBound, weightedBound } from './weightedBound.js';

/** A plan within this share of its bound is as good as the bound, which rounding keeps it from reaching. */
const PROVEN = 1e-8;

/** Share of the budget for plans without wishes, where these are only about places, and where they are not. */
const FOR_PLACES = 0.5;
const FOR_WISHES = 0.25;

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
  private readonly runs: Run[];
  private readonly relaxation: Relaxation;
  /** For plans that miss wishes. */
  private loose: Bound;
  /** For plans that meet all wishes. */
  private strict: Bound;
  /** On the sum of weighted ends, where that is to be small. */
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
    this.runs = runs;
    this.relaxation = new Relaxation(problem, runs, request.switches === 'planned');
    this.loose = makespanBound(this.relaxation, false);
    this.strict = makespanBound(this.relaxation, true);
    this.search = new ConstrainedSearch(problem, runs, {
      bound: this.loose.seconds,
      random: mulberry32(request.seed),
      ...(request.previous !== undefined && { previous: request.previous })
    });
    if (problem.weighted) {
      this.weighted = weightedBound(this.relaxation);
      if (request.switches !== 'planned') {
        const { schedule } = this.search.plan();
        const plan = { weighted: endsOf(problem, schedule), makespan: schedule.makespan };
        const offer = (begun: Begun[]) => this.search.offer(sequenceBegun(runs, begun));
        this.weighted = Math.max(this.weighted, uninterruptedBound(this.relaxation, plan, offer));
      }
    }
  }

  async run(): Promise<Plan> {
    const first = this.search.plan();
    this.note(first.schedule.makespan);
    this.options.onProgress?.(this.toPlan(first));
    if (this.fresh) {
      await this.planWithoutWishes();
    }
    this.improve();
    const { kept, ...made } = this.search.final();
    if (kept) {
      this.method = 'previous';
    }
    if (!this.fresh) {
      this.note(made.schedule.makespan);
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

  /** Plans and bounds from the plain problem without wishes. */
  private async planWithoutWishes(): Promise<void> {
    const { problem, runs, request, effort, options, search } = this;
    const free = withoutWishes(problem);
    if (free === undefined || effort.used >= 1) {
      return;
    }
    const share = this.isPlacement ? FOR_PLACES : FOR_WISHES;
    const budget = effort.shareOf(share);
    const bound = lowerBound(free);
    this.raise(bound);
    const start = construct(free, bound.seconds).arrangement;
    search.offer(sequenceLike(problem, runs, realise(free, start)));
    await improve(free, start, {
      random: mulberry32(request.seed),
      budget,
      elapsed: () => effort.elapsed,
      bound: bound.seconds,
      ...(options.loadHighs !== undefined && { loadHighs: options.loadHighs }),
      offer: (_, arrangement) => search.offer(sequenceLike(problem, runs, realise(free, arrangement))),
      raise: (seconds, binding) => this.raise({ seconds, binding })
    });
    effort.spend(budget.iterations ?? 0);
  }

  /** Whether wishes are only about where and how jobs run, not when or how much of all there is. */
  private get isPlacement(): boolean {
    const { jobs, limits, running } = this.problem;
    return (
      Object.values(limits).every(limit => limit === Infinity) &&
      [...jobs, ...running].every(({ deadline }) => deadline === Infinity) &&
      jobs.every(({ release }) => release === 0)
    );
  }

  /** Take a bound that holds without wishes. */
  private raise(bound: Bound): void {
    if (this.request.switches !== 'planned') {
      this.loose = bound.seconds > this.loose.seconds ? bound : this.loose;
      this.strict = bound.seconds > this.strict.seconds ? bound : this.strict;
    }
  }

  private improve(): void {
    const { search, options, weighted, strict, loose } = this;
    let reported = search.plan();
    const target = (weighted ?? strict.seconds) * (1 + PROVEN);
    const goal = target < Infinity ? target : (weighted ?? loose.seconds);
    search.run(
      share => this.effort.part(share, goal),
      () => {
        this.method = 'local-search';
        if (!this.fresh) {
          return;
        }
        const made = search.plan();
        this.note(made.schedule.makespan);
        const noticeable =
          made.violation < reported.violation * (1 - NOTICEABLE) ||
          made.objective < reported.objective * (1 - NOTICEABLE);
        if (options.onProgress !== undefined && noticeable) {
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

/** Jobs in the order in which they would begin; those that would share a run go by themselves. */
function sequenceBegun(runs: Run[], begun: Begun[]): Sequence {
  const sequence: Sequence = {
    order: [...begun].sort((a, b) => a.begin - b.begin).map(({ job }) => job),
    config: runs.map(() => 0),
    nodes: runs.map(() => []),
    active: runs.map(({ fusion }) => fusion === undefined)
  };
  for (const { job, way } of begun) {
    sequence.config[job] = way.run === job ? way.config : 0;
  }
  sequence.order.push(...[...runs.keys()].slice(begun.length));
  return sequence;
}

/** The sum over all tasks of weight times end. */
function endsOf({ jobs, running }: Problem, { placed }: Schedule): number {
  return (
    running.reduce((sum, { weight, config }) => sum + weight * config.seconds, 0) +
    placed.reduce((sum, { job, end }) => sum + jobs[job]!.weight * end, 0)
  );
}
