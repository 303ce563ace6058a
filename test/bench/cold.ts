/**
 * `npm run bench -- cold`: runs of which nothing is known beforehand, on virtual time: how long they take beside one that knows
 * all speeds and beside one that profiles first, or gives each task as few devices as it can. The paper's tasks, their speeds drawn
 * anew each time, as short as so many starts; `-- --draws 5` is shorter, `-- --lengths 20,160` are some of the lengths.
 */
import { parseArgs } from 'node:util';
import { strategyKey } from '../../src/core/model/strategy.js';
import { mulberry32 } from '../../src/core/planner/common/random.js';
import { type IWorld, live } from '../unit/session/world.js';
import {
  type IOverheads,
  known,
  paperScene,
  withCellErrors,
  withCommonErrors,
  withEnds
} from './live/scenes.js';
import { WORKLOADS, type WorkloadName } from './paper/instances.js';
import { rulePolicy } from './simulation/policy.js';
import { type IScenario, normal, trueStepSeconds } from './simulation/scenario.js';
import { simulate } from './simulation/simulator.js';

const { values: flags } = parseArgs({
  options: {
    draws: { type: 'string', default: '40' },
    from: { type: 'string', default: '1' },
    lengths: { type: 'string', default: '20,40,80,160' },
    workloads: { type: 'string', default: WORKLOADS.join() },
    ways: { type: 'string', default: 'known,min,profiled,cold' }
  }
});

/** What the work of all tasks takes at best, all devices busy, is counted in these, in seconds. */
const START_UP = 0.4;

const OVERHEADS: IOverheads = {
  start: devices => 0.28 + 0.03 * devices,
  end: devices => 0.06 + 0.02 * devices
};

/** How far drawn speeds lie from the paper's, as standard deviations of logarithms: those of a task in common, and each. */
const VARIETY = { tasks: 0.3, cells: 0.1 };

/** Steps of each task, and by how much two measurements of the same differ. */
const STEPS = 400;
const NOISE = 0.02;

/** How long the planner looks, in iterations, and what a question takes that is asked for so many, in seconds. */
const BUDGETS = { first: { iterations: 4000 }, later: { iterations: 1500 } };
const PLANNING_SECONDS = 0.1;

type Way = 'known' | 'min' | 'profiled' | 'cold';

const ways = flags.ways.split(',') as Way[];
for (const workload of flags.workloads.split(',') as WorkloadName[]) {
  for (const length of flags.lengths.split(',').map(Number)) {
    const runs: Record<string, number>[] = [];
    for (let draw = Number(flags.from); draw < Number(flags.from) + Number(flags.draws); draw++) {
      const scenario = drawn(workload, length * START_UP, draw);
      const run: Record<string, number> = {};
      for (const way of ways) {
        run[way] = await secondsOf(way, scenario, draw);
      }
      runs.push(run);
      console.log(JSON.stringify({ workload, length, draw, ...run }));
    }
    summarise(`${workload}, ${length} start-ups`, runs);
  }
}

/** The paper's tasks with speeds of their own, and so short that their work takes so many seconds at best. */
function drawn(workload: WorkloadName, seconds: number, draw: number): IScenario {
  const common = known(withCommonErrors(paperScene(workload, 1), VARIETY.tasks, draw));
  const scenario = known(withCellErrors(common, VARIETY.cells, 1000 + draw));
  const devices = scenario.cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
  const work = scenario.tasks.reduce((sum, { task: { steps, options } }) => {
    const least = options.map(({ strategy, stepSeconds }) => stepSeconds * steps * strategy.devices);
    return sum + Math.min(...least) / devices;
  }, 0);
  const tasks = scenario.tasks.map(({ task, ...entry }) => {
    const times = (task.steps / STEPS) * (seconds / work);
    const options = task.options.map(({ strategy, stepSeconds }) => ({
      strategy,
      stepSeconds: stepSeconds * times,
      startSeconds: OVERHEADS.start(strategy.devices),
      stopSeconds: OVERHEADS.end(strategy.devices)
    }));
    return { ...entry, task: { ...task, steps: STEPS, options } };
  });
  return { ...scenario, tasks };
}

/** Seconds until all tasks are done, from when it is known what they are. */
async function secondsOf(way: Way, scenario: IScenario, draw: number): Promise<number> {
  if (way === 'min') {
    return (await simulate(withEnds(scenario), rulePolicy('min'))).makespan;
  }
  const random = mulberry32(draw);
  const strategies = scenario.tasks.flatMap(({ task }) => task.options.map(({ strategy }) => strategy));
  const world: IWorld = {
    devices: 8,
    strategies: [...new Map(strategies.map(one => [strategyKey(one), one])).values()],
    costs: (_, { devices }) => ({
      startSeconds: OVERHEADS.start(devices),
      saveSeconds: OVERHEADS.end(devices)
    }),
    budgets: BUDGETS,
    fates: [],
    ambushes: [],
    cramped: false,
    profiledFirst: way === 'profiled',
    planningSeconds: ({ budget }) => budget?.seconds ?? PLANNING_SECONDS,
    timed: seconds => seconds * Math.exp(NOISE * normal(random)),
    tasks: scenario.tasks.map(entry => {
      const speeds = entry.task.options.map(({ strategy }): [string, number] => [
        strategyKey(strategy),
        trueStepSeconds(entry, strategy)
      ]);
      return {
        name: entry.task.name,
        signature: entry.signature,
        steps: entry.task.steps,
        believed: new Map(speeds),
        truth: new Map(speeds),
        arrival: 0,
        unknown: way !== 'known'
      };
    })
  };
  const { sim } = await live(world, 'pays');
  const inspected = sim.log.filter(({ event }) => event.kind === 'inspected').map(({ time }) => time);
  return sim.time - Math.max(...inspected);
}

/** How much longer a run of which nothing is known takes than one that knows all, and than the better of the others. */
function summarise(title: string, runs: readonly Record<string, number>[]): void {
  const tell = (ratios: number[]): string => {
    const sorted = ratios.filter(Number.isFinite).sort((a, b) => a - b);
    const mean = sorted.reduce((sum, ratio) => sum + ratio, 0) / sorted.length;
    return `${mean.toFixed(3)}, at most ${(sorted.at(-1) ?? Number.NaN).toFixed(3)}`;
  };
  const cold = (run: Record<string, number>): number => run.cold ?? Number.NaN;
  const others = (run: Record<string, number>): number =>
    Math.min(run.min ?? Infinity, run.profiled ?? Infinity);
  console.log(`${title}: of knowing all ${tell(runs.map(run => cold(run) / (run.known ?? Number.NaN)))}`);
  console.log(`${title}: of the better of others ${tell(runs.map(run => cold(run) / others(run)))}`);
}
