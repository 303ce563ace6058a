import { type IConfig, paretoFrontByPlace } from '../problem/pareto.js';
import type { IJob, IProblem } from '../problem/problem.js';
import type { ISchedule } from '../schedule/schedule.js';
import type { IRunSequence } from './runSequence.js';
import type { IRun } from './runTable.js';

/**
 * The plain problem that is left without constraints: every job at any time, on any devices of the nodes it may use. Its
 * bounds hold with the constraints, and its plans are good to begin with. Undefined when runs may be fused or span nodes, which a plain problem cannot say,
 * or weighted ends count.
 */
export function dropConstraints(problem: IProblem): IProblem | undefined {
  const { jobs, fusions, weighted } = problem;
  if (weighted || jobs.some(spansNodes) || fusions.length > 0 || jobs.length === 0) {
    return undefined;
  }
  return {
    ...problem,
    jobs: jobs.map(job => ({
      ...job,
      configs: paretoFrontByPlace(job.configs.map(({ among: _, ...config }) => config)),
      release: 0,
      deadline: Infinity,
      strayed: false,
      lanes: []
    })),
    lanes: [],
    budgets: [],
    conflicts: [],
    unconstrained: true
  };
}

function spansNodes({ configs, current }: Pick<IJob, 'configs' | 'current'>): boolean {
  return current?.elsewhere !== undefined || configs.some(({ span }) => span !== undefined);
}

/**
 * The problem as what it needs is added up: its jobs with what is asked of them and what couples them. Undefined when runs
 * may span nodes.
 *
 * @param strict - whether deadlines count.
 */
export function withoutSpans(problem: IProblem, strict: boolean): IProblem | undefined {
  const { jobs, fusions, lanes } = problem;
  if ([...jobs, ...fusions].some(spansNodes)) {
    return undefined;
  }
  return {
    ...problem,
    // Running jobs that go on may be more than allowed: then lanes bound nothing.
    lanes: jobs.some(({ current }) => current !== undefined) ? [] : lanes,
    jobs: strict ? jobs : jobs.map(job => ({ ...job, deadline: Infinity }))
  };
}

/**
 * A sequence like a plan made without constraints, nodes that are alike exchanged so that as much work as may be is where
 * it must be. Jobs that may not run where the plan has them take what is free first.
 */
export function sequenceLike(problem: IProblem, runs: IRun[], { placed }: ISchedule): IRunSequence {
  const standing = exchanged(problem, runs, placed);
  const sequence: IRunSequence = {
    order: [],
    config: runs.map(() => 0),
    nodes: runs.map(() => []),
    active: runs.map(() => true)
  };
  for (const { job, config, node } of [...placed].sort((a, b) => a.start - b.start)) {
    const { configs, sites } = runs[job]!;
    const place = standing[node]!;
    const here = choose(configs, config, index => sites[index]!.includes(place));
    sequence.order.push(job);
    sequence.config[job] = here ?? choose(configs, config, () => true) ?? 0;
    sequence.nodes[job] = here === undefined ? [] : [place];
  }
  return sequence;
}

/** The fastest configuration allowed that needs no more devices; of equally fast ones the narrowest. */
function choose(
  configs: IConfig[],
  { devices }: IConfig,
  allowed: (index: number) => boolean
): number | undefined {
  let best: number | undefined;
  for (const [index, config] of configs.entries()) {
    if (config.devices <= devices && allowed(index)) {
      best = best === undefined || config.seconds < configs[best]!.seconds ? index : best;
    }
  }
  return best;
}

/** Per node of the plan, the node that stands for it: the one like it that allows most of its work, greedily. */
function exchanged({ nodes }: IProblem, runs: IRun[], placed: ISchedule['placed']): number[] {
  const kind = nodes.map(({ freeAt }) => [...freeAt].sort((a, b) => a - b).join());
  const allowed = nodes.map(() => nodes.map(() => 0));
  for (const { job, node, config } of placed) {
    const { configs, sites } = runs[job]!;
    if (sites.some(own => own.length < nodes.length)) {
      for (const place of nodes.keys()) {
        if (choose(configs, config, index => sites[index]!.includes(place)) !== undefined) {
          allowed[node]![place]! += config.devices * config.seconds;
        }
      }
    }
  }
  const pairs = nodes.flatMap((_, node) =>
    nodes.flatMap((__, place) =>
      kind[node] === kind[place] ? [{ node, place, work: allowed[node]![place]! }] : []
    )
  );
  const stays = ({ node, place }: { node: number; place: number }) => (node === place ? 1 : 0);
  pairs.sort((a, b) => b.work - a.work || stays(b) - stays(a) || a.node - b.node || a.place - b.place);
  const standing = nodes.map(() => -1);
  const taken = new Set<number>();
  for (const { node, place } of pairs) {
    if (standing[node] === -1 && !taken.has(place)) {
      standing[node] = place;
      taken.add(place);
    }
  }
  return standing;
}
