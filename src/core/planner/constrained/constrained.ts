import type { Problem } from '../problem.js';
import type { Random } from '../random.js';
import { KEPT } from '../schedule/arrangement.js';
import type { Schedule } from '../schedule/schedule.js';
import { anneal, type Cooling, type SearchLimit } from '../search/annealing.js';
import type { Usage } from './conflicts.js';
import { CoupledWalk } from './coupledWalk.js';
import { Decoder } from './decoder.js';
import { better, construct, type Measured, simpleSequences } from './priorityRules.js';
import type { Run } from './runTable.js';
import { copySequence, type Sequence, setActive } from './sequence.js';

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

/** The search for problems that are not plain. */
export class ConstrainedSearch {
  readonly simple: SimplePlan[];
  private best: Measured;
  private readonly decoder: Decoder;

  /**
   * Find a first plan, no worse than those of the simple rules.
   *
   * @param bound - on the makespan.
   * @param start - an earlier plan of the same jobs.
   */
  constructor(
    private readonly problem: Problem,
    private readonly runs: Run[],
    bound: number,
    private readonly random: Random,
    start?: Schedule
  ) {
    this.decoder = new Decoder(problem, runs);
    this.best = construct(problem, runs, bound);
    this.simple = simpleSequences(problem, runs, random).map(({ name, sequence }) => {
      this.take(sequence);
      return { name, schedule: this.decoder.schedule(sequence) };
    });
    if (start !== undefined) {
      this.take(sequenceOf(problem, runs, start));
    }
  }

  /** The best plan so far. */
  plan(): ConstrainedPlan {
    const { decoder, best } = this;
    const schedule = decoder.schedule(best.sequence);
    const { objective, violation, deviceSeconds, cost } = decoder;
    return { schedule, objective, violation, deviceSeconds, cost };
  }

  /**
   * Make the missed wishes fewer, then the objective smaller.
   *
   * @param onBetter - called after each improvement; {@link plan} tells it.
   */
  run(limit: SearchLimit, onBetter: () => void): void {
    const { problem, runs, random } = this;
    if (runs.length === 0) {
      return;
    }
    const walk = new CoupledWalk(problem, runs, this.best.sequence, random);
    const keep = (sequence: Sequence) => {
      const before = this.best;
      this.take(sequence);
      if (this.best !== before) {
        onBetter();
      }
    };
    let used = 0;
    if (this.best.violation > 0) {
      const progress = (done: number) => {
        used = done;
        return limit.progress(done) / MEETING;
      };
      anneal(walk, { target: 0, progress }, keep, COOLING);
      walk.restore(this.best.sequence);
    }
    const spent = limit.progress(used);
    if (spent < 1) {
      walk.improve(this.best.violation);
      const progress = (done: number) => (limit.progress(used + done) - spent) / (1 - spent);
      anneal(walk, { target: limit.target, progress }, keep, COOLING);
    }
  }

  private take(sequence: Sequence): void {
    const { decoder } = this;
    decoder.decode(sequence);
    const { violation, objective } = decoder;
    this.best = better(this.best, { sequence: copySequence(sequence), violation, objective });
  }
}

/** A sequence that places jobs as a schedule does. */
function sequenceOf(problem: Problem, runs: Run[], { placed }: Schedule): Sequence {
  const sequence: Sequence = {
    order: [],
    config: runs.map(() => 0),
    nodes: runs.map(() => []),
    active: runs.map(({ fusion }) => fusion === undefined)
  };
  const seen = new Set<number>();
  for (const { job, config, node, elsewhere = [], fusion } of [...placed].sort((a, b) => a.start - b.start)) {
    const run =
      fusion === undefined ? job : runs.findIndex(own => own.fusion === fusion && own.jobs.includes(job));
    const own = runs[run];
    if (own === undefined || seen.has(run)) {
      continue;
    }
    seen.add(run);
    sequence.order.push(run);
    const index = own.configs.indexOf(config);
    if (config === problem.jobs[job]!.current?.config) {
      sequence.config[run] = KEPT;
    } else if (index >= 0) {
      sequence.config[run] = index;
      sequence.nodes[run] = [node, ...elsewhere.map(share => share.node)];
    }
    if (fusion !== undefined) {
      setActive(runs, sequence, run, true);
    }
  }
  sequence.order.push(...[...runs.keys()].filter(run => !seen.has(run)));
  return sequence;
}
