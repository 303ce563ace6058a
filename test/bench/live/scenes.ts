import { strategyKey } from '../../../src/core/model/strategy.js';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import type { Cluster, PlanOption, Strategy } from '../../../src/core/wire/messages.js';
import { instance, signatureOfTask, type WorkloadName } from '../paper/instances.js';
import { type IScenario, type IScenarioTask, normal, withErrors } from '../simulation/scenario.js';

/** What runs cost besides their steps, in seconds, by the number of devices. */
export interface IOverheads {
  /** From asking for ranks to their first step. */
  start: (devices: number) => number;
  /** From the last step until the devices are free: a checkpoint is written. */
  end: (devices: number) => number;
}

const NOTHING: IOverheads = { start: () => 0, end: () => 0 };

/** No step is shorter than this many seconds: what the process does besides sleeping must fit in. */
const SHORTEST_STEP = 0.08;

/** No task has more steps, however long it is: it would only make work for the processors. */
const MOST_STEPS = 400;

/** Before the name of each task: the host's function of that name makes them. */
const PREFIX = 'task-';

/**
 * One of the paper's settings on one node, its hours so many times as short.
 *
 * @param overheads - what starts and ends truly cost; in proportion to the paper's, with all of its steps, when absent.
 */
export function paperScene(workload: WorkloadName, scale: number, overheads?: IOverheads): IScenario {
  const request = instance(workload, '8');
  const tasks = request.tasks.map((task): IScenarioTask => {
    const fastest = Math.min(...task.options.map(option => option.stepSeconds));
    const most = Math.floor((task.steps * fastest) / scale / SHORTEST_STEP);
    const steps = overheads ? Math.min(MOST_STEPS, Math.max(1, most)) : task.steps;
    const options = task.options.map(
      ({ strategy, stepSeconds, startSeconds, stopSeconds = 0 }): PlanOption => ({
        strategy: sleepingStrategy(strategy),
        stepSeconds: (stepSeconds * task.steps) / scale / steps,
        startSeconds: overheads?.start(strategy.devices) ?? startSeconds / scale,
        stopSeconds: overheads?.end(strategy.devices) ?? stopSeconds / scale
      })
    );
    return { task: { name: PREFIX + task.name, steps, options }, signature: signatureOfTask(task) };
  });
  return { cluster: virtualCluster(8), tasks };
}

/** Four tasks on four devices: a few seconds in all, or so many times as long. */
export function smallScene(overheads = NOTHING, times = 1): IScenario {
  const task = (name: string, seconds: number, steps: number, alpha: number): IScenarioTask => ({
    signature: name.slice(0, 1),
    task: {
      name: PREFIX + name,
      steps: times * steps,
      options: [1, 2, 3, 4].map(devices => ({
        strategy: { technique: 'sleeping', devices, knobs: { variant: 'plain' } },
        stepSeconds: seconds / devices ** alpha,
        startSeconds: overheads.start(devices),
        stopSeconds: overheads.end(devices)
      }))
    }
  });
  return {
    cluster: virtualCluster(4),
    tasks: [
      task('a1', 0.3, 15, 0.8),
      task('a2', 0.3, 15, 0.8),
      task('b', 0.5, 15, 0.6),
      task('c', 0.2, 10, 0.3)
    ]
  };
}

/** Steps of each task of a sweep with a rule, and after which of them two of three are given up. */
const LAST = 243;
const RUNGS = [27, 81] as const;

/**
 * A sweep of twelve tasks on eight devices with a rule: of three tasks two end at the first rung, and of those that are left
 * two of three at the second.
 *
 * @param scale - how many times as short as some four minutes for a task that trains to its end on one device.
 */
export function stopsScene(scale: number, seed: number, overheads = NOTHING): IScenario {
  const random = mulberry32(seed);
  const order = Array.from({ length: 12 }, () => random());
  const places = order.map(number => order.filter(other => other < number).length);
  const tasks = places.map((place, index): IScenarioTask => {
    const seconds = Math.exp(0.4 * normal(random)) / scale;
    const alpha = 0.6 + 0.3 * random();
    const rung = place < 8 ? RUNGS[0] : place < 11 ? RUNGS[1] : undefined;
    return {
      signature: String(index),
      task: {
        name: `${PREFIX}${index}`,
        steps: LAST,
        options: [1, 2, 3, 4, 6, 8].map(devices => ({
          strategy: { technique: 'sleeping', devices, knobs: { variant: 'plain' } },
          stepSeconds: Math.max(SHORTEST_STEP, seconds / devices ** alpha),
          startSeconds: overheads.start(devices),
          stopSeconds: overheads.end(devices)
        }))
      },
      ...(rung !== undefined && { endsAfter: rung })
    };
  });
  return { cluster: virtualCluster(8), tasks, rule: { eta: RUNGS[1] / RUNGS[0], first: RUNGS[0] } };
}

