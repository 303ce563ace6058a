import type { PlanOption, PlanRequest, Strategy } from '../../wire/messages.js';
import type { Random } from '../common/random.js';
import { isOnAnyDevices, usableConfigs } from '../problem/configuration.js';
import { Eligibilities } from '../problem/eligibility.js';
import { type IConfig, paretoFrontByPlace } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import { unforcedPins } from '../problem/terms.js';
import { Insertion, makespanOf } from '../replan/insertion.js';
import { arrangementOf, type IArrangement, KEPT, realise } from '../schedule/arrangement.js';
import { anneal, type ICooling, type ISearchLimit } from '../search/annealing.js';
import { NodeNeighbourhood } from '../search/nodeNeighbourhood.js';
import type { IEffort } from './effort.js';

/** A plan with one task's strategy dictated: the problem that has no other, and an arrangement of it. */
export interface IForced {
  problem: IProblem;
  arrangement: IArrangement;
  makespan: number;
}

/** Tasks that differ in nothing, what they may run as, and for each the shortest plan found in which one of them does. */
export interface IKind {
  /** Indexes into {@link IProblem.jobs}. */
  jobs: number[];
  choices: IChoice[];
  /** Per choice. */
  best: (IForced | undefined)[];
  /** Plans met with one of these tasks changed; none when there are too many tasks to look into them. */
  met: IForced[];
}

/** A technique at a number of devices. */
export interface IChoice {
  /** Tells choices apart; see {@link choiceKey}. */
  key: string;
  strategy: Strategy;
  /** The fastest option in each place. */
  configs: IConfig[];
}

/** First what was disturbed is mended, then the plan is shaken, in case all of it has to change. */
const MENDING: ICooling[] = [
  { hot: 0.1, cold: 0.0025, rounds: 1 },
  { hot: 1, cold: 0.0025, rounds: 1 }
];

/** Steps from which on a plan is not only mended but shaken. */
const SHAKEN = 512;

/** One string per technique at a number of devices. */
export function choiceKey({ strategy }: PlanOption): string {
  return `${strategy.technique} ${strategy.devices}`;
}

/** The kinds of the jobs of a plain problem, in the order of their first jobs. */
export function kindsOf(request: PlanRequest, problem: IProblem): IKind[] {
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const places = new Eligibilities(request);
  const kinds = new Map<string, IKind>();
  for (const [index, job] of problem.jobs.entries()) {
    const task = tasks.get(job.name)!;
    const pinned = usableConfigs(task, places, unforcedPins(task));
    const usable = (pinned.length > 0 ? pinned : usableConfigs(task, places)).filter(isOnAnyDevices);
    const choices = choicesOf(usable);
    const names = choices.map(({ key, configs }) => [
      key,
      ...configs.map(({ seconds, nodes }) => [seconds, nodes ?? null])
    ]);
    const key = job.current === undefined ? JSON.stringify(names) : `current ${index}`;
    const kind = kinds.get(key);
    if (kind === undefined) {
      kinds.set(key, { jobs: [index], choices, best: choices.map(() => undefined), met: [] });
    } else {
      kind.jobs.push(index);
    }
  }
  return [...kinds.values()];
}

function choicesOf(usable: readonly IConfig[]): IChoice[] {
  const all = new Map<string, IConfig[]>();
  for (const config of usable) {
    const key = choiceKey(config.option);
    all.set(key, [...(all.get(key) ?? []), config]);
  }
  return [...all].map(([key, own]) => {
    const configs = paretoFrontByPlace(own);
    return { key, strategy: configs[0]!.option.strategy, configs };
  });
}

/** The configuration a job has in an arrangement. */
export function configOf({ jobs }: IProblem, { config }: IArrangement, job: number): IConfig {
  const { configs, current } = jobs[job]!;
  return config[job] === KEPT ? current!.config : configs[config[job]!]!;
}

/**
 * Prices alternatives: for each kind of task and each of its choices, the plan at hand with one such task changed,
 * put back where it does the least harm, and then mended by a short search. Every plan met on the way counts for all
 * the choices it contains.
 */
export class Pricing {
  /** The plan that alternatives are compared with. */
  base: IForced;
  constructor(
    private readonly _problem: IProblem,
    readonly kinds: IKind[],
    arrangement: IArrangement,
    private readonly _random: Random,
    private readonly _effort: IEffort,
    /** Whether a shorter plan found on the way takes the place of the one given. */
    private readonly _mayImprove: boolean
  ) {
    this.base = { problem: _problem, arrangement, makespan: makespanOf(_problem, arrangement) };
    this._note(this.base);
  }

