import type { Highs, ModelData } from 'highs';
import type { Config } from '../problem/pareto.js';
import type { Problem } from '../problem/problem.js';
import { type Arrangement, realise } from '../schedule/arrangement.js';
import type { Schedule } from '../schedule/schedule.js';
import { SparseRows } from './sparseRows.js';

/** When HiGHS must stop. Nodes are those of its search tree: the same everywhere, unlike seconds. */
export interface MilpLimit {
  nodes?: number;
  seconds?: number;
}

/** What HiGHS found. */
export interface MilpAnswer {
  /** No longer than the schedule given. */
  arrangement: Arrangement;
  makespan: number;
  /** No plan is shorter than this, in seconds. */
  bound: number;
  /** Whether the makespan is proven shortest. */
  optimal: boolean;
}

/** Tolerance asked of HiGHS for rows and for integers, on times scaled to the makespan. */
const FEASIBILITY = 1e-9;

/** Share by which HiGHS's bound is lowered: its proof is in floating point, through several big-M terms. */
const ROUNDING = 1e-6;

const MODEL_OPTIMAL = 7;
const SOLUTION_FEASIBLE = 2;

/** A job of the model: those that run already have one configuration and fixed variables. */
interface Row {
  configs: Config[];
  fixed?: { node: number; devices: number[] };
}

/** Number of rows that order tasks in pairs on devices: what makes the model hard. */
export function milpSize(problem: Problem): number {
  const jobs = problem.jobs.length + problem.running.length;
  return jobs * (jobs - 1) * problem.deviceCount;
}

/**
 * The mixed-integer program of the Saturn paper (PVLDB 17(4), section 4.2), started from a known schedule.
 *
 * It differs from the paper where that loosens or enlarges the model without need: a gang has one start time instead
 * of one per device (constraints 8, 9); the duration of a task is the sum over its strategies, so that the ordering
 * rows (10, 11) are not repeated for each; the big constant is the known makespan, and strategies longer than that are
 * left out; one row says that the work must fit into the devices until the end. Times are scaled by the makespan.
 */
export function solveMilp(
  highs: Highs,
  problem: Problem,
  start: Schedule,
  lowerBound: number,
  limit: MilpLimit
): MilpAnswer {
  const model = new Model(problem, start.makespan, lowerBound);
  return highs.withModel(model.data(highs), (solver): MilpAnswer => {
    solver.options.set({
      output_flag: false,
      mip_rel_gap: 0,
      mip_feasibility_tolerance: FEASIBILITY,
      primal_feasibility_tolerance: FEASIBILITY
    });
    if (limit.nodes !== undefined) {
      solver.options.set('mip_max_nodes', limit.nodes);
    }
    if (limit.seconds !== undefined) {
      solver.options.set('time_limit', limit.seconds);
    }
    const known = model.encode(start);
    solver.setSolution({ colValue: known });
    const { modelStatus } = solver.run();
    const dual = Number(solver.info.get('mip_dual_bound')) * start.makespan * (1 - ROUNDING);
    const bound = Number.isFinite(dual) ? Math.max(lowerBound, dual) : lowerBound;
    // HiGHS ignores a start that it finds infeasible, and may then end without any solution.
    const found = solver.info.get('primal_solution_status') === SOLUTION_FEASIBLE;
    const arrangement = model.decode(found ? solver.getSolution().colValue : known);
    const { makespan } = realise(problem, arrangement);
    return {
      arrangement,
      makespan,
      bound: Math.min(bound, makespan),
      optimal: modelStatus === MODEL_OPTIMAL && makespan <= bound * (1 + 3 * ROUNDING)
    };
  });
}

/** Columns and rows of the model. Column 0 is the makespan. */
class Model {
  private readonly tasks: Row[];
  private readonly start: number[] = [];
  private readonly chosen: number[][] = [];
  private readonly onNode: number[][] = [];
  private readonly onDevice: number[][][] = [];
  private readonly lower: number[] = [];
  private readonly upper: number[] = [];
  private readonly integer: (0 | 1)[] = [];
  /** Columns that say whether the first of a pair goes before the second: `[first, second, column]`. */
  private readonly before: [number, number, number][] = [];
  private readonly rows = new SparseRows();

  constructor(
    private readonly problem: Problem,
    private readonly scale: number,
    lowerBound: number
  ) {
    this.tasks = [
      ...problem.jobs.map(job => ({ configs: job.configs.filter(config => config.seconds <= scale) })),
      ...problem.running.map(({ config, node, devices }) => ({ configs: [config], fixed: { node, devices } }))
    ];
    this.column(Math.min(1, lowerBound / scale), 1, 0);
    for (const task of this.tasks) {
      this.addColumns(task);
    }
    for (let second = 1; second < this.tasks.length; second++) {
      for (let first = 0; first < second; first++) {
        if (this.tasks[first]!.fixed === undefined || this.tasks[second]!.fixed === undefined) {
          this.before.push([first, second, this.binary()]);
        }
      }
    }
    for (let task = 0; task < this.tasks.length; task++) {
      this.addTaskRows(task);
    }
    this.addAreaRow();
    for (const pair of this.before) {
      this.addOrderRows(...pair);
    }
  }

  /** The model for HiGHS. */
  data(highs: Highs): ModelData {
    const numCols = this.lower.length;
    return {
      numCols,
      numRows: this.rows.count,
      colCost: Float64Array.from(this.lower, (_, column) => (column === 0 ? 1 : 0)),
      colLower: Float64Array.from(this.lower),
      colUpper: Float64Array.from(this.upper),
      integrality: Int32Array.from(this.integer),
      ...this.rows.data(numCols, highs.infinity)
    };
  }

