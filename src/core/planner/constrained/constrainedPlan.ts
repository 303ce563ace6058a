import type { Baseline, Plan, PlanRequest } from '../../wire/messages.js';
import { lowerBound } from '../bounds/areaBound.js';
import { raiseByFractions } from '../bounds/fractionalBound.js';
import type { IPlanOptions } from '../common/planOptions.js';
import { mulberry32 } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { realise } from '../schedule/arrangement.js';
import { type ISchedule, toSegments } from '../schedule/schedule.js';
import { construct } from '../search/construction.js';
import { improve } from '../search/portfolio.js';
import type { SearchBudget } from '../search/searchBudget.js';
import { conflictsOf } from './conflicts.js';
import { explainConstrained } from './constrainedExplanation.js';
import { ConstrainedRelaxation } from './constrainedRelaxation.js';
import { ConstrainedSearch, type IConstrainedPlan } from './constrainedSearch.js';
import { Culprits } from './culprits.js';
import { dropConstraints, sequenceLike, withoutSpans } from './dropConstraints.js';
import { type IMakespanBound, makespanBound } from './makespanBound.js';
import { sequenceBegun } from './runSequence.js';
import { type IRun, runsOf } from './runTable.js';
import { type IStartedJob, uninterruptedBound, weightedBound } from './weightedBound.js';

/** A plan within this share of its bound is as good as the bound, which rounding keeps it from reaching. */
const PROVEN = 1e-8;

/** Share of the budget for plans without constraints, where these are only about places, and where they are not. */
const FOR_PLACES = 0.5;
const FOR_CONSTRAINTS = 0.25;

/** Share of the budget used when linear programs raise the bound. */
const BEFORE_BOUNDS = 0.5;

/** Plans are reported while searching when they are better by at least this share. */
const NOTICEABLE = 0.002;

/**
 * Plan where constraints couple jobs: pins, releases, deadlines, limits, fused and spanning runs, weighted ends. Constraints
 * come first, then the objective; what cannot be met is named with its reason. Switches are not planned here, though
 * bounds are valid for plans that have them where they are allowed.
 *
 * @returns the answer.
 */
export async function planConstrained(
  request: PlanRequest,
  problem: IProblem,
  searchBudget: SearchBudget,
  options: IPlanOptions
): Promise<Plan[]> {
  return [await new ConstrainedPlanning(request, problem, searchBudget, options).run()];
}

class ConstrainedPlanning {
  private readonly _runs: IRun[];
  private readonly _relaxation: ConstrainedRelaxation;
  /** For plans that miss constraints. */
  private _loose: IMakespanBound;
  /** For plans that meet all constraints. */
  private _strict: IMakespanBound;
  /** On the sum of weighted ends, where that is to be small. */
  private readonly _weighted: number | undefined;
  private readonly _search: ConstrainedSearch;
  private readonly _culprits: Culprits;
  private readonly _log: NonNullable<Plan['log']> = [];
  private _method: Plan['method'] = 'construction';

  constructor(
    private readonly _request: PlanRequest,
    private readonly _problem: IProblem,
    private readonly _searchBudget: SearchBudget,
    private readonly _options: IPlanOptions
  ) {
    const runs = runsOf(_problem);
    this._runs = runs;
    this._culprits = new Culprits(_request);
    this._relaxation = new ConstrainedRelaxation(_problem, runs, _request.switches === 'planned');
    this._loose = makespanBound(this._relaxation, false);
    this._strict = makespanBound(this._relaxation, true);
    this._search = new ConstrainedSearch(_problem, runs, {
      bound: this._loose.seconds,
      random: mulberry32(_request.seed),
      ...(_request.previous !== undefined && { previous: _request.previous })
    });
    if (_problem.weighted) {
      this._weighted = weightedBound(this._relaxation);
      if (_request.switches !== 'planned') {
        const { schedule } = this._search.plan();
        const plan = { weighted: endsOf(_problem, schedule), makespan: schedule.makespan };
        const offer = (begun: IStartedJob[]) => this._search.offer(sequenceBegun(runs, begun));
        this._weighted = Math.max(this._weighted, uninterruptedBound(this._relaxation, plan, offer));
      }
    }
  }

  async run(): Promise<Plan> {
    const first = this._search.plan();
    this._note(first.schedule.makespan);
    this._options.onProgress?.(this._toPlan(first));
    if (this._fresh) {
      await this._planWithoutConstraints();
    }
    this._improve(BEFORE_BOUNDS);
    await this._raiseBound();
    this._improve(1);
    const { kept, ...made } = this._search.final();
    if (kept) {
      this._method = 'previous';
    }
    if (!this._fresh) {
      this._note(made.schedule.makespan);
    }
    return {
      ...this._toPlan(made),
      ...(this._request.explain === true && { explanation: this._explain(made) })
    };
  }

  private _explain(made: IConstrainedPlan): Plan['explanation'] {
    const {
      _request: request,
      _relaxation: relaxation,
      _weighted: weighted,
      _loose: loose,
      _strict: strict
    } = this;
    const limits = { ...(made.violation > 0 ? loose : strict), ...(weighted !== undefined && { weighted }) };
    return explainConstrained(request, relaxation, made, limits, mulberry32(request.seed));
  }

  /** Whether there is nothing to go on from: else what the search meets need not become the plan. */
  private get _fresh(): boolean {
    const { _request: request, _problem: problem } = this;
    return request.previous === undefined && problem.jobs.every(({ current }) => current === undefined);
  }

