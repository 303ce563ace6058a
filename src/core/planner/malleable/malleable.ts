import type { Highs } from 'highs';
import type { Problem } from '../problem.js';
import type { Random } from '../random.js';
import type { Schedule } from '../schedule/schedule.js';
import { balance } from './balance.js';
import { NodePlan } from './nodePlan.js';
import { costOf, refine } from './refinement.js';
import { relax } from './relaxation.js';
import type { Sequence } from './sequence.js';

/** What planning with switches needs besides the problem. */
export interface SwitchingOptions {
  highs: Highs;
  random: Random;
  /** Told how many linear programs have been solved; 1 or more ends the search. */
  progress: (solved: number) => number;
  /** Told of each better schedule. */
  onBetter?: (schedule: Schedule) => void;
}

/** The shortest plan found with switches. */
export interface SwitchingAnswer {
  /** The schedule given when no switch pays. Else jobs that switch have several entries, in the order of time. */
  schedule: Schedule;
  /** No plan is shorter, whatever it switches; in seconds. */
  bound: number;
  /** Stretches beyond the first of each job. */
  switches: number;
}

/** Share of the effort for the nodes as the schedule fills them; the rest is for jobs shared out anew. */
const AS_GIVEN = 0.5;

/** Changes of a node's sequence tried at a time. */
const CHANGES = 50;

/** Times in a row without progress, a share of the makespan, after which there will be none. */
const STALLED = 6;
const PROGRESS = 1e-5;

/**
 * A plan whose jobs may change strategy and devices while they run, every switch paid: built node by node from the
 * patterns of the preemptive configuration LP, then bettered by small changes. Jobs stay on their nodes; they are
 * taken as the schedule has them, and shared out evenly by their prices.
 */
export function planSwitches(
  problem: Problem,
  schedule: Schedule,
  options: SwitchingOptions
): SwitchingAnswer {
  const { highs, progress, onBetter } = options;
  let solved = 0;
  const spend = (share: number) => progress(solved++) < share;
  const relaxation = relax(highs, problem, { progress: () => (spend(1) ? 0 : 1) });
  let best = schedule;
  const offer = (other: Schedule | undefined) => {
    if (other !== undefined && costOf(measured(other)) < costOf(measured(best))) {
      best = other;
      onBetter?.(other);
    }
  };
  const given = problem.jobs.map((_, job) => schedule.placed.find(placed => placed.job === job)!.node);
  const even = balance(problem, given, relaxation);
  const moved = even.some((node, job) => node !== given[job]);
  const none = { placed: [], makespan: schedule.makespan };
  offer(new Assignment(problem, schedule, given, options).solve(() => spend(moved ? AS_GIVEN : 1)));
  if (moved) {
    offer(new Assignment(problem, none, even, options).solve(() => spend(1)));
  }
  return { schedule: best, bound: relaxation.bound, switches: measured(best).switches };
}

function measured({ makespan, placed }: Schedule): { makespan: number; switches: number } {
  return { makespan, switches: placed.length - new Set(placed.map(({ job }) => job)).size };
}

/** What a node does, without switches and with them; at least one is known before it is asked for. */
interface Filled {
  node: NodePlan;
  plain?: Part;
  switching?: Sequence;
  relaxed: boolean;
}

type Part = Pick<Sequence, 'placed' | 'makespan' | 'switches'>;

/** Jobs on nodes, each node planned by itself. */
class Assignment {
  private readonly filled: Filled[];
  private readonly longest: number;

  /**
   * @param schedule what the nodes do without switches; nothing placed when that is not known.
   * @param where per job, its node.
   */
  constructor(
    problem: Problem,
    schedule: Schedule,
    where: readonly number[],
    private readonly options: SwitchingOptions
  ) {
    this.longest = problem.running.reduce((most, { config }) => Math.max(most, config.seconds), 0);
    this.filled = problem.nodes.flatMap((_, node): Filled[] => {
      const jobs = [...where.keys()].filter(job => where[job] === node);
      const placed = schedule.placed.filter(entry => entry.node === node);
      const plan = new NodePlan(options.highs, problem, node, jobs, placed, schedule.makespan);
      const makespan = placed.reduce((latest, { end }) => Math.max(latest, end), 0);
      const plain = placed.length > 0 ? { plain: { placed, makespan, switches: 0 } } : {};
      return jobs.length === 0 ? [] : [{ node: plan, ...plain, relaxed: false }];
    });
  }

  /** Shorten what the fullest node does, until that gains no more; nodes that are done earlier need no switches. */
  solve(more: () => boolean): Schedule | undefined {
    let stalled = 0;
    while (stalled < STALLED && more()) {
      const last = this.filled.reduce((most, other) => (endOf(other) > endOf(most) ? other : most));
      const before = endOf(last);
      if (!last.relaxed) {
        this.begin(last, more);
      } else if (last.switching === undefined) {
        break;
      } else {
        let left = CHANGES;
        last.switching = refine(last.node, last.switching, this.options.random, () => left-- > 0 && more());
      }
      stalled = endOf(last) < before * (1 - PROGRESS) ? 0 : stalled + 1;
    }
    return this.schedule();
  }

  private begin(filled: Filled, more: () => boolean): void {
    filled.relaxed = true;
    for (const sequence of filled.node.relaxed({ progress: () => (more() ? 0 : 1) })) {
      if (filled.switching === undefined || costOf(sequence) < costOf(filled.switching)) {
        filled.switching = sequence;
      }
    }
  }

  private schedule(): Schedule | undefined {
    const makespan = this.filled.reduce((latest, node) => Math.max(latest, endOf(node)), this.longest);
    if (makespan === Infinity) {
      return undefined;
    }
    const placed = this.filled.flatMap(({ plain, switching }) =>
      plain !== undefined && plain.makespan <= makespan ? plain.placed : switching!.placed
    );
    return { placed, makespan };
  }
}

/** When a node is done; Infinity as long as nothing is known that does all its jobs. */
function endOf({ plain, switching }: Filled): number {
  return Math.min(plain?.makespan ?? Infinity, switching?.makespan ?? Infinity);
}
