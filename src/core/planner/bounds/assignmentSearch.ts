import type { Highs, ModelData } from 'highs';
import type { IProblem } from '../problem/problem.js';
import { shareOut } from './fractionalBound.js';
import { groupJobs, groupNodes, type IJobType, type INodeClass } from './jobTypes.js';
import { type Exclusion, LoadProgram } from './loadProgram.js';
import { type Certificate, type IPair, Loads } from './loads.js';
import { tailor } from './tailoredFunctions.js';

/** Jobs of one type that run alike on one node. */
export interface IBatch {
  /** Index into the job types ({@link groupJobs}). */
  type: number;
  /** Index into the type's configurations, or {@link KEPT}. */
  config: number;
  count: number;
}

/** Something that does not fit before the target on any node like this one, nor does anything with more in it. */
export interface INoGood {
  /** Index into {@link IProblem.nodes}. */
  node: number;
  batches: IBatch[];
}

/** A job with its configuration, by index; {@link KEPT} when it goes on where it runs. */
export interface IAssigned {
  job: number;
  config: number;
}

/** Which jobs run where and as what; or the word that they cannot, in time; or nothing before the limit. */
export type Assignment =
  | { status: 'found'; nodes: IAssigned[][]; batches: IBatch[][] }
  | { status: 'infeasible' }
  | { status: 'unknown' };

/** When a search for an assignment ends with 'unknown'. */
export interface IAssignmentLimit {
  /** Nodes of HiGHS's search tree, for each of its runs. */
  nodes?: number;
  /** Seconds left for all runs together; Infinity when there is no limit. */
  secondsLeft?(): number;
}

/**
 * The room on every node is enlarged by this share: far more than the tolerances of HiGHS, whose word that nothing
 * fits is taken only because of it.
 */
const SLACK = 1e-5;

const INFEASIBLE = 8;
const FEASIBLE = 2;

/** Rounds of adding rows to the integer program. */
const MOST_ROUNDS = 40;

/** Functions of time above which no more are made. */
const MOST_FUNCTIONS = 400;

/**
 * Gives every job a node and a configuration such that no node is overfull by any pair of dual feasible functions at
 * a target makespan: an integer program over types, whose rows are added as they are violated. Where the usual
 * functions see nothing wrong, some are made for what shares a node. That nothing is found proves that no plan meets
 * the target; what is found need not pack, for even then not everything is seen.
 */
export class AssignmentSearch {
  private readonly _classes: INodeClass[];
  private readonly _perClass: Loads;
  private readonly _perNode: Loads;
  /** Pairs that were violated before: they cost less than finding them again. */
  private _pairs: IPair[] = [];

  constructor(
    private readonly _highs: Highs,
    private readonly _problem: IProblem
  ) {
    const types = groupJobs(_problem);
    this._classes = groupNodes(_problem);
    this._perClass = new Loads(types, this._classes);
    this._perNode = new Loads(types, separate(this._classes));
  }

  /**
   * Search at one target; what was learned at others is used.
   *
   * @param target - makespan in seconds.
   * @param noGoods - what is known not to fit, at this target or a longer one.
   */
  find(target: number, limit: IAssignmentLimit, noGoods: INoGood[] = []): Assignment {
    const { _highs: highs, _perNode: perNode, _classes: classes } = this;
    const most = mostOfEach(highs, this._perClass, perNode, target);
    if (most === undefined) {
      return { status: 'infeasible' };
    }
    const program = new LoadProgram(perNode, target, most.counts);
    if (!program.complete) {
      return { status: 'infeasible' };
    }
    const exclusions = noGoods.flatMap(noGood => exclusionsOf(perNode, classes, noGood));
    this._pairs = addEverywhere(perNode, this._pairs, most.pairs);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const answer = solve(highs, program.wholes(highs, this._pairs, 1 + SLACK, exclusions), limit);
      if (typeof answer === 'string') {
        return { status: answer };
      }
      const violated = program.violated(answer, 1 + SLACK);
      if (violated.length === 0) {
        violated.push(...this._tailored(program.spread(answer), target));
      }
      if (violated.length === 0) {
        return decode(this._problem, perNode, program.spread(answer));
      }
      this._pairs = addEverywhere(perNode, this._pairs, violated);
    }
    return { status: 'unknown' };
  }

  /** Pairs made for the contents of nodes that do not fit, though no pair known so far sees it. */
  private _tailored(counts: Float64Array, target: number): IPair[] {
    const { _highs: highs, _perNode: perNode } = this;
    return perNode.classes.flatMap((_, nodeClass) => {
      const content = perNode.columns.flatMap((column, c) =>
        column.nodeClass === nodeClass && counts[c]! > 0 ? [{ column, count: counts[c]! }] : []
      );
      return perNode.time.length < MOST_FUNCTIONS
        ? tailor(highs, perNode, nodeClass, content, target, 2 * SLACK)
        : [];
    });
  }
}

