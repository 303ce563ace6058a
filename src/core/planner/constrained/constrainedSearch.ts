import type { Segment } from '../../wire/messages.js';
import type { Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { withPessimisticTimes } from '../replan/pessimisticTimes.js';
import { MIN_IMPROVEMENT } from '../replan/replan.js';
import { KEPT } from '../schedule/arrangement.js';
import type { ISchedule } from '../schedule/schedule.js';
import { anneal, type ICooling, type ISearchLimit } from '../search/annealing.js';
import { ConstrainedNeighbourhood } from './constrainedNeighbourhood.js';
import { Decoder } from './decoder.js';
import { followPrevious, sequenceOf } from './previousSequence.js';
import { better, construct, type IMeasured, simpleSequences } from './priorityRules.js';
import { copySequence, type IRunSequence } from './runSequence.js';
import { type IRun, runsOf } from './runTable.js';

/** Share of the budget in which constraints are to be met; the rest makes the objective small. */
const MEETING = 0.4;

/** Hot: constraints put walls between plans, which only much worse ones get over. */
const COOLING: ICooling = { hot: 0.5, cold: 0.0025, rounds: 4 };

/** A plan in which constraints couple the jobs of all nodes. */
export interface IConstrainedPlan {
  schedule: ISchedule;
  /** Of each budget. */
  taken: number[];
  /** What was to be made small: the makespan or the sum of weighted ends. */
  objective: number;
  /** By how much constraints are missed, in seconds; 0 when all are met. */
  violation: number;
}

/** A simple rule's plan. */
export interface ISimplePlan {
  name: ReturnType<typeof simpleSequences>[number]['name'];
  schedule: ISchedule;
}

/** What the search begins with. */
export interface ISearchStart {
  /** No plan is shorter, in seconds. */
  bound: number;
  random: Random;
  /** An earlier plan, its times from now on. */
  previous?: readonly Segment[];
}

/** Replays that pull runs of a plan forward, at most. */
const MOST_REPLAYS = 8;

/**
 * The search for problems that are not plain. An earlier plan is given up, and running jobs are moved, by the rules
 * of `replan`: what is to be made small counts with what moves risk, constraints as estimated.
 */
export class ConstrainedSearch {
  readonly simple: ISimplePlan[];
  /** Makespan of the earlier plan as far as it goes, in seconds; undefined where there is none. */
  readonly carryOn: number | undefined;
  private _best: IMeasured;
  /** The best in which every running job stays. */
  private _staying: IMeasured;
  /** The earlier plan as far as it goes; undefined where there is none, or a simple rule does better. */
  private readonly _kept: IMeasured | undefined;
  private readonly _random: Random;
  private readonly _decoder: Decoder;
  /** What counts for running jobs that may be moved. */
  private readonly _cautious: { problem: IProblem; runs: IRun[]; decoder: Decoder } | undefined;

  /** Find a first plan, no worse than those of the simple rules and the earlier one. */
  constructor(
    private readonly _problem: IProblem,
    private readonly _runs: IRun[],
    { bound, random, previous = [] }: ISearchStart
  ) {
    this._random = random;
    const followed = previous.length > 0 ? followPrevious(_problem, _runs, previous) : undefined;
    this._decoder = new Decoder(_problem, _runs, followed?.wanted);
    if (_problem.jobs.some(({ current }) => current !== undefined)) {
      const slow = withPessimisticTimes(_problem);
      const slowRuns = runsOf(slow);
      const decoder = new Decoder(slow, slowRuns, followed?.wanted);
      this._cautious = { problem: slow, runs: slowRuns, decoder };
    }
    const simple = simpleSequences(_problem, _runs, random).map(({ name, sequence }) => ({
      name,
      sequence,
      schedule: this._decoder.schedule(sequence)
    }));
    this.simple = simple.map(({ name, schedule }) => ({ name, schedule }));
    const plain = simple.map(({ sequence }) => this._measure(sequence)).reduce(better);
    this._best = better(plain, this._measure(construct(_problem, _runs, bound).sequence));
    this._staying = this._best;
    if (followed !== undefined) {
      const kept = this._tidy(this._measure(followed.sequence));
      this._take(kept.sequence);
      this._kept = better(kept, plain) === kept ? kept : undefined;
      this.carryOn = this._decoder.schedule(kept.sequence).makespan;
    }
  }

  /** Take a plan if it is the best. */
  offer(sequence: IRunSequence): void {
    this._take(sequence);
  }

  /** The best plan so far. */
  plan(): IConstrainedPlan {
    return this._planOf(this._best.sequence);
  }

  /** The plan to go by: the earlier one unless the best is clearly better, no running job moved for nothing. */
  final(): IConstrainedPlan & { kept: boolean } {
    const { _kept: kept } = this;
    const best = this._tidy(this._quiet(this._best));
    const keeps = kept !== undefined && !isWorth(best, kept);
    return { ...this._planOf(keeps ? kept.sequence : best.sequence), kept: keeps };
  }

  /**
   * Make the missed constraints fewer, then the objective smaller.
   *
   * @param part - the limit of a search that may use this share of the budget.
   * @param onBetter - called after each improvement; {@link plan} tells it.
   */
  run(part: (share: number) => ISearchLimit, onBetter: () => void): void {
    const { _problem: problem, _runs: runs, _cautious: cautious } = this;
    if (runs.length === 0) {
      return;
    }
    if (cautious === undefined) {
      this._search(problem, runs, this._best, false, part(1), onBetter);
      return;
    }
    // With few running jobs little can be gained by moving them, with many little by anything else.
    const share = problem.jobs.filter(({ current }) => current === undefined).length / problem.jobs.length;
    if (share > 0) {
      this._search(problem, runs, this._staying, true, part(share), onBetter);
    }
    this._search(cautious.problem, cautious.runs, this._best, false, part(1 - share), onBetter);
  }

  private _search(
    problem: IProblem,
    runs: IRun[],
    start: IMeasured,
    holds: boolean,
    limit: ISearchLimit,
    onBetter: () => void
  ): void {
    const neighbourhood = new ConstrainedNeighbourhood(problem, runs, start.sequence, this._random, holds);
    let found = start;
    const keep = (sequence: IRunSequence) => {
      const before = this._best;
      found = better(found, this._take(sequence));
      if (this._best !== before) {
        onBetter();
      }
    };
    let used = 0;
    if (found.violation > 0) {
      const progress = (done: number) => {
        used = done;
        return limit.progress(done) / MEETING;
      };
      anneal(neighbourhood, { target: 0, progress }, keep, COOLING);
      neighbourhood.restore(found.sequence);
    }
    const spent = limit.progress(used);
    if (spent < 1) {
      neighbourhood.improve(neighbourhood.violation);
      const progress = (done: number) => (limit.progress(used + done) - spent) / (1 - spent);
      anneal(neighbourhood, { target: limit.target, progress }, keep, COOLING);
    }
  }

  private _planOf(sequence: IRunSequence): IConstrainedPlan {
    const { _decoder: decoder } = this;
    const schedule = decoder.schedule(sequence);
    const { objective, violation } = decoder;
    return { schedule, objective, violation, taken: [...decoder.taken] };
  }

  private _take(sequence: IRunSequence): IMeasured {
    const measured = this._measure(sequence);
    this._best = better(this._best, measured);
    if (this._cautious !== undefined && stays(this._problem, sequence)) {
      this._staying = better(this._staying, measured);
    }
    return measured;
  }

  private _measure(sequence: IRunSequence): IMeasured {
    const { _decoder: decoder, _cautious: cautious } = this;
    decoder.decode(sequence);
    const { violation, objective } = decoder;
    cautious?.decoder.decode(sequence);
    return {
      sequence: copySequence(sequence),
      violation,
      objective: cautious?.decoder.objective ?? objective
    };
  }

  /** Every move of a running job taken back without which the plan is as good. */
  private _quiet(start: IMeasured): IMeasured {
    let best = start;
    for (let changed = true; changed; ) {
      changed = false;
      for (const [job, { current }] of this._problem.jobs.entries()) {
        if (current !== undefined && best.sequence.config[job] !== KEPT) {
          const { sequence } = best;
          const config = sequence.config.map((choice, run) => (run === job ? KEPT : choice));
          const without = this._measure({ ...sequence, config });
          if (without.violation <= best.violation && without.objective <= best.objective) {
            best = without;
            changed = true;
          }
        }
      }
    }
    return best;
  }

  /** The plan replayed in the order of its starts until that changes nothing: so it would be followed. */
  private _tidy(start: IMeasured): IMeasured {
    let best = start;
    let times = '';
    for (let i = 0; i < MOST_REPLAYS; i++) {
      const schedule = this._decoder.schedule(best.sequence);
      const own = schedule.placed.map(({ job, start: at }) => `${job} ${at}`).sort();
      if (own.join() === times) {
        break;
      }
      times = own.join();
      const next = this._measure(sequenceOf(this._problem, this._runs, schedule));
      if (next.violation > best.violation || next.objective > best.objective) {
        break;
      }
      best = next;
    }
    return best;
  }
}

function stays({ jobs }: IProblem, { config }: IRunSequence): boolean {
  return jobs.every(({ current }, job) => current === undefined || config[job] === KEPT);
}

/** Whether a plan is so much better than the earlier one that this is given up. */
function isWorth(best: IMeasured, kept: IMeasured): boolean {
  return (
    best.violation < kept.violation * (1 - MIN_IMPROVEMENT) ||
    (best.violation <= kept.violation && best.objective < kept.objective * (1 - MIN_IMPROVEMENT))
  );
}
