import { RULES } from '../../../src/core/planner/baselines/baselines.js';
import type { IPlanOptions } from '../../../src/core/planner/common/planOptions.js';
import { plan } from '../../../src/core/planner/plan.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import { toSegments } from '../../../src/core/planner/schedule/schedule.js';
import type { Baseline, PlanBudget, PlanRequest, Segment } from '../../../src/core/wire/messages.js';

/**
 * Why a policy is asked. `start`, and `change` (a task or a device came or went): it has to answer. `end` (a task
 * ended) and `interval`: it may leave everything as it is.
 */
export type Moment = 'start' | 'change' | 'end' | 'interval';

/** Decides who runs where. It sees what a real planner would: estimates, never the truth. */
export interface IPolicy {
  readonly name: string;
  /** Seconds between two looks at how things are; none when absent. */
  readonly interval?: number;
  /** Whether it wants to be asked when a task ends. */
  readonly atEnds?: boolean;
  /**
   * @param request - all tasks under way with what is left of them, the devices that are there, and as `previous` the
   * plan being followed, its times from now on by present estimates.
   * @returns a plan that covers all of them, its times from now on; nothing to go on with the one there is.
   */
  plan(request: PlanRequest, moment: Moment): Promise<Segment[] | undefined>;
}

/** A simple rule. Those that interrupt tasks are asked again whenever a task ends. */
export function rulePolicy(name: Baseline['name'], seed = 1): IPolicy {
  const dynamic = name === 'optimus-dynamic';
  return {
    name,
    atEnds: dynamic,
    plan: async request => {
      const problem = toProblem({ ...request, switches: dynamic ? 'running' : 'none' });
      return toSegments(problem, RULES[name](problem, seed));
    }
  };
}

/** How the planner is asked. */
export interface IPlannerPolicyOptions extends Pick<IPlanOptions, 'loadHighs'> {
  name?: string;
  /** `none`: plan once, and again only for changes. `running`: look again. `planned`: switches may also be planned. */
  switches?: NonNullable<PlanRequest['switches']>;
  /** Seconds between looks. */
  interval?: number;
  /** Whether it also looks when a task ends; with `running` and `planned` it does unless told otherwise. */
  atEnds?: boolean;
  /**
   * Seconds by which a new plan must be shorter than the present one to replace it, as in the Saturn paper (section
   * 4.4); without it the planner weighs the cost of every switch itself.
   */
  threshold?: number;
  budget?: PlanBudget;
  /** Budget of each later look; that of the first plan when absent. */
  laterBudget?: PlanBudget;
  seed?: number;
}

/** The planner. */
export function plannerPolicy(options: IPlannerPolicyOptions = {}): IPolicy {
  const { switches = 'none', interval, threshold, budget = {}, seed = 1 } = options;
  return {
    name: options.name ?? `planner, switches ${switches}`,
    interval,
    atEnds: options.atEnds ?? switches !== 'none',
    plan: async (request, moment) => {
      const asked: PlanRequest = {
        ...request,
        switches,
        seed,
        budget: moment === 'start' ? budget : (options.laterBudget ?? budget)
      };
      // When it only looks again, what HiGHS adds to an answer without planned switches is not used.
      const useHighs = moment === 'start' || switches === 'planned';
      const made = await plan(asked, useHighs ? { loadHighs: options.loadHighs } : {});
      const optional = moment === 'end' || moment === 'interval';
      const present = (request.previous ?? []).reduce((latest, { end }) => Math.max(latest, end), 0);
      return optional && threshold !== undefined && made.makespan > present - threshold
        ? undefined
        : made.segments;
    }
  };
}