function solve(
  highs: Highs,
  model: ModelData,
  limit: IAssignmentLimit
): Float64Array | 'infeasible' | 'unknown' {
  const left = limit.secondsLeft?.() ?? Infinity;
  if (left <= 0) {
    return 'unknown';
  }
  return highs.withModel(model, solver => {
    solver.options.set({ output_flag: false, mip_max_improving_sols: 1 });
    if (limit.nodes !== undefined) {
      solver.options.set('mip_max_nodes', limit.nodes);
    }
    if (left < Infinity) {
      solver.options.set('time_limit', left);
    }
    const { modelStatus } = solver.run();
    if (modelStatus === INFEASIBLE) {
      return 'infeasible';
    }
    return solver.info.get('primal_solution_status') === FEASIBLE
      ? solver.getSolution().colValue.map(Math.round)
      : 'unknown';
  });
}

/** Every node with devices as a class of its own. */
function separate(classes: INodeClass[]): INodeClass[] {
  const alone = classes.flatMap(({ nodes, busy, ...own }) =>
    // Nodes of a class are taken alike, so that each has its share of what is taken.
    nodes.map((node, i) => ({
      ...own,
      nodes: [node],
      busy: busy.slice((i * busy.length) / nodes.length, ((i + 1) * busy.length) / nodes.length)
    }))
  );
  return alone.sort((a, b) => a.nodes[0]! - b.nodes[0]!);
}

/**
 * How many jobs may take each column of `perNode` before it is overfull, from the linear program over classes: a
 * column heavier than the lightest of its type uses up the slack. Undefined when nothing fits.
 */
function mostOfEach(
  highs: Highs,
  perClass: Loads,
  perNode: Loads,
  target: number
): { counts: number[]; pairs: IPair[] } | undefined {
  const area = perClass.classes.map((_, resource) => ({ resource, space: 0, time: 0 }));
  const answer = shareOut(highs, perClass, target, area);
  if (answer === undefined || perClass.refutes(answer.certificate, target)) {
    return undefined;
  }
  const counts = perNode.columns.map(({ type }) => perNode.types[type]!.jobs.length);
  const even = (pairs: Certificate) => everywhere(perNode, perClass.classes, pairs);
  const plain = area.map(pair => ({ ...pair, weight: perClass.classes[pair.resource]!.size }));
  for (const certificate of [even(answer.certificate), even(plain)]) {
    const { slack, extra } = perNode.weigh(certificate, target);
    for (let c = 0; c < counts.length; c++) {
      if (extra[c]! > 0) {
        counts[c] = Math.min(counts[c]!, Math.max(0, Math.floor((slack + SLACK) / extra[c]!)));
      }
    }
  }
  const pairs = even([...plain, ...answer.certificate]);
  return { counts, pairs: addEverywhere(perNode, [], pairs) };
}

/** The pairs of classes for each of their nodes. */
function everywhere(perNode: Loads, classes: INodeClass[], certificate: Certificate): Certificate {
  return certificate.flatMap(pair =>
    perNode.classes.flatMap(({ nodes }, resource) =>
      classes[pair.resource]!.nodes.includes(nodes[0]!) ? [{ ...pair, resource }] : []
    )
  );
}

/** Pairs with others, those for all nodes of the same size: what overfills one node may soon overfill the next. */
function addEverywhere(perNode: Loads, pairs: IPair[], others: IPair[]): IPair[] {
  const all = new Map<string, IPair>();
  const add = (pair: IPair) => all.set(`${pair.resource} ${pair.space} ${pair.time}`, pair);
  for (const pair of pairs) {
    add(pair);
  }
  for (const { resource: origin, space, time } of others) {
    for (const [resource, { size }] of perNode.classes.entries()) {
      if (size === perNode.classes[origin]!.size) {
        add({ resource, space, time });
      }
    }
  }
  return [...all.values()];
}

function exclusionsOf(perNode: Loads, classes: INodeClass[], { node, batches }: INoGood): Exclusion[] {
  const alike = classes.find(({ nodes }) => nodes.includes(node))!.nodes;
  return alike.map(other =>
    batches.map(({ type, config, count }) => ({
      column: perNode.columns.findIndex(
        column =>
          column.type === type &&
          column.config === config &&
          perNode.classes[column.nodeClass]!.nodes[0] === other
      ),
      count
    }))
  );
}

function decode(problem: IProblem, perNode: Loads, counts: Float64Array): Assignment {
  const nodes: IAssigned[][] = problem.nodes.map(() => []);
  const batches: IBatch[][] = problem.nodes.map(() => []);
  const left = perNode.types.map(({ jobs }: IJobType) => [...jobs]);
  for (const [c, { type, config, nodeClass }] of perNode.columns.entries()) {
    const count = counts[c]!;
    if (count > 0) {
      const node = perNode.classes[nodeClass]!.nodes[0]!;
      batches[node]!.push({ type, config, count });
      nodes[node]!.push(...left[type]!.splice(0, count).map(job => ({ job, config })));
    }
  }
  return { status: 'found', nodes, batches };
}
