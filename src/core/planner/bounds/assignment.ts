import type { Highs } from 'highs';
import type { MilpLimit } from '../milp/paperMilp.js';
import type { Problem } from '../problem.js';
import { shareOut } from './fractional.js';
import { groupJobs, groupNodes, type JobType, type NodeClass } from './jobTypes.js';
import { type Exclusion, LoadProgram } from './loadProgram.js';
import { type Certificate, Loads, type Pair } from './loads.js';

/** Jobs of one type that run alike on one node. */
export interface Batch {
  /** Index into the job types ({@link groupJobs}). */
  type: number;
  /** Index into the type's configurations, or {@link KEPT}. */
  config: number;
  count: number;
}

/** Something that does not fit before the target on any node like this one, nor does anything with more in it. */
export interface NoGood {
  /** Index into {@link Problem.nodes}. */
  node: number;
  batches: Batch[];
}

/** A job with its configuration, by index; {@link KEPT} when it goes on where it runs. */
export interface Assigned {
  job: number;
  config: number;
}

/** Which jobs run where and as what; or the word that they cannot, in time; or nothing before the limit. */
export type Assignment =
  | { status: 'found'; nodes: Assigned[][]; batches: Batch[][] }
  | { status: 'infeasible' }
  | { status: 'unknown' };

/**
 * The room on every node is enlarged by this share: far more than the tolerances of HiGHS, whose word that nothing
 * fits is taken only because of it.
 */
const SLACK = 1e-5;

const INFEASIBLE = 8;
const FEASIBLE = 2;

/** Rounds of adding rows to the integer program. */
const MOST_ROUNDS = 30;

/**
 * Give every job a node and a configuration such that no node is overfull by any pair of dual feasible functions at
 * the target makespan: an integer program over types, whose rows are added as they are violated. What it finds need
 * not fit in time, for the functions do not see everything; that it finds nothing proves that nothing fits.
 *
 * @param target - makespan in seconds.
 * @param limit - for each run of HiGHS; reached, the answer is 'unknown'.
 * @param noGoods - what is known not to fit, at this target or a longer one.
 */
export function assign(
  highs: Highs,
  problem: Problem,
  target: number,
  limit: MilpLimit,
  noGoods: NoGood[] = []
): Assignment {
  const types = groupJobs(problem);
  const classes = groupNodes(problem);
  const perNode = new Loads(types, separate(classes));
  const most = mostOfEach(highs, new Loads(types, classes), perNode, target);
  if (most === undefined) {
    return { status: 'infeasible' };
  }
  const program = new LoadProgram(perNode, target, most.counts);
  if (!program.complete) {
    return { status: 'infeasible' };
  }
  const exclusions = noGoods.flatMap(noGood => exclusionsOf(perNode, classes, noGood));
  const load = 1 + SLACK;
  let pairs = most.pairs;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const answer = highs.withModel(program.wholes(highs, pairs, load, exclusions), solver => {
      solver.options.set({ output_flag: false, mip_max_improving_sols: 1 });
      if (limit.nodes !== undefined) {
        solver.options.set('mip_max_nodes', limit.nodes);
      }
      if (limit.seconds !== undefined) {
        solver.options.set('time_limit', limit.seconds);
      }
      const { modelStatus } = solver.run();
      if (modelStatus === INFEASIBLE) {
        return 'infeasible';
      }
      return solver.info.get('primal_solution_status') === FEASIBLE
        ? solver.getSolution().colValue.map(Math.round)
        : 'unknown';
    });
    if (typeof answer === 'string') {
      return { status: answer };
    }
    const violated = program.violated(answer, load);
    if (violated.length === 0) {
      return decode(problem, perNode, program.spread(answer));
    }
    pairs = addEverywhere(perNode, pairs, violated);
  }
  return { status: 'unknown' };
}

/** Every node with devices as a class of its own. */
function separate(classes: NodeClass[]): NodeClass[] {
  const alone = classes.flatMap(({ nodes, size, busy }) =>
    // Nodes of a class are taken alike, so that each has its share of what is taken.
    nodes.map((node, i) => ({
      nodes: [node],
      size,
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
): { counts: number[]; pairs: Pair[] } | undefined {
  const area = perClass.classes.map((_, nodeClass) => ({ nodeClass, space: 0, time: 0 }));
  const answer = shareOut(highs, perClass, target, area);
  if (answer === undefined || perClass.refutes(answer.certificate, target)) {
    return undefined;
  }
  const counts = perNode.columns.map(({ type }) => perNode.types[type]!.jobs.length);
  const even = (pairs: Certificate) => everywhere(perNode, perClass.classes, pairs);
  const plain = area.map(pair => ({ ...pair, weight: perClass.classes[pair.nodeClass]!.size }));
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
function everywhere(perNode: Loads, classes: NodeClass[], certificate: Certificate): Certificate {
  return certificate.flatMap(pair =>
    perNode.classes.flatMap(({ nodes }, nodeClass) =>
      classes[pair.nodeClass]!.nodes.includes(nodes[0]!) ? [{ ...pair, nodeClass }] : []
    )
  );
}

/** Pairs with others, those for all nodes of the same size: what overfills one node may soon overfill the next. */
function addEverywhere(perNode: Loads, pairs: Pair[], others: Pair[]): Pair[] {
  const all = new Map<string, Pair>();
  const add = (pair: Pair) => all.set(`${pair.nodeClass} ${pair.space} ${pair.time}`, pair);
  for (const pair of pairs) {
    add(pair);
  }
  for (const { nodeClass: origin, space, time } of others) {
    for (const [nodeClass, { size }] of perNode.classes.entries()) {
      if (size === perNode.classes[origin]!.size) {
        add({ nodeClass, space, time });
      }
    }
  }
  return [...all.values()];
}

function exclusionsOf(perNode: Loads, classes: NodeClass[], { node, batches }: NoGood): Exclusion[] {
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

function decode(problem: Problem, perNode: Loads, counts: Float64Array): Assignment {
  const nodes: Assigned[][] = problem.nodes.map(() => []);
  const batches: Batch[][] = problem.nodes.map(() => []);
  const left = perNode.types.map(({ jobs }: JobType) => [...jobs]);
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
