import type { Highs } from 'highs';
import type { IProblem } from '../problem/problem.js';
import { mergeBySize } from './jobTypes.js';
import { LoadProgram } from './loadProgram.js';
import { type Certificate, type IPair, Loads } from './loads.js';

/** What the linear program says about a target makespan. */
export interface IFractionalAnswer {
  /** How full the fullest node would be: above 1 no plan meets the target. */
  load: number;
  /** Weights of the pairs that show it. */
  certificate: Certificate;
  /** Per job type, what a job weighs by them. */
  prices: Float64Array;
  /** How many jobs take each column, in fractions; 0 for those that take longer than the target. */
  shares: Float64Array;
}

/** Jobs shared out in fractions: how many take each column of the loads. */
export interface IShares {
  loads: Loads;
  shares: Float64Array;
  /** Per node class, what a second of a device is worth by the prices of the program, 1 on average. */
  worth: number[];
}

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
  pairs: IPair[]
): IFractionalAnswer | undefined {
  const program = new LoadProgram(loads, target);
  if (!program.complete) {
    return undefined;
  }
  return highs.withModel(program.fractions(highs, pairs), solver => {
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
        const prices = rowDual.slice(0, program.jobRows);
        return { load, certificate, prices, shares: program.spread(colValue) };
      }
      program.append(solver, highs, violated);
      rows.push(...violated);
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
 * @param onShares told how jobs may be shared out for targets that are not refuted.
 */
export function raiseByFractions(
  highs: Highs,
  problem: IProblem,
  low: number,
  high: number,
  raise: (bound: number) => boolean,
  onShares?: (shares: IShares) => void
): void {
  let loads = Loads.of(problem);
  if (loads.columns.length > MOST_COLUMNS) {
    loads = new Loads(loads.types, mergeBySize(loads.classes), problem);
  }
  let pairs: IPair[] = loads.resources.map((_, resource) => ({ resource, space: 0, time: 0 }));
  let step = STEP;
  let [bound, limit] = [low, high];
  while (bound > 0 && limit > bound * (1 + 2 * STEP)) {
    const target = Math.min(bound * (1 + step), (bound + limit) / 2);
    const answer = shareOut(highs, loads, target, pairs);
    if (answer !== undefined && !loads.refutes(answer.certificate, target, answer.prices)) {
      limit = target;
      step = STEP;
      onShares?.({ loads, shares: answer.shares, worth: worthOf(loads, answer.certificate) });
      continue;
    }
    bound = answer === undefined ? target : furthest(loads, answer, target, limit);
    step *= GROWTH;
    if (answer !== undefined) {
      pairs = mergePairs(pairs, answer.certificate);
    }
    if (!raise(bound)) {
      return;
    }
  }
}

/** What rows weigh goes to the devices they are about, as if all of them were about device-seconds. */
function worthOf({ classes }: Loads, certificate: Certificate): number[] {
  const weights = classes.map((_, nodeClass) =>
    certificate.reduce((sum, pair) => sum + (pair.resource === nodeClass ? pair.weight : 0), 0)
  );
  const devices = classes.reduce((sum, { size, nodes }) => sum + size * nodes.length, 0);
  const total = classes.reduce((sum, { nodes }, nodeClass) => sum + weights[nodeClass]! * nodes.length, 0);
  return classes.map(({ size }, nodeClass) =>
    total > 0 ? (weights[nodeClass]! * devices) / (size * total) : 1
  );
}

/** The longest target, from one refuted up to another, that a certificate refutes. */
function furthest(
  loads: Loads,
  { certificate, prices }: IFractionalAnswer,
  refuted: number,
  limit: number
): number {
  let [low, high] = [refuted, limit];
  while (high > low * (1 + STEP)) {
    const middle = (low + high) / 2;
    if (loads.refutes(certificate, middle, prices)) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

function mergePairs(pairs: IPair[], others: IPair[]): IPair[] {
  const key = ({ resource, space, time }: IPair) => `${resource} ${space} ${time}`;
  const known = new Set(pairs.map(key));
  return [...pairs, ...others.filter(pair => !known.has(key(pair)))];
}