/** The same world to somebody who knows where each task ends. */
export function clairvoyant({ rule: _, ...scenario }: IScenario): IScenario {
  const tasks = scenario.tasks.map(({ endsAfter, ...entry }): IScenarioTask => {
    const steps = Math.min(entry.task.steps, endsAfter ?? Infinity);
    return { ...entry, task: { ...entry.task, steps } };
  });
  return { ...scenario, tasks };
}

/** Two tasks of some steps for each number of devices, which they need. */
export function probeScene(devices: number): IScenario {
  const tasks = Array.from({ length: 2 * devices }, (_, index): IScenarioTask => {
    const count = 1 + (index % devices);
    const strategy: Strategy = { technique: 'sleeping', devices: count, knobs: { variant: 'plain' } };
    const option = { strategy, stepSeconds: SHORTEST_STEP, startSeconds: 0 };
    return { signature: String(count), task: { name: `${PREFIX}${index}`, steps: 20, options: [option] } };
  });
  return { cluster: virtualCluster(devices), tasks };
}

/** The same, with what is believed of each task off by a factor that all its cells share. */
export function withCommonErrors(scenario: IScenario, spread: number, seed: number): IScenario {
  const random = mulberry32(seed);
  const factors = new Map<string, number>();
  const tasks = scenario.tasks.map((entry): IScenarioTask => {
    const factor = factors.get(entry.signature) ?? Math.exp(spread * normal(random));
    factors.set(entry.signature, factor);
    const { options } = entry.task;
    const truth = options.map(({ strategy, stepSeconds }): [string, number] => [
      strategyKey(strategy),
      factor * stepSeconds
    ]);
    return { ...entry, truth: new Map(truth) };
  });
  return { ...scenario, tasks };
}

/** The same with errors of single cells. */
export { withErrors as withCellErrors };

/** The same world to somebody who knows the truth. */
export function known(scenario: IScenario): IScenario {
  const tasks = scenario.tasks.map(({ truth, ...entry }): IScenarioTask => {
    const options = entry.task.options.map(option => ({
      ...option,
      stepSeconds: truth?.get(strategyKey(option.strategy)) ?? option.stepSeconds
    }));
    return { ...entry, task: { ...entry.task, options } };
  });
  return { ...scenario, tasks };
}

/**
 * The same with some tasks that end before their last step, and some that come later.
 *
 * @param ends - indices of tasks that end, with the share of steps they make.
 * @param arrivals - indices of tasks that come, with the second in which they do.
 */
export function withChanges(
  scenario: IScenario,
  ends: Readonly<Record<number, number>>,
  arrivals: Readonly<Record<number, number>>
): IScenario {
  const tasks = scenario.tasks.map((entry, index): IScenarioTask => {
    const share = ends[index];
    const arrival = arrivals[index];
    return {
      ...entry,
      ...(share === undefined ? {} : { endsAfter: Math.max(1, Math.round(share * entry.task.steps)) }),
      ...(arrival === undefined ? {} : { arrival })
    };
  });
  return { ...scenario, tasks };
}

/** The same for the simulator, in which a task that has made its last step is over at once: starts cost what ends do, too. */
export function withEnds(scenario: IScenario): IScenario {
  const tasks = scenario.tasks.map((entry): IScenarioTask => {
    const options = entry.task.options.map(option => ({
      ...option,
      startSeconds: option.startSeconds + (option.stopSeconds ?? 0),
      stopSeconds: 0
    }));
    return { ...entry, task: { ...entry.task, options } };
  });
  return { ...scenario, tasks };
}

/** How the bench's technique is told to take as long as another. */
function sleepingStrategy({ technique, devices, knobs = {} }: Strategy): Strategy {
  const words = Object.keys(knobs).sort();
  return { technique: 'sleeping', devices, knobs: { variant: [technique, ...words].join('-') } };
}

function virtualCluster(count: number): Cluster {
  const devices = Array.from({ length: count }, (_, index) => ({
    id: `cpu${index}`,
    kind: 'cpu' as const,
    name: `device ${index}`,
    memoryBytes: 2 ** 30
  }));
  return { nodes: [{ id: 'local', devices }] };
}
