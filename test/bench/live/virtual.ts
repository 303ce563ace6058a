import { strategyKey } from '../../../src/core/model/strategy.js';
import type { SwitchPolicy } from '../../../src/core/wire/messages.js';
import { type IWorld, live } from '../../unit/session/world.js';
import { type IRungs, type IScenario, type IScenarioTask, trueStepSeconds } from '../simulation/scenario.js';
import { simulate } from '../simulation/simulator.js';
import { withEnds } from './scenes.js';
import type { IPlayedWay } from './ways.js';

/** How long the planner looks, on every machine: about what the session's seconds are on a quiet one. */
const BUDGETS = { first: { iterations: 20_000 }, later: { iterations: 5000 } };

/** What a run is like on virtual time. */
export interface IVirtualRun {
  /** From the start of training to the end of the last task. */
  makespan: number;
  switches: number;
}

/** Run a scenario on virtual time: with the session itself where it plans, else with the policy in its place. */
export async function playVirtually(scenario: IScenario, way: IPlayedWay): Promise<IVirtualRun> {
  const changes = scenario.tasks.some(({ endsAfter, arrival }) => endsAfter !== undefined || arrival);
  return way.switches === undefined || (changes && !scenario.rule)
    ? simulate(withEnds(scenario), way.simulated)
    : sessionIn(scenario, way.switches);
}

async function sessionIn(scenario: IScenario, switches: SwitchPolicy): Promise<IVirtualRun> {
  const { sim, moves } = await live(worldOf(scenario), switches);
  return { makespan: sim.time - sim.session.state.run!.startedAt, switches: moves };
}

function worldOf({ cluster, tasks, rule }: IScenario): IWorld {
  const options = new Map(
    tasks.flatMap(({ task }) => task.options.map(option => [strategyKey(option.strategy), option]))
  );
  return {
    devices: cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0),
    strategies: [...options.values()].map(({ strategy }) => strategy),
    costs: (task, strategy) => {
      const own = tasks.find(entry => entry.task.name === task)!.task.options;
      const { startSeconds, stopSeconds = 0 } = own.find(
        option => strategyKey(option.strategy) === strategyKey(strategy)
      )!;
      return { startSeconds, saveSeconds: stopSeconds };
    },
    budgets: BUDGETS,
    fates: [],
    ambushes: [],
    cramped: false,
    ...(rule && { sweep: sweepOf(rule, tasks) }),
    tasks: tasks.map(entry => {
      const { name, steps, options: own } = entry.task;
      return {
        name,
        signature: entry.signature,
        steps,
        believed: new Map(own.map(({ strategy, stepSeconds }) => [strategyKey(strategy), stepSeconds])),
        truth: new Map(own.map(({ strategy }) => [strategyKey(strategy), trueStepSeconds(entry, strategy)])),
        arrival: 0
      };
    })
  };
}

/** Who is to end at a rung is no good there; of the others each is better than those before it. */
function sweepOf(rule: IRungs, tasks: readonly IScenarioTask[]): IWorld['sweep'] {
  const ends = new Map(tasks.map(({ task, endsAfter }) => [task.name, endsAfter ?? Infinity]));
  const stop = { kind: 'asha', ...rule } as const;
  return {
    spec: { name: 'fn', space: { x: { values: [1] } }, search: 'grid', seed: 0, stop },
    loss: (task, step, time) => (step >= ends.get(task)! ? null : -time)
  };
}
