import type { Highs } from 'highs';
import type { IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import type { IPlaced } from '../schedule/schedule.js';
import { devicesOf, type IRun, type ITiming, type Stage, timeStages } from './stages.js';
import { placeRuns, wholeStepRuns } from './wholeStepRuns.js';

/** What one node does: stages with their times, and the stretches they come to. */
export interface IStageSequence {
  stages: Stage[];
  timing: ITiming;
  placed: IPlaced[];
  /** When the last stretch ends. */
  makespan: number;
  /** Stretches beyond the first of each job. */
  switches: number;
}

/** Makes sequences of the stages of one node. */
export class Sequencer {
  constructor(
    private readonly _highs: Highs,
    private readonly _problem: IProblem,
    private readonly _node: number,
    /** The jobs that the node must do. */
    private readonly _jobs: readonly number[],
    /** About the makespan, in seconds. */
    private readonly _scale: number
  ) {}

  /**
   * The best sequence that keeps the order of stages: with the shortest times, and without stages and stretches that
   * then do nothing. Undefined when the stages cannot do all work, or some job has none.
   */
  sequence(stages: readonly Stage[]): IStageSequence | undefined {
    const { _highs: highs, _problem: problem, _node: node } = this;
    let left = joined(this._filled(stages));
    for (;;) {
      const timing = timeStages(highs, problem, node, left, this._scale);
      if (timing === undefined) {
        return undefined;
      }
      const stretches = wholeStepRuns(problem, node, left, timing);
      const idle = stretches.filter(
        ({ job, steps }) => steps === 0 && stretches.some(other => other.job === job && other.steps > 0)
      );
      const used = without(left, idle).filter((_, index) => timing.seconds[index]! > 0);
      if (idle.length === 0 && used.length === left.length) {
        const placed = placeRuns(problem, node, stretches, timing);
        if (
          stretches.some(stretch => stretch.steps === 0 || !this._isAllowed(stretch)) ||
          new Set(placed.map(({ job }) => job)).size < this._jobs.length
        ) {
          return undefined;
        }
        return {
          stages: left,
          timing,
          placed,
          makespan: placed.reduce((latest, { end }) => Math.max(latest, end), 0),
          switches: placed.length - this._jobs.length
        };
      }
      left = joined(used);
    }
  }

  /** What a job runs by when the plan begins may be good for nothing else than to go on. */
  private _isAllowed({ job, config, kept }: IRun): boolean {
    return kept || this._problem.jobs[job]!.configs.includes(config);
  }

  /** Stages in which jobs run on, or begin sooner, where devices would be idle: runs grow, which costs nothing. */
  private _filled(stages: readonly Stage[]): Stage[] {
    const sorted = [...this._problem.nodes[this._node]!.freeAt].sort((a, b) => a - b);
    const filled = stages.map(stage => new Map(stage));
    const extend = (stage: Map<number, IConfig>, neighbour: Stage | undefined) => {
      let held = devicesOf(stage);
      for (const [job, config] of neighbour ?? []) {
        const after = held + config.devices;
        if (
          !stage.has(job) &&
          after <= sorted.length &&
          sorted[after - 1]! === sorted[Math.max(held, 1) - 1]!
        ) {
          stage.set(job, config);
          held = after;
        }
      }
    };
    for (let index = 1; index < filled.length; index++) {
      extend(filled[index]!, filled[index - 1]);
    }
    for (let index = filled.length - 2; index >= 0; index--) {
      extend(filled[index]!, filled[index + 1]);
    }
    return filled;
  }
}

/** The stages in which the jobs of a schedule run on a node; times at which devices become free begin new ones. */
export function stagesOf(
  problem: IProblem,
  node: number,
  placed: readonly IPlaced[]
): { stage: Stage; start: number }[] {
  const own = placed.filter(entry => entry.node === node);
  const { freeAt } = problem.nodes[node]!;
  const end = own.reduce((latest, entry) => Math.max(latest, entry.end), 0);
  const times = new Set([0, ...freeAt, ...own.flatMap(entry => [entry.start, entry.end])]);
  const sorted = [...times].filter(time => time < end).sort((a, b) => a - b);
  return sorted.map(start => {
    const stage = new Map<number, IConfig>();
    for (const entry of own) {
      if (entry.start <= start && start < entry.end) {
        stage.set(entry.job, entry.config);
      }
    }
    return { stage, start };
  });
}

/** Stages without those that say the same as the one before. */
function joined(stages: readonly Stage[]): Stage[] {
  return stages.filter((stage, index) => index === 0 || !same(stage, stages[index - 1]!));
}

function same(a: Stage, b: Stage): boolean {
  return a.size === b.size && [...a].every(([job, { option }]) => b.get(job)?.option === option);
}

function without(stages: Stage[], runs: IRun[]): Stage[] {
  return stages.map((stage, index) => {
    const gone = runs.filter(({ from, to }) => from <= index && index < to);
    return gone.length === 0
      ? stage
      : new Map([...stage].filter(([job]) => gone.every(run => run.job !== job)));
  });
}
