import type { Plan, PlanRequest } from '../wire/messages.js';
import { interrupts, makeBaselines } from './baselines/baselines.js';
import { lowerBound } from './bounds/areaBound.js';
import type { IPlanOptions } from './common/planOptions.js';
import { mulberry32 } from './common/random.js';
import { bindingOf, explain } from './explanation/planExplanation.js';
import { adoptSwitches, amongSwitching, preemptiveArea, savingOf } from './malleable/adoptSwitches.js';
import { planSwitches } from './malleable/planSwitches.js';
import { milpSize, solveMilp } from './milp/paperMilp.js';
import type { IProblem } from './problem/problem.js';
import { follow, replan, sketch } from './replan/replan.js';
import { realise } from './schedule/arrangement.js';
import type { ISchedule } from './schedule/schedule.js';
import { construct } from './search/construction.js';
import { Incumbent } from './search/incumbent.js';
import { improve } from './search/portfolio.js';
import type { SearchBudget } from './search/searchBudget.js';

/** Share of the budget for the search when planned switches are asked for, and when only what they would save is told. */
const BEFORE_SWITCHES = 0.7;
const BEFORE_SAVING = 0.92;

/** Pairs of tasks times devices up to which the paper's program settles what the search leaves open. */
const MILP_LARGEST = 120;

/** Nodes of HiGHS's search tree for it. */
const MILP_NODES = 500;

/** Share of the search's budget before it. */
const BEFORE_MILP = 0.5;

/** Iterations of the search that take as long as one linear program of those that plan switches. */
const ITERATIONS_PER_PROGRAM = 200;

/**
 * Plan where nodes do not depend on each other: find a good plan, from an earlier one if there is one, and a bound;
 * then explain it, and plan switches.
 *
 * @returns answers, the best first: with switches, and without.
 */
export function planUnconstrained(
  request: PlanRequest,
  problem: IProblem,
  searchBudget: SearchBudget,
  options: IPlanOptions
): Promise<Plan[]> {
  return new PlainPlanning(request, problem, searchBudget, options).run();
}

class PlainPlanning {
  private readonly _incumbent: Incumbent;
  private readonly _mayInterrupt: boolean;
  private _carryOn: number | undefined;

  constructor(
    private readonly _request: PlanRequest,
    private readonly _problem: IProblem,
    private readonly _searchBudget: SearchBudget,
    private readonly _options: IPlanOptions
  ) {
    this._mayInterrupt = _request.switches === 'planned';
    this._incumbent = new Incumbent(_problem, {
      onProgress: this._reporter(),
      ...(_searchBudget.budget.seconds !== undefined && { elapsed: () => _searchBudget.elapsed })
    });
  }

  async run(): Promise<Plan[]> {
    const { _problem: problem, _incumbent: incumbent, _request: request } = this;
    const bound = lowerBound(problem);
    incumbent.raise(bound.seconds, bound.binding);
    const begun = request.previous !== undefined || problem.jobs.some(job => job.current !== undefined);
    if (begun) {
      this._replan();
    } else {
      await this._search();
    }
    const explanation = request.explain === true ? this._explain(!begun) : undefined;
    const found: Plan = {
      ...incumbent.plan(),
      ...(explanation !== undefined && { explanation }),
      ...(this._carryOn !== undefined && { carryOn: this._carryOn })
    };
    return this._mayInterrupt || !begun ? [await this._withSwitches(found), found] : [found];
  }

  /** Share of the budget for plans without switches. */
  private get _share(): number {
    return this._mayInterrupt ? BEFORE_SWITCHES : this._canSwitch ? BEFORE_SAVING : 1;
  }

  private get _canSwitch(): boolean {
    return this._options.loadHighs !== undefined && this._problem.jobs.some(({ steps }) => steps > 1);
  }

