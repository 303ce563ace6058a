import type { PlanRequest, Strategy } from '../../wire/generated/types.js';
import type { Random } from '../common/random.js';
import { choiceKey } from '../explanation/alternatives.js';
import { leastError } from '../explanation/breakEvenError.js';
import { usableConfigs } from '../problem/configuration.js';
import { Eligibilities } from '../problem/eligibility.js';
import { type Config, paretoFrontByPlace } from '../problem/pareto.js';
import type { Job, Problem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import type { Schedule } from '../schedule/schedule.js';
import { CoupledWalk } from './constrainedNeighbourhood.js';
import type { ConstrainedPlan } from './constrainedSearch.js';
import { Decoder } from './decoder.js';
import { sequenceOf } from './previousSequence.js';
import type { Measured } from './priorityRules.js';
import { copySequence, type Sequence } from './runSequence.js';
import { type Run, runsOf, sitesOf } from './runTable.js';

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

/** A wish missed by this share more is missed no more: rounding. */
const ROUNDING = 1e-9;

/** Jobs that differ in nothing, wishes included, and run alike in the plan. */
export interface Kind {
  /** Indexes into {@link Problem.jobs}. */
  jobs: number[];
  chosen: Config;
  /** Whether they run together with others. */
  fused: boolean;
  /** Per technique at a number of devices, the configurations that are not dominated. */
  choices: Map<string, Config[]>;
}

/** Another strategy and the best plan found with it. */
export interface Priced {
  strategy: Strategy;
  makespan: number;
  /** By how much the objective grows, in seconds; a sum of weighted ends by its share per weight. */
  price: number;
}

/** A plan with one job's strategy dictated. */
interface Forced extends Measured {
  problem: Problem;
  runs: Run[];
  makespan: number;
}

/** The kinds of the jobs of a plan, in the order of their first jobs. */
export function kindsOf(request: PlanRequest, problem: Problem, { placed }: Schedule): Kind[] {
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const places = new Eligibilities(request);
  const kinds = new Map<string, Kind>();
  for (const { job, config, fusion } of [...placed].sort((a, b) => a.job - b.job)) {
    const { name, steps, release, deadline, weight, current } = problem.jobs[job]!;
    const task = tasks.get(name)!;
    const { strategy: _, ...place } = task.pin ?? {};
    const usable = usableConfigs(task, places, place);
    const choices = new Map<string, Config[]>();
    for (const one of usable.length > 0 ? usable : usableConfigs(task, places)) {
      const key = choiceKey(one.option);
      choices.set(key, paretoFrontByPlace([...(choices.get(key) ?? []), one]));
    }
    const key = JSON.stringify([
      current === undefined ? -1 : job,
      fusion,
      choiceKey(config.option),
      [steps, release, weight],
      Number.isFinite(deadline) ? deadline : -1,
      task.pin,
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
export class Pricing {
  private readonly runs: Run[];
  private readonly base: Forced;
  private readonly steps: number;
  private readonly precise: boolean;
  private readonly weights: number;
  /** Placements made so far, but for those of searches. */
  private placements = 0;

  constructor(
    private readonly problem: Problem,
    private readonly plan: ConstrainedPlan,
    kinds: Kind[],
    private readonly random: Random
  ) {
    this.runs = runsOf(problem);
    const { objective, violation, schedule } = plan;
    const sequence = sequenceOf(problem, this.runs, schedule);
    const { makespan } = schedule;
    this.base = { problem, runs: this.runs, sequence, objective, violation, makespan };
    const open = kinds.reduce((sum, { choices }) => sum + choices.size, 0);
    const steps = Math.floor(ALL_PLACEMENTS / Math.max(1, open * problem.jobs.length));
    this.steps = steps < FEWEST_STEPS ? 0 : Math.min(MOST_STEPS, steps);
    this.precise = kinds.length * problem.jobs.length <= MANY;
    const all = [...problem.jobs, ...problem.running];
    this.weights = problem.weighted ? all.reduce((sum, { weight }) => sum + weight, 0) : 1;
  }

  /** The alternatives of a kind, and by what share its choice may be slower than estimated before one is better. */
  price(kind: Kind): { alternatives: Priced[]; tolerance: number | undefined } {
    const chosen = kind.fused ? undefined : choiceKey(kind.chosen.option);
    const alternatives: Priced[] = [];
    const plans: Forced[] = [];
    for (const [key, configs] of kind.choices) {
      if (key === chosen || this.placements > MOST_PLACEMENTS) {
        continue;
      }
      const plan = this.force(kind.jobs[0]!, key, configs);
      if (plan !== undefined) {
        alternatives.push({
          strategy: configs[0]!.option.strategy,
          makespan: plan.makespan,
          price: (plan.objective - this.plan.objective) / this.weights
        });
        plans.push(plan);
      }
    }
    const tolerance =
      chosen === undefined || !this.precise ? undefined : this.toleranceOf(kind, chosen, plans);
    return { alternatives, tolerance };
  }

  /** The best plan found in which a job runs so and wishes are met as well as in the plan; undefined if none was. */
  private force(job: number, key: string, configs: Config[]): Forced | undefined {
    const { current, ...own } = this.problem.jobs[job]!;
    const stays = current !== undefined && choiceKey(current.config.option) === key;
    const forced: Job = { ...own, configs, strayed: false, ...(stays && { current }) };
    const problem: Problem = {
      ...this.problem,
      jobs: this.problem.jobs.map((other, index) => (index === job ? forced : other)),
      fusions: this.problem.fusions.filter(({ members }) => !members.includes(job))
    };
    const alone = problem.fusions.length === this.problem.fusions.length;
    const runs = alone ? this.runsWith(job, forced) : runsOf(problem);
    const sequence = alone ? copySequence(this.base.sequence) : sequenceOf(problem, runs, this.plan.schedule);
    const decoder = new Decoder(problem, runs);
    sequence.nodes[job] = [];
    let best: Forced | undefined;
    for (const config of [...configs.keys(), ...(stays ? [KEPT] : [])]) {
      sequence.config[job] = config;
      this.placements += runs.length;
      decoder.decode(sequence);
      const { objective, violation, makespan } = decoder;
      const one = { problem, runs, sequence: copySequence(sequence), objective, violation, makespan };
      best = best === undefined || isBetter(one, best) ? one : best;
    }
    return this.mend(best!);
  }

  /** The runs with a job that is in no fused one changed. */
  private runsWith(job: number, { configs, current }: Job): Run[] {
    const { current: _, ...own } = this.runs[job]!;
    const runs = [...this.runs];
    runs[job] = {
      ...own,
      configs,
      sites: configs.map(config => sitesOf(this.problem, config)),
      ...(current !== undefined && { current }),
      strayed: 0
    };
    return runs;
  }

  /** A short search among the plans with the same strategy dictated. */
  private mend(start: Forced): Forced | undefined {
    const { problem, runs } = start;
    const allowed = this.plan.violation * (1 + ROUNDING);
    if (this.steps === 0) {
      return start.violation <= allowed ? start : undefined;
    }
    const walk = new CoupledWalk(problem, runs, start.sequence, this.random);
    let best = start;
    const search = (steps: number, until: () => boolean) => {
      const scale = best.objective / Math.max(1, problem.jobs.length);
      for (let i = 0; i < steps && !until(); i++) {
        walk.step(scale * HOT * (COLD / HOT) ** (i / steps));
        if (
          walk.score < (best.violation > allowed ? Infinity : best.objective) &&
          walk.violation <= allowed
        ) {
          best = this.measured(problem, runs, walk.snapshot());
        }
      }
    };
    if (best.violation > allowed) {
      search(this.steps, () => best.violation <= allowed);
    }
    if (best.violation > allowed) {
      return undefined;
    }
    walk.restore(best.sequence);
    walk.improve(allowed);
    search(this.steps, () => best.objective <= this.plan.objective);
    return best;
  }

  private measured(problem: Problem, runs: Run[], sequence: Sequence): Forced {
    const decoder = new Decoder(problem, runs);
    decoder.decode(sequence);
    const { objective, violation, makespan } = decoder;
    return { problem, runs, sequence, objective, violation, makespan };
  }

  /** As of plain plans: the error meets all jobs of the kind that run so, in both plans alike. */
  private toleranceOf(kind: Kind, key: string, plans: Forced[]): number | undefined {
    const rivals = plans.sort((a, b) => a.objective - b.objective).slice(0, RIVALS);
    const loses = (error: number) => {
      const own = slowed(this.base, kind, key, error);
      return rivals.some(rival => isBetter(slowed(rival, kind, key, error), own));
    };
    return leastError(loses);
  }
}

/** Better by more than rounding, wishes first. */
function isBetter(a: Measured, b: Measured): boolean {
  const less = (one: number, other: number) => one < other * (1 - ROUNDING);
  return (
    less(a.violation, b.violation) || (!less(b.violation, a.violation) && less(a.objective, b.objective))
  );
}

/** A plan when a choice is slower for all jobs of a kind, everything else as planned. */
function slowed({ problem, runs, sequence }: Forced, kind: Kind, key: string, error: number): Measured {
  const slow = (config: Config): Config =>
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