  /** Plans and bounds from the plain problem without constraints. */
  private async _planWithoutConstraints(): Promise<void> {
    const {
      _problem: problem,
      _runs: runs,
      _request: request,
      _searchBudget: searchBudget,
      _options: options,
      _search: search
    } = this;
    const free = dropConstraints(problem);
    if (free === undefined || searchBudget.used >= 1) {
      return;
    }
    const share = this._isPlacement ? FOR_PLACES : FOR_CONSTRAINTS;
    const budget = searchBudget.shareOf(share);
    const bound = lowerBound(free);
    this._raise(bound);
    const start = construct(free, bound.seconds).arrangement;
    search.offer(sequenceLike(problem, runs, realise(free, start)));
    await improve(free, start, {
      random: mulberry32(request.seed),
      budget,
      elapsed: () => searchBudget.elapsed,
      bound: bound.seconds,
      ...(options.loadHighs !== undefined && { loadHighs: options.loadHighs }),
      offer: (_, arrangement) => search.offer(sequenceLike(problem, runs, realise(free, arrangement))),
      raise: (seconds, binding) => this._raise({ seconds, binding })
    });
    searchBudget.spend(budget.iterations ?? 0);
  }

  /** Whether constraints are only about where and how jobs run, not when or how much of all there is. */
  private get _isPlacement(): boolean {
    const { jobs, lanes, budgets, running } = this._problem;
    return (
      lanes.length === 0 &&
      budgets.length === 0 &&
      [...jobs, ...running].every(({ deadline }) => deadline === Infinity) &&
      jobs.every(({ release }) => release === 0)
    );
  }

  /** Take a bound that holds without constraints. */
  private _raise(bound: IMakespanBound): void {
    if (this._request.switches !== 'planned') {
      this._loose = bound.seconds > this._loose.seconds ? bound : this._loose;
      this._strict = bound.seconds > this._strict.seconds ? bound : this._strict;
    }
  }

  /** Bounds by what all jobs together need of all there is, in fractions; as they hold for the best plan so far. */
  private async _raiseBound(): Promise<void> {
    const { _problem: problem, _request: request, _options: options, _weighted: weighted } = this;
    const { schedule, violation } = this._search.plan();
    const strict = violation === 0;
    const whole = withoutSpans(problem, strict);
    const from = strict ? this._strict : this._loose;
    const open = from.seconds < Infinity && weighted === undefined && this._searchBudget.used < 1;
    if (whole === undefined || !open || request.switches === 'planned' || options.loadHighs === undefined) {
      return;
    }
    raiseByFractions(await options.loadHighs(), whole, from.seconds, schedule.makespan, seconds => {
      if (strict) {
        this._strict = { seconds, binding: 'packing' };
      } else {
        this._raise({ seconds, binding: 'packing' });
      }
      return this._searchBudget.used < 1;
    });
  }

  /** @param until - share of the budget used in the end. */
  private _improve(until: number): void {
    const { _search: search, _options: options, _weighted: weighted, _strict: strict, _loose: loose } = this;
    let reported = search.plan();
    const target = (weighted ?? strict.seconds) * (1 + PROVEN);
    const goal = target < Infinity ? target : (weighted ?? loose.seconds);
    const left = until - this._searchBudget.used;
    if (left <= 0) {
      return;
    }
    search.run(
      share => this._searchBudget.part(share * left, goal),
      () => {
        this._method = 'local-search';
        if (!this._fresh) {
          return;
        }
        const made = search.plan();
        this._note(made.schedule.makespan);
        const noticeable =
          made.violation < reported.violation * (1 - NOTICEABLE) ||
          made.objective < reported.objective * (1 - NOTICEABLE);
        if (options.onProgress !== undefined && noticeable) {
          reported = made;
          options.onProgress(this._toPlan(made));
        }
      }
    );
  }

  private _note(makespan: number): void {
    const seconds = this._searchBudget.budget.seconds === undefined ? undefined : this._searchBudget.elapsed;
    const { seconds: lowerBound } = boundedBy(this._loose, makespan);
    const { _method: method } = this;
    this._log.push({ ...(seconds !== undefined && { seconds }), makespan, lowerBound, method });
  }

  private _toPlan(made: IConstrainedPlan): Plan {
    const { _problem: problem, _search: search, _strict: strict, _loose: loose, _weighted: weighted } = this;
    const { schedule, violation } = made;
    const impossible = strict.seconds === Infinity;
    const conflicts = conflictsOf(this._request, this._relaxation, made, impossible, this._culprits);
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
      method: this._method,
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
      ...(search.carryOn !== undefined && { carryOn: search.carryOn }),
      log: [...this._log]
    };
  }
}

/** A bound as the plan states it: what it reaches but for rounding, it reaches. */
function boundedBy({ seconds, binding }: IMakespanBound, made: number): IMakespanBound {
  return { seconds: seconds * (1 + PROVEN) >= made ? made : seconds, binding };
}

function gapOf(made: number, bound: number): number {
  return bound > 0 ? made / bound - 1 : 0;
}

/** The sum over all tasks of weight times end. */
function endsOf({ jobs, running }: IProblem, { placed }: ISchedule): number {
  return (
    running.reduce((sum, { weight, config }) => sum + weight * config.seconds, 0) +
    placed.reduce((sum, { job, end }) => sum + jobs[job]!.weight * end, 0)
  );
}
