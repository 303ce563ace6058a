import type { Segment } from '../../wire/generated/types.js';
import type { Random } from '../common/random.js';
import type { Problem } from '../problem/problem.js';
import { withCaution } from '../replan/pessimisticTimes.js';
import { WORTH_A_CHANGE } from '../replan/replan.js';
import { KEPT } from '../schedule/arrangement.js';
import type { Schedule } from '../schedule/schedule.js';
import { anneal, type Cooling, type SearchLimit } from '../search/annealing.js';
import type { Usage } from './conflicts.js';
import { CoupledWalk } from './constrainedNeighbourhood.js';
import { Decoder } from './decoder.js';
import { followPrevious, sequenceOf } from './previousSequence.js';
import { better, construct, type Measured, simpleSequences } from './priorityRules.js';
import { copySequence, type Sequence } from './runSequence.js';
import { type Run, runsOf } from './runTable.js';

/** Share of the budget in which wishes are to come true; the rest makes the objective small. */
const MEETING = 0.4;

/** Hot: wishes put walls between plans, which only much worse ones get over. */
const COOLING: Cooling = { hot: 0.5, cold: 0.0025, rounds: 4 };

/** A plan in which wishes couple the jobs of all nodes. */
export interface ConstrainedPlan extends Usage {
  schedule: Schedule;
  /** What was to be made small: the makespan or the sum of weighted ends. */
  objective: number;
  /** By how much wishes are missed, in seconds; 0 when all are met. */
  violation: number;
}

/** A simple rule's plan. */
export interface SimplePlan {
  name: ReturnType<typeof simpleSequences>[number]['name'];
  schedule: Schedule;
}

/** What the search begins with. */
export interface SearchStart {
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
 * of `replan`: what is to be made small counts with what moves risk, wishes as estimated.
 */
export class ConstrainedSearch {
  readonly simple: SimplePlan[];
  private best: Measured;
  /** The best in which every running job stays. */
  private staying: Measured;
  /** The earlier plan as far as it goes; undefined where there is none, or a simple rule does better. */
  private readonly kept: Measured | undefined;
  private readonly random: Random;
  private readonly decoder: Decoder;
  /** What counts for running jobs that may be moved. */
  private readonly cautious: { problem: Problem; runs: Run[]; decoder: Decoder } | undefined;

  /** Find a first plan, no worse than those of the simple rules and the earlier one. */
  constructor(
    private readonly problem: Problem,
    private readonly runs: Run[],
    { bound, random, previous = [] }: SearchStart
  ) {
    this.random = random;
    if (problem.jobs.some(({ current }) => current !== undefined)) {
      const slow = withCaution(problem);
      const slowRuns = runsOf(slow);
      this.cautious = { problem: slow, runs: slowRuns, decoder: new Decoder(slow, slowRuns) };
    }
    const followed = previous.length > 0 ? followPrevious(problem, runs, previous) : undefined;
    this.decoder = new Decoder(problem, runs, followed?.wanted);
    const simple = simpleSequences(problem, runs, random).map(({ name, sequence }) => ({
      name,
      sequence,
      schedule: this.decoder.schedule(sequence)
    }));
    this.simple = simple.map(({ name, schedule }) => ({ name, schedule }));
    const plain = simple.map(({ sequence }) => this.measure(sequence)).reduce(better);
    this.best = better(plain, this.measure(construct(problem, runs, bound).sequence));
    this.staying = this.best;
    if (followed !== undefined) {
      const kept = this.tidy(this.measure(followed.sequence));
      this.take(kept.sequence);
      this.kept = better(kept, plain) === kept ? kept : undefined;
    }
  }

  /** Take a plan if it is the best. */
  offer(sequence: Sequence): void {
    this.take(sequence);
  }

  /** The best plan so far. */
  plan(): ConstrainedPlan {
    return this.planOf(this.best.sequence);
  }

  /** The plan to go by: the earlier one unless the best is clearly better, no running job moved for nothing. */
  final(): ConstrainedPlan & { kept: boolean } {
    const { kept } = this;
    const best = this.tidy(this.quiet(this.best));
    const keeps = kept !== undefined && !isWorth(best, kept);
    return { ...this.planOf(keeps ? kept.sequence : best.sequence), kept: keeps };
  }