  /** Price everything, or of each kind the alternatives that take the least device time. */
  run(): void {
    const area = ({ configs }: IChoice) =>
      configs.reduce((least, { devices, seconds }) => Math.min(least, devices * seconds), Infinity);
    for (const kind of this.kinds) {
      const cheapest = [...kind.choices].sort((a, b) => area(a) - area(b)).slice(0, this._effort.choices);
      for (const [choice, one] of kind.choices.entries()) {
        if (cheapest.includes(one)) {
          this._price(kind, choice);
        }
      }
    }
  }

  private _price(kind: IKind, choice: number): void {
    let best: IForced | undefined;
    for (const job of this._representatives(kind)) {
      const plan = this._force(job, kind.choices[choice]!);
      if (this._effort.anywhere) {
        kind.met.push(plan);
      }
      best = best === undefined || plan.makespan < best.makespan ? plan : best;
    }
    if (best === undefined || (kind.best[choice]?.makespan ?? Infinity) <= best.makespan) {
      return;
    }
    if (best.makespan > this.base.makespan && this._effort.steps > 0) {
      best = this._mend(best, this._effort.steps);
      kind.met.push(best);
      this._note(best);
    } else {
      kind.best[choice] = best;
      this._improve(best);
    }
  }

  /** A short search among the plans with the same strategy dictated. */
  private _mend(start: IForced, steps: number): IForced {
    let best = start;
    const neighbourhood = new NodeNeighbourhood(start.problem, start.arrangement, this._random);
    const limit: ISearchLimit = {
      target: this.base.makespan,
      progress: done => (done * MENDING.length) / steps
    };
    const onBetter = (arrangement: IArrangement) => {
      best = { ...start, arrangement, makespan: makespanOf(start.problem, arrangement) };
    };
    for (const cooling of steps < SHAKEN ? MENDING.slice(0, 1) : MENDING) {
      anneal(neighbourhood, limit, onBetter, cooling);
      neighbourhood.restore(best.arrangement);
    }
    return best;
  }

  /** One job of the kind for each way in which its jobs run in the plan. */
  private _representatives(kind: IKind): number[] {
    const found = new Map<string, number>();
    for (const job of kind.jobs) {
      const key = choiceKey(configOf(this.base.problem, this.base.arrangement, job).option);
      found.set(key, found.get(key) ?? job);
    }
    return [...found.values()].slice(0, this._effort.anywhere ? Infinity : 1);
  }

  /** The plan with a job's configuration dictated; the job goes where it does the least harm. */
  private _force(job: number, { key, configs }: IChoice): IForced {
    const { config: chosen, queues } = this.base.arrangement;
    const { current, ...own } = this._problem.jobs[job]!;
    const stays = current !== undefined && choiceKey(current.config.option) === key;
    const forced = { ...own, configs, ...(stays && { current }) };
    const jobs = this._problem.jobs.map((other, index) => (index === job ? forced : other));
    const problem = { ...this._problem, jobs };
    const arrangement: IArrangement = {
      config: chosen.map((choice, index) => (index === job && stays ? KEPT : choice)),
      queues: queues.map(queue => queue.filter(other => other !== job))
    };
    if (stays) {
      return { problem, arrangement, makespan: makespanOf(problem, arrangement) };
    }
    arrangement.config[job] = 0;
    const insertion = new Insertion(problem, arrangement);
    insertion.insert(job, this._effort.anywhere);
    return { problem, arrangement, makespan: insertion.makespan };
  }

  /** Let a plan count for everything in it. */
  private _note(plan: IForced): void {
    for (const kind of this.kinds) {
      for (const job of kind.jobs) {
        const key = choiceKey(configOf(plan.problem, plan.arrangement, job).option);
        const choice = kind.choices.findIndex(one => one.key === key);
        if (choice >= 0 && plan.makespan < (kind.best[choice]?.makespan ?? Infinity)) {
          kind.best[choice] = plan;
        }
      }
    }
    this._improve(plan);
  }

  /** Take a shorter plan in place of the one at hand. */
  private _improve(plan: IForced): void {
    if (this._mayImprove && plan.makespan < this.base.makespan) {
      // Back among all choices, or what was dictated would be dictated to the alternatives that follow.
      const arrangement = arrangementOf(this._problem, realise(plan.problem, plan.arrangement));
      this.base = { problem: this._problem, arrangement, makespan: makespanOf(this._problem, arrangement) };
      this._note(this.base);
    }
  }
}
