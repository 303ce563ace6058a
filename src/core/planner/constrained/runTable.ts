import type { IConfig } from '../problem/pareto.js';
import type { IPlace, IProblem } from '../problem/problem.js';

/** Something that takes devices: a job by itself, or several fused. */
export interface IRun {
  /** Indexes into {@link IProblem.jobs}. */
  jobs: number[];
  /** Names the run when it is fused. */
  fusion?: string;
  configs: IConfig[];
  /** Per configuration, the nodes it may use. */
  sites: number[][];
  current?: IPlace;
  release: number;
  /** Of the first of its jobs that is due. */
  deadline: number;
  /** Of all its jobs together. */
  weight: number;
  /** Counts as missed by so many seconds if it takes part: its pin had to give way. */
  strayed: number;
  /** Which of {@link IProblem.lanes} it takes one of, ascending. */
  lanes: number[];
  /** Other runs with some job of this one: indexes into the table. */
  rivals: number[];
}

/** All runs of a problem: first those of single jobs, in their order, then the fused ones. */
export function runsOf(problem: IProblem): IRun[] {
  const { jobs, fusions } = problem;
  const singles = jobs.map(
    ({ configs, current, release, deadline, weight, strayed, lanes }, job): IRun => ({
      jobs: [job],
      configs,
      sites: configs.map(config => sitesOf(problem, config)),
      ...(current !== undefined && { current }),
      release,
      deadline,
      weight,
      strayed: strayed && fusions.some(({ members }) => members.includes(job)) ? configs[0]!.seconds + 1 : 0,
      lanes,
      rivals: []
    })
  );
  const fused = fusions.map(
    ({ name, members, configs }): IRun => ({
      jobs: members,
      fusion: name,
      configs,
      sites: configs.map(config => sitesOf(problem, config)),
      release: members.reduce((latest, job) => Math.max(latest, jobs[job]!.release), 0),
      deadline: members.reduce((first, job) => Math.min(first, jobs[job]!.deadline), Infinity),
      weight: members.reduce((sum, job) => sum + jobs[job]!.weight, 0),
      strayed: 0,
      lanes: [...new Set(members.flatMap(job => jobs[job]!.lanes))].sort((a, b) => a - b),
      rivals: []
    })
  );
  const runs = [...singles, ...fused];
  for (const [index, run] of runs.entries()) {
    if (run.fusion !== undefined) {
      for (const [other, { jobs: shared }] of runs.entries()) {
        if (other !== index && shared.some(job => run.jobs.includes(job))) {
          run.rivals.push(other);
          if (other < jobs.length) {
            runs[other]!.rivals.push(index);
          }
        }
      }
    }
  }
  return runs;
}

/** The nodes a configuration may use, ascending. */
export function sitesOf({ nodes }: IProblem, { nodes: own, devices, span = 1 }: IConfig): number[] {
  return own ?? nodes.flatMap(({ freeAt }, node) => (freeAt.length * span >= devices ? [node] : []));
}
