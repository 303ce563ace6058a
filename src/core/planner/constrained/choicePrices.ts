import type { PlanRequest, Strategy } from '../../wire/messages.js';
import type { Random } from '../common/random.js';
import { choiceKey } from '../explanation/alternatives.js';
import { breakEvenError } from '../explanation/breakEvenError.js';
import { usableConfigs } from '../problem/configuration.js';
import { Eligibilities } from '../problem/eligibility.js';
import { type IConfig, paretoFrontByPlace } from '../problem/pareto.js';
import type { IJob, IProblem } from '../problem/problem.js';
import { termsOf, unforcedPins } from '../problem/terms.js';
import { KEPT } from '../schedule/arrangement.js';
import type { ISchedule } from '../schedule/schedule.js';
import { ConstrainedNeighbourhood } from './constrainedNeighbourhood.js';
import type { IConstrainedPlan } from './constrainedSearch.js';
import { Decoder } from './decoder.js';
import { sequenceOf } from './previousSequence.js';
import type { IMeasured } from './priorityRules.js';
import { copySequence, type IRunSequence } from './runSequence.js';
import { type IRun, runsOf, sitesOf } from './runTable.js';

/** Placements that pricing all alternatives may cost, about. */
const ALL_PLACEMENTS = 2_000_000;

/** Placements after which no more alternatives are priced, however many there are. */
const MOST_PLACEMENTS = 3_000_000;

/** Steps of the search that prices one alternative, at least, unless there are none, and at most. */
const FEWEST_STEPS = 32;
const MOST_STEPS = 2048;

/** Temperatures of that search, as shares of the objective over the number of jobs. */
const HOT = 0.5;
const COLD = 0.0025;

/** Kinds times jobs above which the tolerance of estimates is not worked out. */
const MANY = 4000;

/** Alternatives compared, the best first. */
const RIVALS = 4;

/** A constraint missed by this share more is missed no more: rounding. */
const ROUNDING = 1e-9;

/** Jobs that differ in nothing, constraints included, and run alike in the plan. */
export interface IKind {
  /** Indexes into {@link IProblem.jobs}. */
  jobs: number[];
  chosen: IConfig;
  /** Whether they run together with others. */
  fused: boolean;
  /** Per technique at a number of devices, the configurations that are not dominated. */
  choices: Map<string, IConfig[]>;
}

/** Another strategy and the best plan found with it. */
export interface IPriced {
  strategy: Strategy;
  makespan: number;
  /** By how much the objective grows, in seconds; a sum of weighted ends by its share per weight. */
  price: number;
}

/** A plan with one job's strategy dictated. */
interface IForced extends IMeasured {
  problem: IProblem;
  runs: IRun[];
  makespan: number;
}

/** The kinds of the jobs of a plan, in the order of their first jobs. */
export function kindsOf(request: PlanRequest, problem: IProblem, { placed }: ISchedule): IKind[] {
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const places = new Eligibilities(request);
  const kinds = new Map<string, IKind>();
  for (const { job, config, fusion } of [...placed].sort((a, b) => a.job - b.job)) {
    const { name, steps, release, deadline, weight, lanes, current } = problem.jobs[job]!;
    const task = tasks.get(name)!;
    const { pins } = termsOf(task);
    const usable = usableConfigs(task, places, unforcedPins(task));
    const choices = new Map<string, IConfig[]>();
    for (const one of usable.length > 0 ? usable : usableConfigs(task, places)) {
      const key = choiceKey(one.option);
      choices.set(key, paretoFrontByPlace([...(choices.get(key) ?? []), one]));
    }
    const key = JSON.stringify([
      current === undefined ? -1 : job,
      fusion,
      choiceKey(config.option),
      [steps, release, weight, lanes],
      Number.isFinite(deadline) ? deadline : -1,
      pins,
      task.options
    ]);
    const kind = kinds.get(key);
    if (kind === undefined) {
      kinds.set(key, { jobs: [job], chosen: config, fused: fusion !== undefined, choices });
    } else {
      kind.jobs.push(job);
    }
  }
  return [...kinds.values()];
}

/** Prices alternatives: the plan with one job of a kind changed in place, and then mended by a short search. */
export class ConstrainedPricing {
  private readonly _runs: IRun[];
  private readonly _base: IForced;
  private readonly _steps: number;
  private readonly _precise: boolean;
  private readonly _weights: number;
  /** Placements made so far, but for those of searches. */
  private _placements = 0;

  constructor(
    private readonly _problem: IProblem,
    private readonly _plan: IConstrainedPlan,
    kinds: IKind[],
    private readonly _random: Random
  ) {
    this._runs = runsOf(_problem);
    const { objective, violation, schedule } = _plan;
    const sequence = sequenceOf(_problem, this._runs, schedule);
    const { makespan } = schedule;
    this._base = { problem: _problem, runs: this._runs, sequence, objective, violation, makespan };
    const open = kinds.reduce((sum, { choices }) => sum + choices.size, 0);
    const steps = Math.floor(ALL_PLACEMENTS / Math.max(1, open * _problem.jobs.length));
    this._steps = steps < FEWEST_STEPS ? 0 : Math.min(MOST_STEPS, steps);
    this._precise = kinds.length * _problem.jobs.length <= MANY;
    const all = [..._problem.jobs, ..._problem.running];
    this._weights = _problem.weighted ? all.reduce((sum, { weight }) => sum + weight, 0) : 1;
  }

