import type { Highs } from 'highs';
import type { Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import type { ISchedule } from '../schedule/schedule.js';
import { balanceLoads } from './loadBalance.js';
import { NodePlan } from './nodePlan.js';
import { costOf, refine } from './refinement.js';
import type { IStageSequence } from './stageSequence.js';
import { relax } from './switchingRelaxation.js';

/** What planning with switches needs besides the problem. */
export interface ISwitchingOptions {
  highs: Highs;
  random: Random;
  /** Told how many linear programs have been solved; 1 or more ends the search. */
  progress: (solved: number) => number;
  /** Told of each better schedule. */
  onBetter?: (schedule: ISchedule) => void;
}

/** The shortest plan found with switches. */
export interface ISwitchingAnswer {
  /** The schedule given when no switch pays. Else jobs that switch have several entries, in the order of time. */
  schedule: ISchedule;
  /** No plan is shorter, whatever it switches; in seconds. */
  bound: number;
  /** Stretches beyond the first of each job. */
  switches: number;
}

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
  problem: IProblem,
  schedule: ISchedule,
  options: ISwitchingOptions
): ISwitchingAnswer {
  const { highs, progress, onBetter } = options;
  let solved = 0;
  const more = () => progress(solved++) < 1;
  const relaxation = relax(highs, problem, { progress: () => (more() ? 0 : 1) });
  let best = schedule;
  const offer = (other: ISchedule | undefined) => {
    if (other !== undefined && costOf(measured(other)) < costOf(measured(best))) {
      best = other;
      onBetter?.(other);
    }
  };
  const given = problem.jobs.map((_, job) => schedule.placed.find(placed => placed.job === job)!.node);
  const even = balanceLoads(problem, given, relaxation, options.random, () => progress(solved) < 1);
  const none = { placed: [], makespan: schedule.makespan };
  const assignments = [new Assignment(problem, schedule, given, options)];
  if (even.some((node, job) => node !== given[job])) {
    assignments.unshift(new Assignment(problem, none, even, options));
  }
  for (const assignment of assignments) {
    assignment.relax(more);
    offer(assignment.schedule);
  }
  const shortest = assignments.reduce((least, other) => (other.makespan < least.makespan ? other : least));
  shortest.refine(more);
  offer(shortest.schedule);
  return { schedule: best, bound: relaxation.bound, switches: measured(best).switches };
}

function measured({ makespan, placed }: ISchedule): { makespan: number; switches: number } {
  return { makespan, switches: placed.length - new Set(placed.map(({ job }) => job)).size };
}

/** What a node does, without switches and with them; at least one is known before it is asked for. */
interface IFilled {
  node: NodePlan;
  plain?: Part;
  switching?: IStageSequence;
  relaxed: boolean;
}

type Part = Pick<IStageSequence, 'placed' | 'makespan' | 'switches'>;

/** Jobs on nodes, each node planned by itself. */
class Assignment {
  private readonly _filled: IFilled[];
  private readonly _longest: number;
  private readonly _random: Random;

  /**
   * @param schedule what the nodes do without switches; nothing placed when that is not known.
   * @param where per job, its node.
   */
  constructor(
    problem: IProblem,
    schedule: ISchedule,
    where: readonly number[],
    { highs, random }: ISwitchingOptions
  ) {
    this._random = random;
    this._longest = problem.running.reduce((most, { config }) => Math.max(most, config.seconds), 0);
    this._filled = problem.nodes.flatMap((_, node): IFilled[] => {
      const jobs = [...where.keys()].filter(job => where[job] === node);
      const placed = schedule.placed.filter(entry => entry.node === node);
      if (jobs.length === 0) {
        return [];
      }
      const plan = new NodePlan(highs, problem, node, jobs, placed, schedule.makespan);
      const makespan = placed.reduce((latest, { end }) => Math.max(latest, end), 0);
      const plain = placed.length > 0 ? { plain: { placed, makespan, switches: 0 } } : {};
      return [{ node: plan, ...plain, relaxed: false }];
    });
  }

  /** Shorten what the fullest node does by the linear program, as long as that has not been tried there. */
  relax(more: () => boolean): void {
    for (let last = this._fullest(); !last.relaxed && more(); last = this._fullest()) {
      last.relaxed = true;
      for (const sequence of last.node.relaxed({ progress: () => (more() ? 0 : 1) })) {
        if (last.switching === undefined || costOf(sequence) < costOf(last.switching)) {
          last.switching = sequence;
        }
      }
    }
  }

  /** Shorten what the fullest node does by small changes until that gains no more. */
  refine(more: () => boolean): void {
    for (let stalled = 0; stalled < STALLED && more(); ) {
      this.relax(more);
      const last = this._fullest();
      if (last.switching === undefined) {
        return;
      }
      const before = endOf(last);
      let left = CHANGES;
      last.switching = refine(last.node, last.switching, this._random, () => left-- > 0 && more());
      stalled = endOf(last) < before * (1 - PROGRESS) ? 0 : stalled + 1;
    }
  }

  /** In seconds; Infinity as long as some node has no plan. */
  get makespan(): number {
    return this._filled.reduce((latest, node) => Math.max(latest, endOf(node)), this._longest);
  }

  private _fullest(): IFilled {
    return this._filled.reduce((most, other) => (endOf(other) > endOf(most) ? other : most));
  }

  /** Nodes that are done in time without switches make none. Undefined as long as some node has no plan. */
  get schedule(): ISchedule | undefined {
    const { makespan } = this;
    if (makespan === Infinity) {
      return undefined;
    }
    const placed = this._filled.flatMap(({ plain, switching }) =>
      plain !== undefined && plain.makespan <= makespan ? plain.placed : switching!.placed
    );
    return { placed, makespan };
  }
}

/** When a node is done; Infinity as long as nothing is known that does all its jobs. */
function endOf({ plain, switching }: IFilled): number {
  return Math.min(plain?.makespan ?? Infinity, switching?.makespan ?? Infinity);
}
