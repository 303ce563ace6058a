import type { LoadHighs } from '../paper/figures.js';
import { type IPolicy, plannerPolicy, rulePolicy } from '../simulation/policy.js';
import type { IWay } from './play.js';

/** The paper's introspection: seconds between looks, and seconds a new plan must gain. */
const INTERVAL = 1000;
const THRESHOLD = 500;

/** How the bench's own policies ask the planner. */
const FIRST = { iterations: 30_000 };
const LATER = { iterations: 2000 };

/** What is told with `run` where tasks stay where they are, or move as the bench says. */
const STAYING = { switches: 'never' };

export type WayName = 'current' | 'random' | 'optimus' | 'once' | 'moves' | 'interval' | 'cold';

/**
 * The policies by name: what is run for real, and what the simulator is given in its place.
 *
 * @param scale - how many times as short as the paper's everything is.
 */
export function waysAt(scale: number, loadHighs: LoadHighs): Record<WayName, IWay & { simulated: IPolicy }> {
  const rule = (name: string, policy: IPolicy) => ({
    name,
    policy,
    run: STAYING,
    simulated: policy
  });
  const once = plannerPolicy({ budget: FIRST, loadHighs });
  const moves = plannerPolicy({ budget: FIRST, laterBudget: LATER, switches: 'running', loadHighs });
  const interval = plannerPolicy({
    budget: FIRST,
    laterBudget: LATER,
    switches: 'running',
    interval: INTERVAL / scale,
    threshold: THRESHOLD / scale,
    atEnds: false,
    loadHighs
  });
  return {
    current: rule('current practice', rulePolicy('current-practice')),
    random: rule('random', rulePolicy('random')),
    optimus: rule('optimus-greedy', { ...rulePolicy('optimus-dynamic'), interval: INTERVAL / scale }),
    interval: rule('fixed interval', interval),
    once: { name: 'planned once', run: STAYING, simulated: once },
    moves: { name: 'introspection', run: { switches: 'pays' }, simulated: moves },
    cold: { name: 'nothing known', run: STAYING, cold: true, simulated: once }
  };
}