  /** The columns' values for a schedule. */
  encode(schedule: Schedule): Float64Array {
    const values = new Float64Array(this.lower.length);
    values[0] = 1;
    const starts = new Float64Array(this.tasks.length);
    for (const [task, { fixed }] of this.tasks.entries()) {
      if (fixed !== undefined) {
        this.encodeTask(values, task, 0, fixed.node, fixed.devices);
      }
    }
    for (const { job, config, node, devices, start } of schedule.placed) {
      starts[job] = start / this.scale;
      values[this.start[job]!] = starts[job]!;
      this.encodeTask(values, job, this.tasks[job]!.configs.indexOf(config), node, devices);
    }
    const rank = new Map(schedule.placed.map(({ job }, index) => [job, index]));
    for (const [first, second, column] of this.before) {
      const order = starts[first]! - starts[second]! || (rank.get(first) ?? -1) - (rank.get(second) ?? -1);
      values[column] = order < 0 ? 1 : 0;
    }
    return values;
  }

  /** The arrangement that the columns' values describe. */
  decode(values: Float64Array): Arrangement {
    const largest = (columns: number[]) =>
      columns.reduce((best, column, index) => (values[column]! > values[columns[best]!]! ? index : best), 0);
    const { jobs, nodes } = this.problem;
    const config = jobs.map((job, index) => {
      const chosen = this.tasks[index]!.configs[largest(this.chosen[index]!)]!;
      return job.configs.indexOf(chosen);
    });
    const queues: number[][] = nodes.map(() => []);
    const order = jobs.map((_, job) => job).sort((a, b) => values[this.start[a]!]! - values[this.start[b]!]!);
    for (const job of order) {
      queues[largest(this.onNode[job]!)]!.push(job);
    }
    return { config, queues };
  }

  private encodeTask(
    values: Float64Array,
    task: number,
    config: number,
    node: number,
    devices: number[]
  ): void {
    values[this.chosen[task]![config]!] = 1;
    values[this.onNode[task]![node]!] = 1;
    for (const device of devices) {
      values[this.onDevice[task]![node]![device]!] = 1;
    }
  }

  private addColumns({ configs, fixed }: Row): void {
    const given = (value: boolean) => (fixed === undefined ? undefined : Number(value));
    this.start.push(this.column(0, fixed === undefined ? 1 : 0, 0));
    this.chosen.push(configs.map(() => this.binary()));
    this.onNode.push(this.problem.nodes.map((_, node) => this.binary(given(fixed?.node === node))));
    this.onDevice.push(
      this.problem.nodes.map(({ devices }, node) =>
        devices.map((_, device) => this.binary(given(fixed?.node === node && fixed.devices.includes(device))))
      )
    );
  }

  /** Constraints 2 to 7: one strategy, one node, as many devices as the strategy wants, all on that node. */
  private addTaskRows(task: number): void {
    const { configs } = this.tasks[task]!;
    const ones = (columns: number[]) => columns.map((column): [number, number] => [column, 1]);
    this.rows.add(0, Infinity, [[0, 1], [this.start[task]!, -1], ...this.duration(task, -1)]);
    this.rows.add(1, 1, ones(this.chosen[task]!));
    this.rows.add(1, 1, ones(this.onNode[task]!));
    const wanted = configs.map(({ devices }, s): [number, number] => [this.chosen[task]![s]!, -devices]);
    this.rows.add(0, 0, [...ones(this.onDevice[task]!.flat()), ...wanted]);
    for (const [node, columns] of this.onDevice[task]!.entries()) {
      for (const column of columns) {
        this.rows.add(-Infinity, 0, [
          [column, 1],
          [this.onNode[task]![node]!, -1]
        ]);
      }
    }
  }

  private addAreaRow(): void {
    const work = this.tasks.flatMap(({ configs }, task) =>
      configs.map(({ devices, seconds }, s): [number, number] => [
        this.chosen[task]![s]!,
        (devices * seconds) / this.scale
      ])
    );
    this.rows.add(-Infinity, 0, [...work, [0, -this.problem.deviceCount]]);
  }

  /** Constraints 10 and 11: two tasks that share a device run one after the other. */
  private addOrderRows(first: number, second: number, before: number): void {
    const [a, b] = [this.start[first]!, this.start[second]!];
    for (const [node, { devices }] of this.problem.nodes.entries()) {
      for (let device = 0; device < devices.length; device++) {
        const both: [number, number][] = [
          [this.onDevice[first]![node]![device]!, 1],
          [this.onDevice[second]![node]![device]!, 1]
        ];
        this.rows.add(-Infinity, 3, [[a, 1], ...this.duration(first, 1), [b, -1], ...both, [before, 1]]);
        this.rows.add(-Infinity, 2, [[b, 1], ...this.duration(second, 1), [a, -1], ...both, [before, -1]]);
      }
    }
  }

  private duration(task: number, sign: 1 | -1): [number, number][] {
    return this.tasks[task]!.configs.map(({ seconds }, s): [number, number] => [
      this.chosen[task]![s]!,
      (sign * seconds) / this.scale
    ]);
  }

  private binary(value?: number): number {
    return this.column(value ?? 0, value ?? 1, 1);
  }

  private column(lower: number, upper: number, integer: 0 | 1): number {
    this.lower.push(lower);
    this.upper.push(upper);
    this.integer.push(integer);
    return this.lower.length - 1;
  }
}
