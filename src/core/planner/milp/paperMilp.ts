import type { Highs, ModelData } from 'highs';
import { allows, type IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import { type IArrangement, realise } from '../schedule/arrangement.js';
import type { ISchedule } from '../schedule/schedule.js';
import { SparseRows } from './sparseRows.js';

/** When HiGHS must stop. Nodes are those of its search tree: the same everywhere, unlike seconds. */
export interface IMilpLimit {
  nodes?: number;
  seconds?: number;
}

/** What HiGHS found. */
export interface IMilpAnswer {
  /** No longer than the schedule given. */
  arrangement: IArrangement;
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
interface IRow {
  configs: IConfig[];
  fixed?: { node: number; devices: number[] };
}

/** Number of rows that order tasks in pairs on devices: what makes the model hard. */
export function milpSize(problem: IProblem): number {
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
  problem: IProblem,
  start: ISchedule,
  lowerBound: number,
  limit: IMilpLimit
): IMilpAnswer {
  const model = new Model(problem, start.makespan, lowerBound);
  return highs.withModel(model.data(highs), (solver): IMilpAnswer => {
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
  private readonly _tasks: IRow[];
  private readonly _start: number[] = [];
  private readonly _chosen: number[][] = [];
  private readonly _onNode: number[][] = [];
  private readonly _onDevice: number[][][] = [];
  private readonly _lower: number[] = [];
  private readonly _upper: number[] = [];
  private readonly _integer: (0 | 1)[] = [];
  /** Columns that say whether the first of a pair goes before the second: `[first, second, column]`. */
  private readonly _before: [number, number, number][] = [];
  private readonly _rows = new SparseRows();

  constructor(
    private readonly _problem: IProblem,
    private readonly _scale: number,
    lowerBound: number
  ) {
    this._tasks = [
      ..._problem.jobs.map(job => ({ configs: job.configs.filter(config => config.seconds <= _scale) })),
      ..._problem.running.map(({ config, node, devices }) => ({
        configs: [config],
        fixed: { node, devices }
      }))
    ];
    this._column(Math.min(1, lowerBound / _scale), 1, 0);
    for (const task of this._tasks) {
      this._addColumns(task);
    }
    for (let second = 1; second < this._tasks.length; second++) {
      for (let first = 0; first < second; first++) {
        if (this._tasks[first]!.fixed === undefined || this._tasks[second]!.fixed === undefined) {
          this._before.push([first, second, this._binary()]);
        }
      }
    }
    for (let task = 0; task < this._tasks.length; task++) {
      this._addTaskRows(task);
    }
    this._addAreaRow();
    for (const pair of this._before) {
      this._addOrderRows(...pair);
    }
  }

  /** The model for HiGHS. */
  data(highs: Highs): ModelData {
    const numCols = this._lower.length;
    return {
      numCols,
      numRows: this._rows.count,
      colCost: Float64Array.from(this._lower, (_, column) => (column === 0 ? 1 : 0)),
      colLower: Float64Array.from(this._lower),
      colUpper: Float64Array.from(this._upper),
      integrality: Int32Array.from(this._integer),
      ...this._rows.data(numCols, highs.infinity)
    };
  }

  /** The columns' values for a schedule. */
  encode(schedule: ISchedule): Float64Array {
    const values = new Float64Array(this._lower.length);
    values[0] = 1;
    const starts = new Float64Array(this._tasks.length);
    for (const [task, { fixed }] of this._tasks.entries()) {
      if (fixed !== undefined) {
        this._encodeTask(values, task, 0, fixed.node, fixed.devices);
      }
    }
    for (const { job, config, node, devices, start } of schedule.placed) {
      starts[job] = start / this._scale;
      values[this._start[job]!] = starts[job]!;
      this._encodeTask(values, job, this._tasks[job]!.configs.indexOf(config), node, devices);
    }
    const rank = new Map(schedule.placed.map(({ job }, index) => [job, index]));
    for (const [first, second, column] of this._before) {
      const order = starts[first]! - starts[second]! || (rank.get(first) ?? -1) - (rank.get(second) ?? -1);
      values[column] = order < 0 ? 1 : 0;
    }
    return values;
  }

  /** The arrangement that the columns' values describe. */
  decode(values: Float64Array): IArrangement {
    const largest = (columns: number[]) =>
      columns.reduce((best, column, index) => (values[column]! > values[columns[best]!]! ? index : best), 0);
    const { jobs, nodes } = this._problem;
    const config = jobs.map((job, index) => {
      const chosen = this._tasks[index]!.configs[largest(this._chosen[index]!)]!;
      return job.configs.indexOf(chosen);
    });
    const queues: number[][] = nodes.map(() => []);
    const order = jobs
      .map((_, job) => job)
      .sort((a, b) => values[this._start[a]!]! - values[this._start[b]!]!);
    for (const job of order) {
      queues[largest(this._onNode[job]!)]!.push(job);
    }
    return { config, queues };
  }

  private _encodeTask(
    values: Float64Array,
    task: number,
    config: number,
    node: number,
    devices: number[]
  ): void {
    values[this._chosen[task]![config]!] = 1;
    values[this._onNode[task]![node]!] = 1;
    for (const device of devices) {
      values[this._onDevice[task]![node]![device]!] = 1;
    }
  }

  private _addColumns({ configs, fixed }: IRow): void {
    const given = (value: boolean) => (fixed === undefined ? undefined : Number(value));
    this._start.push(this._column(0, fixed === undefined ? 1 : 0, 0));
    this._chosen.push(configs.map(() => this._binary()));
    this._onNode.push(this._problem.nodes.map((_, node) => this._binary(given(fixed?.node === node))));
    this._onDevice.push(
      this._problem.nodes.map(({ devices }, node) =>
        devices.map((_, device) =>
          this._binary(given(fixed?.node === node && fixed.devices.includes(device)))
        )
      )
    );
  }

  /** Constraints 2 to 7: one strategy, one node, as many devices as the strategy wants, all on that node. */
  private _addTaskRows(task: number): void {
    const { configs } = this._tasks[task]!;
    const ones = (columns: number[]) => columns.map((column): [number, number] => [column, 1]);
    this._rows.add(0, Infinity, [[0, 1], [this._start[task]!, -1], ...this._duration(task, -1)]);
    this._rows.add(1, 1, ones(this._chosen[task]!));
    this._rows.add(1, 1, ones(this._onNode[task]!));
    for (const [choice, config] of configs.entries()) {
      const elsewhere = this._onNode[task]!.filter((_, node) => !allows(config, node));
      if (elsewhere.length > 0) {
        this._rows.add(-Infinity, 1, ones([this._chosen[task]![choice]!, ...elsewhere]));
      }
    }
    const wanted = configs.map(({ devices }, s): [number, number] => [this._chosen[task]![s]!, -devices]);
    this._rows.add(0, 0, [...ones(this._onDevice[task]!.flat()), ...wanted]);
    for (const [node, columns] of this._onDevice[task]!.entries()) {
      for (const column of columns) {
        this._rows.add(-Infinity, 0, [
          [column, 1],
          [this._onNode[task]![node]!, -1]
        ]);
      }
    }
  }

  private _addAreaRow(): void {
    const work = this._tasks.flatMap(({ configs }, task) =>
      configs.map(({ devices, seconds }, s): [number, number] => [
        this._chosen[task]![s]!,
        (devices * seconds) / this._scale
      ])
    );
    this._rows.add(-Infinity, 0, [...work, [0, -this._problem.deviceCount]]);
  }

  /** Constraints 10 and 11: two tasks that share a device run one after the other. */
  private _addOrderRows(first: number, second: number, before: number): void {
    const [a, b] = [this._start[first]!, this._start[second]!];
    for (const [node, { devices }] of this._problem.nodes.entries()) {
      for (let device = 0; device < devices.length; device++) {
        const both: [number, number][] = [
          [this._onDevice[first]![node]![device]!, 1],
          [this._onDevice[second]![node]![device]!, 1]
        ];
        this._rows.add(-Infinity, 3, [[a, 1], ...this._duration(first, 1), [b, -1], ...both, [before, 1]]);
        this._rows.add(-Infinity, 2, [[b, 1], ...this._duration(second, 1), [a, -1], ...both, [before, -1]]);
      }
    }
  }

  private _duration(task: number, sign: 1 | -1): [number, number][] {
    return this._tasks[task]!.configs.map(({ seconds }, s): [number, number] => [
      this._chosen[task]![s]!,
      (sign * seconds) / this._scale
    ]);
  }

  private _binary(value?: number): number {
    return this._column(value ?? 0, value ?? 1, 1);
  }

  private _column(lower: number, upper: number, integer: 0 | 1): number {
    this._lower.push(lower);
    this._upper.push(upper);
    this._integer.push(integer);
    return this._lower.length - 1;
  }
}
