import type { Highs } from 'highs';
import { RULES } from '../../../src/core/planner/baselines/baselines.js';
import { plan } from '../../../src/core/planner/plan.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import type { Baseline, PlanOption, PlanRequest } from '../../../src/core/wire/messages.js';
import { checkHistory, type IHistory } from '../simulation/history.js';
import { type IPolicy, plannerPolicy, rulePolicy } from '../simulation/policy.js';
import { type IScenario, withErrors } from '../simulation/scenario.js';
import { simulate } from '../simulation/simulator.js';
import { type ClusterName, instance, signatureOfTask, type WorkloadName } from './instances.js';
import { FIGURE_5, FIGURE_7, FIGURE_8A, type TABLE_5 } from './published.js';

/** How the planner is asked: in iterations, so that the tables are the same on every machine. */
const FIRST = { iterations: 30_000 };
const LATER = { iterations: 2_000 };

/** Draws of what is random. */
const SEEDS = [1, 2, 3];
const RANDOM_PLANS = Array.from({ length: 10 }, (_, seed) => seed + 1);

/** Share by which a profile is off where estimates are not exact. */
export const ERROR = 0.1;

/** The same for the columns of figure 7. */
export const ERRORS = [ERROR, 0.3];

/** The paper's introspection: seconds between looks, and seconds a new plan must gain. */
const INTERVAL = 1000;
const THRESHOLD = 500;

/** Loads HiGHS; the planner works without it too. */
export type LoadHighs = () => Promise<Highs>;

/** One setting of a figure: hours per policy, ours and the paper's. */
export interface IRow<P extends string = string> {
  setting: `${ClusterName} ${WorkloadName}`;
  ours: Record<P, number>;
  paper: Partial<Record<P, number>>;
}

export type Policy5 = 'random' | 'min' | 'max' | 'greedy' | 'saturn' | 'bound';
export type Policy8 =
  | 'current'
  | 'random'
  | 'static'
  | 'dynamic'
  | 'oneShot'
  | 'saturn'
  | 'weighed'
  | 'planned';

/** Figure 5: one-shot plans as planned. */
export async function figure5(loadHighs: LoadHighs): Promise<IRow<Policy5>[]> {
  const rows: IRow<Policy5>[] = [];
  for (const [setting, paper] of settings(FIGURE_5)) {
    const request = requestOf(setting);
    const made = await plan({ ...request, budget: FIRST }, { loadHighs });
    const baseline = (name: Baseline['name']) => made.baselines.find(other => other.name === name)!.makespan;
    rows.push({
      setting,
      paper,
      ours: inHours({
        random: randomPlan(request),
        min: baseline('min'),
        max: baseline('max'),
        greedy: baseline('optimus-static'),
        saturn: made.makespan,
        bound: made.lowerBound
      })
    });
  }
  return rows;
}

/** Figure 8(A): simulated runs with switch costs and estimates that are off. */
export async function figure8(loadHighs: LoadHighs): Promise<IRow<Policy8>[]> {
  const look = { interval: INTERVAL, budget: FIRST, laterBudget: LATER, loadHighs };
  const policies: Record<Policy8, IPolicy[]> = {
    current: [rulePolicy('current-practice')],
    random: RANDOM_PLANS.map(seed => rulePolicy('random', seed)),
    static: [rulePolicy('optimus-static')],
    dynamic: [{ ...rulePolicy('optimus-dynamic'), interval: INTERVAL }],
    oneShot: [plannerPolicy({ budget: FIRST, loadHighs })],
    saturn: [plannerPolicy({ ...look, switches: 'running', threshold: THRESHOLD, atEnds: false })],
    weighed: [plannerPolicy({ ...look, switches: 'running' })],
    planned: [plannerPolicy({ ...look, switches: 'planned' })]
  };
  const rows: IRow<Policy8>[] = [];
  for (const [setting, paper] of settings(FIGURE_8A)) {
    const exact = scenarioOf(requestOf(setting));
    const ours = {} as Record<Policy8, number>;
    for (const [name, each] of Object.entries(policies) as [Policy8, IPolicy[]][]) {
      const spans: number[] = [];
      for (const seed of SEEDS) {
        for (const policy of each) {
          spans.push((await checked(withErrors(exact, ERROR, seed), policy)).makespan);
        }
      }
      ours[name] = mean(spans);
    }
    rows.push({ setting, paper, ours: inHours(ours) });
  }
  return rows;
}

