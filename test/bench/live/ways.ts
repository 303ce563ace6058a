import type { SwitchPolicy } from '../../../src/core/wire/messages.js';
import type { LoadHighs } from '../paper/figures.js';
import { type IPolicy, plannerPolicy, rulePolicy } from '../simulation/policy.js';
import type { IWay } from './play.js';

/** The paper's introspection: seconds between looks, and seconds a new plan must gain. */
const INTERVAL = 1000;
const THRESHOLD = 500;

/** How the bench's own policies ask the planner. */
const FIRST = { iterations: 30_000 };
const LATER = { iterations: 2000 };

/** What the plan made once is called: others are compared with it where estimates are wrong. */
export const ONCE = 'planned once';

export type WayName =
  | 'current'
  | 'random'
  | 'optimus'
  | 'min'
  | 'single'
  | 'once'
  | 'interval'
  | 'waiting'
  | 'moves'
  | 'planned'
  | 'profiled'
  | 'cold';

/** A policy: what is run for real, and what the simulator is given. */
export interface IPlayedWay extends IWay {
  simulated: IPolicy;
  /** How the session itself plans, where it does: it can be simulated as it is. */
  switches?: SwitchPolicy;
}

/**
 * The policies by name.
 *
 * @param scale - how many times as short as the paper's everything is.
 */
export function waysAt(scale: number, loadHighs: LoadHighs): Record<WayName, IPlayedWay> {
  /** A policy of the bench's own: the engine follows its plans. */
  const own = (name: string, policy: IPolicy, switches: SwitchPolicy = 'never'): IPlayedWay => ({
    name,
    policy,
    run: { switches },
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
  const session = (name: string, switches: SwitchPolicy): IPlayedWay => ({
    name,
    switches,
    run: { switches },
    simulated: switches === 'never' ? once : moves
  });
  return {
    current: own('current practice', rulePolicy('current-practice')),
    random: own('random', rulePolicy('random')),
    optimus: own('optimus-greedy', { ...rulePolicy('optimus-dynamic'), interval: INTERVAL / scale }, 'pays'),
    min: own('no profiling, min', rulePolicy('min')),
    single: own('one device each', rulePolicy('min')),
    once: own(ONCE, once),
    interval: own('fixed interval', interval, 'pays'),
    waiting: session('waiting tasks only', 'never'),
    moves: session('introspection', 'pays'),
    planned: session('planned switches', 'planned'),
    profiled: { name: 'profiled first', run: { switches: 'pays' }, cold: 'profiled', simulated: once },
    cold: { name: 'nothing known', run: { switches: 'pays' }, cold: 'trained', simulated: once }
  };
}