  /** The alternatives of a kind, and by what share its choice may be slower than estimated before one is better. */
  price(kind: IKind): { alternatives: IPriced[]; tolerance: number | undefined } {
    const chosen = kind.fused ? undefined : choiceKey(kind.chosen.option);
    const alternatives: IPriced[] = [];
    const plans: IForced[] = [];
    for (const [key, configs] of kind.choices) {
      if (key === chosen || this._placements > MOST_PLACEMENTS) {
        continue;
      }
      const plan = this._force(kind.jobs[0]!, key, configs);
      if (plan !== undefined) {
        alternatives.push({
          strategy: configs[0]!.option.strategy,
          makespan: plan.makespan,
          price: (plan.objective - this._plan.objective) / this._weights
        });
        plans.push(plan);
      }
    }
    const tolerance =
      chosen === undefined || !this._precise ? undefined : this._toleranceOf(kind, chosen, plans);
    return { alternatives, tolerance };
  }

  /** The best plan found in which a job runs so and constraints are met as well as in the plan; undefined if none was. */
  private _force(job: number, key: string, configs: IConfig[]): IForced | undefined {
    const { current, ...own } = this._problem.jobs[job]!;
    const stays = current !== undefined && choiceKey(current.config.option) === key;
    const forced: IJob = { ...own, configs, strayed: false, ...(stays && { current }) };
    const problem: IProblem = {
      ...this._problem,
      jobs: this._problem.jobs.map((other, index) => (index === job ? forced : other)),
      fusions: this._problem.fusions.filter(({ members }) => !members.includes(job))
    };
    const alone = problem.fusions.length === this._problem.fusions.length;
    const runs = alone ? this._runsWith(job, forced) : runsOf(problem);
    const sequence = alone
      ? copySequence(this._base.sequence)
      : sequenceOf(problem, runs, this._plan.schedule);
    const decoder = new Decoder(problem, runs);
    sequence.nodes[job] = [];
    let best: IForced | undefined;
    for (const config of [...configs.keys(), ...(stays ? [KEPT] : [])]) {
      sequence.config[job] = config;
      this._placements += runs.length;
      decoder.decode(sequence);
      const { objective, violation, makespan } = decoder;
      const one = { problem, runs, sequence: copySequence(sequence), objective, violation, makespan };
      best = best === undefined || isBetter(one, best) ? one : best;
    }
    return this._mend(best!);
  }

  /** The runs with a job that is in no fused one changed. */
  private _runsWith(job: number, { configs, current }: IJob): IRun[] {
    const { current: _, ...own } = this._runs[job]!;
    const runs = [...this._runs];
    runs[job] = {
      ...own,
      configs,
      sites: configs.map(config => sitesOf(this._problem, config)),
      ...(current !== undefined && { current }),
      strayed: 0
    };
    return runs;
  }

  /** A short search among the plans with the same strategy dictated. */
  private _mend(start: IForced): IForced | undefined {
    const { problem, runs } = start;
    const allowed = this._plan.violation * (1 + ROUNDING);
    if (this._steps === 0) {
      return start.violation <= allowed ? start : undefined;
    }
    const neighbourhood = new ConstrainedNeighbourhood(problem, runs, start.sequence, this._random);
    let best = start;
    const search = (steps: number, until: () => boolean) => {
      const scale = best.objective / Math.max(1, problem.jobs.length);
      for (let i = 0; i < steps && !until(); i++) {
        neighbourhood.step(scale * HOT * (COLD / HOT) ** (i / steps));
        if (
          neighbourhood.score < (best.violation > allowed ? Infinity : best.objective) &&
          neighbourhood.violation <= allowed
        ) {
          best = this._measured(problem, runs, neighbourhood.snapshot());
        }
      }
    };
    if (best.violation > allowed) {
      search(this._steps, () => best.violation <= allowed);
    }
    if (best.violation > allowed) {
      return undefined;
    }
    neighbourhood.restore(best.sequence);
    neighbourhood.improve(allowed);
    search(this._steps, () => best.objective <= this._plan.objective);
    return best;
  }

  private _measured(problem: IProblem, runs: IRun[], sequence: IRunSequence): IForced {
    const decoder = new Decoder(problem, runs);
    decoder.decode(sequence);
    const { objective, violation, makespan } = decoder;
    return { problem, runs, sequence, objective, violation, makespan };
  }

  /** As of plain plans: the error meets all jobs of the kind that run so, in both plans alike. */
  private _toleranceOf(kind: IKind, key: string, plans: IForced[]): number | undefined {
    const rivals = plans.sort((a, b) => a.objective - b.objective).slice(0, RIVALS);
    const loses = (error: number) => {
      const own = slowed(this._base, kind, key, error);
      return rivals.some(rival => isBetter(slowed(rival, kind, key, error), own));
    };
    return breakEvenError(loses);
  }
}

/** Better by more than rounding, constraints first. */
function isBetter(a: IMeasured, b: IMeasured): boolean {
  const less = (one: number, other: number) => one < other * (1 - ROUNDING);
  return (
    less(a.violation, b.violation) || (!less(b.violation, a.violation) && less(a.objective, b.objective))
  );
}

/** A plan when a choice is slower for all jobs of a kind, everything else as planned. */
function slowed({ problem, runs, sequence }: IForced, kind: IKind, key: string, error: number): IMeasured {
  const slow = (config: IConfig): IConfig =>
    choiceKey(config.option) === key
      ? { ...config, seconds: config.seconds + error * (config.seconds - config.overhead) }
      : config;
  const own = [...runs];
  for (const job of kind.jobs) {
    const { configs, current } = runs[job]!;
    own[job] = {
      ...runs[job]!,
      configs: configs.map(slow),
      ...(current !== undefined && { current: { ...current, config: slow(current.config) } })
    };
  }
  const decoder = new Decoder(problem, own);
  decoder.decode(sequence);
  return { sequence, violation: decoder.violation, objective: decoder.objective };
}