  /** A first plan at once, then better plans and bounds. */
  private async _search(): Promise<void> {
    const { _problem: problem, _incumbent: incumbent, _searchBudget: searchBudget, _options: options } = this;
    incumbent.offer('construction', realise(problem, construct(problem, incumbent.bound).arrangement));
    incumbent.report();
    incumbent.offer('baseline', this._compare());
    incumbent.tighten();
    const small = milpSize(problem) <= MILP_LARGEST && options.loadHighs !== undefined;
    await improve(problem, incumbent.arrangement, {
      random: mulberry32(this._request.seed),
      budget: searchBudget.shareOf(this._share * (small ? BEFORE_MILP : 1)),
      elapsed: () => searchBudget.elapsed,
      bound: incumbent.bound,
      ...(options.loadHighs !== undefined && { loadHighs: options.loadHighs }),
      offer: (method, arrangement) => incumbent.offer(method, realise(problem, arrangement)),
      raise: (bound, binding, optimal) => incumbent.raise(bound, binding, optimal)
    });
    if (small && !incumbent.optimal && searchBudget.used < 1 && searchBudget.budget.iterations !== 0) {
      const seconds = searchBudget.secondsUntil(this._share);
      const limits = { nodes: MILP_NODES, ...(seconds < Infinity && { seconds }) };
      const start = realise(problem, incumbent.arrangement);
      const solved = solveMilp(await options.loadHighs!(), problem, start, incumbent.bound, limits);
      incumbent.offer('milp', realise(problem, solved.arrangement));
      incumbent.raise(solved.bound, 'packing', solved.optimal);
    }
  }

  /** Plan from an earlier plan, or from what runs now: what has been planned goes on until there is something better. */
  private _replan(): void {
    const {
      _request: request,
      _problem: problem,
      _incumbent: incumbent,
      _searchBudget: searchBudget,
      _share: share
    } = this;
    const { previous = [] } = request;
    if (previous.length === 0) {
      incumbent.offer('construction', sketch(problem));
      incumbent.report();
    }
    const followed = follow(problem, previous);
    incumbent.offer('previous', followed.schedule);
    if (previous.length > 0) {
      this._carryOn = followed.schedule.makespan;
      incumbent.report();
    }
    const rule = this._compare();
    const { method, schedule } = replan(problem, followed, {
      random: mulberry32(request.seed),
      limit: (from, to) => searchBudget.part(share * (to - from), incumbent.target),
      bound: incumbent.bound,
      longest: rule.makespan
    });
    incumbent.settle(method, schedule);
    incumbent.offer('baseline', rule);
  }

  /** Make the plans to compare with; returns the shortest that may be ours, as it leaves every task where it is. */
  private _compare(): ISchedule {
    const baselines = makeBaselines(this._problem, this._request.seed);
    this._incumbent.compare(baselines);
    return baselines
      .filter(baseline => !interrupts(baseline))
      .map(({ schedule }) => schedule)
      .reduce((best, schedule) => (schedule.makespan < best.makespan ? schedule : best));
  }

  /** @param mayImprove - whether a shorter plan met on the way is taken; a plan that runs is left in peace. */
  private _explain(mayImprove: boolean): Plan['explanation'] {
    const { _request: request, _problem: problem, _incumbent: incumbent } = this;
    const { explanation, better } = explain(
      request,
      problem,
      incumbent.schedule,
      { binding: incumbent.plan().binding, lowerBound: incumbent.bound },
      mulberry32(request.seed),
      mayImprove && !incumbent.optimal
    );
    if (better !== undefined) {
      incumbent.offer('local-search', better);
    }
    return explanation;
  }

  /** The plan with switches where they are asked for; else what they would save, as far as the budget allows. */
  private async _withSwitches(found: Plan): Promise<Plan> {
    const {
      _problem: problem,
      _request: request,
      _searchBudget: searchBudget,
      _options: options,
      _mayInterrupt: mayInterrupt
    } = this;
    if (!this._canSwitch || searchBudget.used >= 1 || searchBudget.budget.iterations === 0) {
      return mayInterrupt ? this._bound(amongSwitching(found, preemptiveArea(problem))) : found;
    }
    const limit = searchBudget.part(1, 0);
    const switching = planSwitches(problem, this._incumbent.schedule, {
      highs: await options.loadHighs!(),
      random: mulberry32(request.seed),
      progress: programs => limit.progress(programs * ITERATIONS_PER_PROGRAM)
    });
    return mayInterrupt
      ? this._bound(adoptSwitches(problem, found, switching))
      : { ...found, switching: savingOf(switching) };
  }

  /** A plan among those with switches, whose explanation tells of the bound on these. */
  private _bound(plan: Plan): Plan {
    const { explanation, makespan } = plan;
    return explanation === undefined
      ? plan
      : { ...plan, explanation: { ...explanation, binding: bindingOf(this._problem, plan, makespan) } };
  }

  /** Where switches are asked for, bounds that only hold without them are not told. */
  private _reporter(): IPlanOptions['onProgress'] {
    const { onProgress } = this._options;
    if (onProgress === undefined || !this._mayInterrupt) {
      return onProgress;
    }
    const bound = preemptiveArea(this._problem);
    return found => onProgress(amongSwitching(found, bound));
  }
}