  /**
   * Make the missed wishes fewer, then the objective smaller.
   *
   * @param part - the limit of a search that may use this share of the budget.
   * @param onBetter - called after each improvement; {@link plan} tells it.
   */
  run(part: (share: number) => SearchLimit, onBetter: () => void): void {
    const { problem, runs, cautious } = this;
    if (runs.length === 0) {
      return;
    }
    if (cautious === undefined) {
      this.search(problem, runs, this.best, false, part(1), onBetter);
      return;
    }
    // With few running jobs little can be gained by moving them, with many little by anything else.
    const share = problem.jobs.filter(({ current }) => current === undefined).length / problem.jobs.length;
    if (share > 0) {
      this.search(problem, runs, this.staying, true, part(share), onBetter);
    }
    this.search(cautious.problem, cautious.runs, this.best, false, part(1 - share), onBetter);
  }

  private search(
    problem: Problem,
    runs: Run[],
    start: Measured,
    holds: boolean,
    limit: SearchLimit,
    onBetter: () => void
  ): void {
    const walk = new CoupledWalk(problem, runs, start.sequence, this.random, holds);
    let found = start;
    const keep = (sequence: Sequence) => {
      const before = this.best;
      found = better(found, this.take(sequence));
      if (this.best !== before) {
        onBetter();
      }
    };
    let used = 0;
    if (found.violation > 0) {
      const progress = (done: number) => {
        used = done;
        return limit.progress(done) / MEETING;
      };
      anneal(walk, { target: 0, progress }, keep, COOLING);
      walk.restore(found.sequence);
    }
    const spent = limit.progress(used);
    if (spent < 1) {
      walk.improve(walk.violation);
      const progress = (done: number) => (limit.progress(used + done) - spent) / (1 - spent);
      anneal(walk, { target: limit.target, progress }, keep, COOLING);
    }
  }

  private planOf(sequence: Sequence): ConstrainedPlan {
    const { decoder } = this;
    const schedule = decoder.schedule(sequence);
    const { objective, violation, deviceSeconds, cost } = decoder;
    return { schedule, objective, violation, deviceSeconds, cost };
  }

  private take(sequence: Sequence): Measured {
    const measured = this.measure(sequence);
    this.best = better(this.best, measured);
    if (this.cautious !== undefined && stays(this.problem, sequence)) {
      this.staying = better(this.staying, measured);
    }
    return measured;
  }

  private measure(sequence: Sequence): Measured {
    const { decoder, cautious } = this;
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
  private quiet(start: Measured): Measured {
    let best = start;
    for (let changed = true; changed; ) {
      changed = false;
      for (const [job, { current }] of this.problem.jobs.entries()) {
        if (current !== undefined && best.sequence.config[job] !== KEPT) {
          const { sequence } = best;
          const config = sequence.config.map((choice, run) => (run === job ? KEPT : choice));
          const without = this.measure({ ...sequence, config });
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
  private tidy(start: Measured): Measured {
    let best = start;
    let times = '';
    for (let i = 0; i < MOST_REPLAYS; i++) {
      const schedule = this.decoder.schedule(best.sequence);
      const own = schedule.placed.map(({ job, start: at }) => `${job} ${at}`).sort();
      if (own.join() === times) {
        break;
      }
      times = own.join();
      const next = this.measure(sequenceOf(this.problem, this.runs, schedule));
      if (next.violation > best.violation || next.objective > best.objective) {
        break;
      }
      best = next;
    }
    return best;
  }
}

function stays({ jobs }: Problem, { config }: Sequence): boolean {
  return jobs.every(({ current }, job) => current === undefined || config[job] === KEPT);
}

/** Whether a plan is so much better than the earlier one that this is given up. */
function isWorth(best: Measured, kept: Measured): boolean {
  return (
    best.violation < kept.violation * (1 - WORTH_A_CHANGE) ||
    (best.violation <= kept.violation && best.objective < kept.objective * (1 - WORTH_A_CHANGE))
  );
}
