import { Lanes } from '../schedule/lanes.js';
import { DeviceFilling } from './deviceFilling.js';
import type { INodePlan, INodeProblem, INodeStart } from './nodeProblem.js';
import { type INodeSearchLimit, OrderSearch, UNITS } from './orderSearch.js';

/** What a search found out about a makespan. */
export interface INodeDecision {
  /** `unknown` when the limit was reached, or when there are too many sets of jobs to tell apart. */
  answer: 'feasible' | 'infeasible' | 'unknown';
  /** When `feasible`. */
  plan?: INodePlan;
  /** States visited. */
  nodes: number;
}

/** Share of itself, and seconds, by which a target is raised, so that rounding cannot hide a plan that just meets it. */
const ROUNDING = 1e-11;

/**
 * Whether all jobs can be done within `target` seconds. `infeasible` is a proof; a plan found may be longer than the
 * target by a share of 1e-11, or by that many seconds.
 */
export function decideNode(
  problem: INodeProblem,
  target: number,
  limit: INodeSearchLimit,
  filling = new DeviceFilling(problem, raised(target))
): INodeDecision {
  if (!filling.exact) {
    return { answer: 'unknown', nodes: 0 };
  }
  const unit = raised(target) / UNITS;
  const free = problem.free.map(time => (time === 0 ? 0 : Math.max(1, Math.floor(time / unit))));
  const atStart = problem.free.filter(time => time === 0).length;
  const first: INodeStart[] = [];
  const last: INodeStart[] = [];
  const types = problem.types.map((type, index) => {
    const configs = type.configs.map(config => {
      const seconds = Math.floor(config.seconds / unit);
      return {
        ...config,
        seconds: config.onlyAtStart && config.seconds > 0 ? Math.max(1, seconds) : seconds
      };
    });
    const instant = configs.findIndex(
      ({ devices, seconds, onlyAtStart }) =>
        seconds === 0 && devices <= (onlyAtStart === true ? atStart : free.length)
    );
    if (instant < 0) {
      return { count: type.count, configs };
    }
    const starts = configs[instant]!.onlyAtStart === true ? first : last;
    for (let i = 0; i < type.count; i++) {
      starts.push({ type: index, config: instant });
    }
    return { count: 0, configs };
  });
  const search = new OrderSearch({ free, types }, limit, filling, unit);
  const answer = search.run();
  if (answer !== 'feasible') {
    return { answer, nodes: search.nodes };
  }
  // Jobs without duration need no search.
  const order = [...first, ...search.order(), ...last];
  const lanes = new Lanes(problem.free);
  for (const { type, config } of order) {
    const { devices, seconds } = problem.types[type]!.configs[config]!;
    lanes.place(devices, seconds);
  }
  return { answer, plan: { order, makespan: lanes.end }, nodes: search.nodes };
}

function raised(target: number): number {
  return target * (1 + ROUNDING) + ROUNDING;
}