/** One point of figure 7: hours and switches. */
export interface IPoint {
  knob: 'interval' | 'threshold';
  seconds: number;
  paper: number;
  /** As in the paper: exact estimates, switches cost nothing. */
  free: { hours: number; switches: number };
  /** Switches cost what the profile says, and estimates are off, by each of {@link ERRORS}. */
  real: IPoint['free'][];
}

/** Figure 7: how often to look, and how much a new plan must gain. */
export async function figure7(loadHighs: LoadHighs): Promise<IPoint[]> {
  const exact = scenarioOf(requestOf('8 txt'));
  const gratis = withoutCosts(exact);
  const points: IPoint[] = [];
  for (const knob of ['interval', 'threshold'] as const) {
    for (const [key, paper] of Object.entries(FIGURE_7[knob])) {
      const seconds = Number(key);
      const policy = plannerPolicy({
        switches: 'running',
        atEnds: false,
        interval: knob === 'interval' ? seconds : INTERVAL,
        threshold: knob === 'threshold' ? seconds : THRESHOLD,
        budget: FIRST,
        laterBudget: LATER,
        loadHighs
      });
      const real: IPoint['free'][] = [];
      for (const error of ERRORS) {
        const histories: IHistory[] = [];
        for (const seed of SEEDS) {
          histories.push(await checked(withErrors(exact, error, seed), policy));
        }
        real.push({
          hours: mean(histories.map(({ makespan }) => makespan)) / 3600,
          switches: mean(histories.map(({ switches }) => switches))
        });
      }
      const { makespan, switches } = await checked(gratis, policy);
      points.push({ knob, seconds, paper, free: { hours: makespan / 3600, switches }, real });
    }
  }
  return points;
}

/** Table 5: hours as one part of the planner after another is added. */
export async function table5(
  loadHighs: LoadHighs
): Promise<Record<keyof typeof TABLE_5 | 'planned', number>> {
  const scenario = withoutCosts(scenarioOf(requestOf('8 txt')));
  const all: PlanRequest = {
    ...requestOf('8 txt'),
    tasks: scenario.tasks.map(({ task }) => task),
    budget: FIRST
  };
  const only = (keep: (option: PlanOption) => boolean): PlanRequest => ({
    ...all,
    tasks: all.tasks.map(task => ({ ...task, options: task.options.filter(keep) }))
  });
  const offload = ({ strategy }: PlanOption) => strategy.knobs?.offload === true;
  const fixed = only(option => offload(option) && option.strategy.devices === 4);
  const options = {
    switches: 'running',
    interval: INTERVAL,
    budget: FIRST,
    laterBudget: LATER,
    loadHighs
  } as const;
  const introspective = plannerPolicy({ ...options, threshold: THRESHOLD, atEnds: false });
  const makespan = async (request: PlanRequest) => (await plan(request, { loadHighs })).makespan;
  return inHours({
    base: randomPlan(fixed),
    order: await makespan(fixed),
    allocation: await makespan(only(offload)),
    parallelism: await makespan(all),
    introspection: (await checked(scenario, introspective)).makespan,
    planned: await makespan({ ...all, switches: 'planned' })
  });
}

function requestOf(setting: string): PlanRequest {
  const [cluster, workload] = setting.split(' ') as [ClusterName, WorkloadName];
  return instance(workload, cluster);
}

function scenarioOf(request: PlanRequest): IScenario {
  const tasks = request.tasks.map(task => ({ task, signature: signatureOfTask(task) }));
  return { cluster: request.cluster, tasks };
}

function withoutCosts(scenario: IScenario): IScenario {
  const free = (option: PlanOption) => ({ ...option, startSeconds: 0, stopSeconds: 0 });
  return {
    ...scenario,
    tasks: scenario.tasks.map(entry => ({
      ...entry,
      task: { ...entry.task, options: entry.task.options.map(free) }
    }))
  };
}

async function checked(scenario: IScenario, policy: IPolicy): Promise<IHistory> {
  const history = await simulate(scenario, policy);
  const wrong = checkHistory(scenario, history);
  if (wrong.length > 0) {
    throw new Error(`${policy.name}: ${wrong.join(' ')}`);
  }
  return history;
}

function randomPlan(request: PlanRequest): number {
  const problem = toProblem(request);
  return mean(RANDOM_PLANS.map(seed => RULES.random(problem, seed).makespan));
}

function settings<T>(figure: Record<string, T>): [IRow['setting'], T & IRow['paper']][] {
  return Object.entries(figure) as [IRow['setting'], T & IRow['paper']][];
}

function inHours<K extends string>(seconds: Record<K, number>): Record<K, number> {
  return Object.fromEntries(
    Object.entries<number>(seconds).map(([name, value]) => [name, value / 3600])
  ) as Record<K, number>;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
