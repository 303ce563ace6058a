import type { Highs, Model } from 'highs';
import { SparseRows } from '../milp/sparseRows.js';
import type { Problem } from '../problem.js';
import { TIME_FUNCTIONS } from './dualFeasible.js';
import { groupJobs, groupNodes, mergeBySize } from './jobTypes.js';
import { type Certificate, Loads, type Pair } from './loads.js';

/** What the linear program says about a target makespan. */
export interface FractionalAnswer {
  /** How full the fullest node would be: above 1 no plan meets the target. */
  load: number;
  /** Weights of the pairs that show it. */
  certificate: Certificate;
  /** How many jobs take each column, in fractions; 0 for those that take longer than the target. */
  shares: Float64Array;
}

/** A row is added when it is overfull by this share more than the fullest so far. */
const VIOLATION = 1e-7;

/** Rows added at a time for each class. */
const ROWS_AT_ONCE = 4;

/** Rounds of adding rows: fewer rows only make the answer weaker. */
const MOST_ROUNDS = 60;

/**
 * Share the jobs out over columns, in fractions, such that the fullest node by any pair of dual feasible functions is
 * as empty as possible. Rows are added as they are violated: few of all pairs matter.
 *
 * @param pairs start from these rows; those of an answer nearby save rounds.
 * @returns undefined when some job takes longer than the target however it runs.
 */
export function shareOut(
  highs: Highs,
  loads: Loads,
  target: number,
  pairs: Pair[]
): FractionalAnswer | undefined {
  const program = new Program(loads, target);
  if (!program.complete) {
    return undefined;
  }
  return highs.withModel(program.data(highs, pairs), solver => {
    solver.options.set({ output_flag: false, solver: 'simplex' });
    const rows = [...pairs];
    for (let round = 0; ; round++) {
      solver.run();
      const { colValue, rowDual } = solver.getSolution();
      const load = colValue[program.loadColumn]!;
      const violated = round < MOST_ROUNDS ? program.violated(colValue, load) : [];
      if (violated.length === 0) {
        const certificate = rows
          .map((pair, row) => ({ ...pair, weight: -rowDual[program.jobRows + row]! }))
          .filter(({ weight }) => weight > 0);
        return { load, certificate, shares: program.spread(colValue) };
      }
      for (const pair of violated) {
        program.append(solver, highs, pair);
        rows.push(pair);
      }
    }
  });
}

/** A first try, and the precision of the answer, as a share of the makespan. */
const STEP = 1e-5;

/** By how much the step grows after a target that no plan meets. */
const GROWTH = 4;

/** Columns above which nodes of one size are no longer told apart. */
const MOST_COLUMNS = 6000;

/**
 * Raise a lower bound as far as fractions can: the largest target at which {@link shareOut} overfills some node. Each
 * certificate is tried on longer targets too, so that few linear programs are solved.
 *
 * @param low no plan is shorter, in seconds; when it is 0 there is nothing to raise.
 * @param high a plan of this makespan exists.
 * @param raise told each better bound; false ends the search.
 */
export function raiseByFractions(
  highs: Highs,
  problem: Problem,
  low: number,
  high: number,
  raise: (bound: number) => boolean
): void {
  const types = groupJobs(problem);
  let loads = new Loads(types, groupNodes(problem));
  if (loads.columns.length > MOST_COLUMNS) {
    loads = new Loads(types, mergeBySize(loads.classes));
  }
  let pairs: Pair[] = loads.classes.map((_, nodeClass) => ({ nodeClass, space: 0, time: 0 }));
  let step = STEP;
  let [bound, limit] = [low, high];
  while (bound > 0 && limit > bound * (1 + 2 * STEP)) {
    const target = Math.min(bound * (1 + step), (bound + limit) / 2);
    const answer = shareOut(highs, loads, target, pairs);
    if (answer !== undefined && !loads.refutes(answer.certificate, target)) {
      limit = target;
      step = STEP;
      continue;
    }
    bound = answer === undefined ? target : furthest(loads, answer.certificate, target, limit);
    step *= GROWTH;
    if (answer !== undefined) {
      pairs = mergePairs(pairs, answer.certificate);
    }
    if (!raise(bound)) {
      return;
    }
  }
}

