import type { Highs } from 'highs';
import { SparseRows } from '../milp/sparseRows.js';
import type { IConfig } from '../problem/pareto.js';
import type { IJob, IProblem } from '../problem/problem.js';

/** What runs together on a node: for each job, by its index, how. */
export type Stage = ReadonlyMap<number, IConfig>;

/** A job with one strategy through consecutive stages. */
export interface IRun {
  job: number;
  config: IConfig;
  /** Index of its first stage, and of the first after it. */
  from: number;
  to: number;
  /** Seconds that train nothing: starting, and leaving for a later run. */
  overhead: number;
  /** Whether it goes on where the job runs when the plan begins. */
  kept: boolean;
}

/** How long stages last. */
export interface ITiming {
  /** Seconds of each stage. */
  seconds: Float64Array;
  makespan: number;
  /** Per job, in seconds of makespan: the price of having it done once more. */
  prices: Map<number, number>;
}

/** A job without work still counts for this share of the makespan in the linear program. */
const LEAST_WORK = 1e-9;

/** Stages shorter than this share of the makespan are left out. */
const LEAST_STAGE = 1e-9;

/** The runs of a node's stages, by first stage. */
export function runsOf(problem: IProblem, node: number, stages: readonly Stage[]): IRun[] {
  const runs: IRun[] = [];
  const last = new Map<number, IRun>();
  for (const [index, stage] of stages.entries()) {
    for (const [job, config] of stage) {
      const before = last.get(job);
      if (before !== undefined && before.to === index && before.config.option === config.option) {
        before.to++;
        continue;
      }
      const { current, leaving } = problem.jobs[job]!;
      const kept =
        index === 0 &&
        current !== undefined &&
        current.node === node &&
        current.config.option === config.option;
      const overhead = kept ? 0 : config.option.startSeconds + (before === undefined ? leaving : 0);
      const run = { job, config, from: index, to: index + 1, overhead, kept };
      if (before !== undefined) {
        before.overhead += before.config.option.stopSeconds ?? 0;
      }
      last.set(job, run);
      runs.push(run);
    }
  }
  return runs;
}

/** Seconds that all steps of a job take, started. */
export function trainingSeconds({ steps }: IJob, { option }: IConfig): number {
  return steps * option.stepSeconds;
}

/** Devices that a stage holds. */
export function devicesOf(stage: Stage): number {
  let devices = 0;
  for (const config of stage.values()) {
    devices += config.devices;
  }
  return devices;
}

/**
 * How long each of a node's stages must last for all to be done soonest, every start and every switch paid: a linear
 * program, as runs and so their costs are given.
 *
 * @returns undefined when the stages cannot do all work.
 */
export function timeStages(
  highs: Highs,
  problem: IProblem,
  node: number,
  stages: readonly Stage[],
  scale: number
): ITiming | undefined {
  const runs = runsOf(problem, node, stages);
  const rows = new SparseRows();
  const byJob = new Map<number, IRun[]>();
  for (const run of runs) {
    byJob.set(run.job, [...(byJob.get(run.job) ?? []), run]);
  }
  const jobs = [...byJob.keys()];
  const units: number[] = [];
  for (const [job, own] of byJob) {
    const seconds = own.map(({ config }) =>
      Math.max(trainingSeconds(problem.jobs[job]!, config), LEAST_WORK * scale)
    );
    const unit = Math.min(...seconds);
    const entries: [number, number][] = [];
    let work = 1;
    for (const [index, { from, to, overhead }] of own.entries()) {
      work += overhead / seconds[index]!;
      for (let stage = from; stage < to; stage++) {
        entries.push([stage, unit / seconds[index]!]);
      }
    }
    rows.add((work * unit) / scale, Infinity, entries);
    units.push(unit);
  }
  for (const { job, from, to, overhead } of runs) {
    if (overhead > 0 && byJob.get(job)!.length > 1) {
      rows.add(overhead / scale, Infinity, stagesFrom(from, to));
    }
  }
  const free = [...problem.nodes[node]!.freeAt].sort((a, b) => a - b);
  for (const [index, stage] of stages.entries()) {
    const held = devicesOf(stage);
    const release = held === 0 ? 0 : free[held - 1]!;
    if (release > 0) {
      if (index === 0) {
        return undefined;
      }
      rows.add(release / scale, Infinity, stagesFrom(0, index));
    }
  }
  const numCols = stages.length;
  const data = {
    numCols,
    numRows: rows.count,
    colCost: new Float64Array(numCols).fill(1),
    colLower: new Float64Array(numCols),
    colUpper: new Float64Array(numCols).fill(highs.infinity),
    ...rows.data(numCols, highs.infinity)
  };
  return highs.withModel(data, solver => {
    solver.options.set({ output_flag: false, presolve: 'off', solver: 'simplex' });
    if (solver.run().modelStatus !== OPTIMAL) {
      return undefined;
    }
    const { colValue, rowDual } = solver.getSolution();
    const seconds = colValue.map(value => (value < LEAST_STAGE ? 0 : value * scale));
    return {
      seconds,
      makespan: seconds.reduce((sum, value) => sum + value, 0),
      prices: new Map(jobs.map((job, row) => [job, rowDual[row]! * units[row]!]))
    };
  });
}

const OPTIMAL = 7;

function stagesFrom(from: number, to: number): [number, number][] {
  return Array.from({ length: to - from }, (_, i): [number, number] => [from + i, 1]);
}