/** The longest target, from one refuted up to another, that a certificate refutes. */
function furthest(loads: Loads, certificate: Certificate, refuted: number, limit: number): number {
  let [low, high] = [refuted, limit];
  while (high > low * (1 + STEP)) {
    const middle = (low + high) / 2;
    if (loads.refutes(certificate, middle)) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

function mergePairs(pairs: Pair[], others: Pair[]): Pair[] {
  const key = ({ nodeClass, space, time }: Pair) => `${nodeClass} ${space} ${time}`;
  const known = new Set(pairs.map(key));
  return [...pairs, ...others.filter(pair => !known.has(key(pair)))];
}

/** The linear program at one target: columns that are short enough, then the load. */
class Program {
  /** Of {@link Loads.columns}, those that are short enough. */
  private readonly used: number[] = [];
  /** Per time function, the values of the used columns. */
  private readonly times: Float64Array[];
  readonly complete: boolean;

  constructor(
    private readonly loads: Loads,
    private readonly target: number
  ) {
    const { columns, starts } = loads;
    this.complete = loads.types.every((_, type) => {
      const before = this.used.length;
      for (let c = starts[type]!; c < starts[type + 1]!; c++) {
        if (columns[c]!.seconds <= target) {
          this.used.push(c);
        }
      }
      return this.used.length > before;
    });
    this.times = TIME_FUNCTIONS.map(f => Float64Array.from(this.used, c => f(columns[c]!.seconds / target)));
  }

  get loadColumn(): number {
    return this.used.length;
  }

  get jobRows(): number {
    return this.loads.types.length;
  }

  data(highs: Highs, pairs: Pair[]) {
    const { types, columns } = this.loads;
    const rows = new SparseRows();
    const ofType: [number, number][][] = types.map(() => []);
    for (const [i, c] of this.used.entries()) {
      ofType[columns[c]!.type]!.push([i, 1]);
    }
    for (const [type, { jobs }] of types.entries()) {
      rows.add(jobs.length, Infinity, ofType[type]!);
    }
    for (const pair of pairs) {
      rows.add(-Infinity, -this.taken(pair), this.row(pair));
    }
    const numCols = this.used.length + 1;
    return {
      numCols,
      numRows: rows.count,
      colCost: Float64Array.from({ length: numCols }, (_, i) => (i === this.loadColumn ? 1 : 0)),
      colLower: new Float64Array(numCols),
      colUpper: new Float64Array(numCols).fill(highs.infinity),
      ...rows.data(numCols, highs.infinity)
    };
  }

  append(solver: Model, highs: Highs, pair: Pair): void {
    const entries = this.row(pair);
    solver.addRow(-highs.infinity, -this.taken(pair), {
      indices: Int32Array.from(entries, ([column]) => column),
      values: Float64Array.from(entries, ([, value]) => value)
    });
  }

  /** The pairs by which the jobs, shared out as told, overfill a class most; at most a few for each class. */
  violated(values: Float64Array, load: number): Pair[] {
    const { classes, columns, space } = this.loads;
    // By class, time function and device count: the jobs' shares weighed by time.
    const sums = classes.map(({ size }) => this.times.map(() => new Float64Array(size + 1)));
    for (const [i, c] of this.used.entries()) {
      const share = values[i]!;
      if (share > 0) {
        const { nodeClass, devices } = columns[c]!;
        for (const [time, weights] of this.times.entries()) {
          sums[nodeClass]![time]![devices]! += share * weights[i]!;
        }
      }
    }
    return classes.flatMap(({ nodes }, nodeClass) => {
      const found: { pair: Pair; excess: number }[] = [];
      for (const [time, byDevices] of sums[nodeClass]!.entries()) {
        let most: { pair: Pair; excess: number } | undefined;
        for (const [f, weights] of space[nodeClass]!.entries()) {
          const pair = { nodeClass, space: f, time };
          let sum = this.taken(pair);
          for (let devices = 1; devices < weights.length; devices++) {
            sum += weights[devices]! * byDevices[devices]!;
          }
          const excess = sum / nodes.length - load;
          if (excess > Math.max(VIOLATION, most?.excess ?? 0)) {
            most = { pair, excess };
          }
        }
        if (most !== undefined) {
          found.push(most);
        }
      }
      return found
        .sort((a, b) => b.excess - a.excess)
        .slice(0, ROWS_AT_ONCE)
        .map(({ pair }) => pair);
    });
  }

  /** Values of all columns from those of the used ones. */
  spread(values: Float64Array): Float64Array {
    const shares = new Float64Array(this.loads.columns.length);
    for (const [i, c] of this.used.entries()) {
      shares[c] = values[i]!;
    }
    return shares;
  }

  private taken(pair: Pair): number {
    return this.loads.classes[pair.nodeClass]!.nodes.length - this.loads.room(pair, this.target);
  }

  private row(pair: Pair): [number, number][] {
    const { columns, space, classes } = this.loads;
    const weights = space[pair.nodeClass]![pair.space]!;
    const times = this.times[pair.time]!;
    const entries: [number, number][] = [];
    for (const [i, c] of this.used.entries()) {
      const { nodeClass, devices } = columns[c]!;
      const value = weights[devices]! * times[i]!;
      if (nodeClass === pair.nodeClass && value > 0) {
        entries.push([i, value]);
      }
    }
    entries.push([this.loadColumn, -classes[pair.nodeClass]!.nodes.length]);
    return entries;
  }
}
