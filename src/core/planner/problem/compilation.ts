import { sharesOf } from '../../model/schedule/deviceRuns.js';
import type { PlanRequest, PlanTask } from '../../wire/messages.js';
import {
  configOf,
  isFree,
  isOnAnyDevices,
  leavingSeconds,
  type Placement,
  runningOption,
  usableConfigs
} from './configuration.js';
import { Eligibilities } from './eligibility.js';
import { kindsOfNodes } from './nodeKinds.js';
import { fastestPerCount, paretoFront, paretoFrontByPlace } from './pareto.js';
import { type IJob, type IPlace, type IPlanNode, type IProblem, partsOf } from './problem.js';
import { addShared } from './sharedTerms.js';
import { keepablePins, missByStaying, staysWithin, termsOf } from './terms.js';
import { unplannedReason } from './unplannedReasons.js';

/** Compile a request that {@link assertRequest} has accepted. */
export function toProblem(request: PlanRequest): IProblem {
  const { switches = 'none' } = request;
  const places = new Eligibilities(request);
  const nodes = request.cluster.nodes.map(node => ({
    id: node.id,
    devices: node.devices.map(device => device.id),
    freeAt: node.devices.map(() => 0),
    kind: 0
  }));
  const problem: IProblem = {
    nodes,
    jobs: [],
    running: [],
    unplanned: [],
    deviceCount: nodes.reduce((sum, node) => sum + node.devices.length, 0),
    largestNode: places.largestNode,
    fusions: [],
    lanes: [],
    budgets: [],
    weighted: request.objective === 'weighted-completion',
    conflicts: [],
    unconstrained: false
  };
  for (const task of request.tasks) {
    const { running } = task;
    // A fused run goes on until all of its tasks are done.
    if (running !== undefined && (switches === 'none' || running.fusion !== undefined)) {
      addRunning(problem, task, running);
      continue;
    }
    const { pins, strayed } = keepablePins(task, places, problem.conflicts);
    const usable = usableConfigs(task, places, pins);
    if (running !== undefined && usable.length === 0) {
      addRunning(problem, task, running);
    } else if (usable.length === 0) {
      problem.unplanned.push({ task: task.name, reason: unplannedReason(task, places) });
    } else {
      const { release, deadline } = termsOf(task);
      const job: IJob = {
        name: task.name,
        steps: task.steps,
        configs: usable.every(isFree) ? paretoFront(usable) : paretoFrontByPlace(usable),
        perCount: fastestPerCount(usable),
        release,
        deadline,
        weight: task.weight ?? 1,
        strayed,
        leaving: leavingSeconds(task),
        lanes: []
      };
      if (release === 0 && staysWithin(running, pins)) {
        job.current = placeOf(task, running, nodes);
      }
      problem.jobs.push(job);
    }
  }
  addFusions(problem, request, places);
  addShared(problem, request);
  const kinds = kindsOfNodes(
    problem.jobs.flatMap(({ configs }) => configs),
    nodes.length
  );
  for (const [index, node] of nodes.entries()) {
    node.kind = kinds[index]!;
  }
  problem.unconstrained = isPlain(problem);
  return problem;
}

function isPlain({ jobs, running, fusions, lanes, budgets, weighted }: IProblem): boolean {
  return (
    !weighted &&
    fusions.length === 0 &&
    lanes.length === 0 &&
    budgets.length === 0 &&
    running.every(({ deadline }) => deadline === Infinity) &&
    jobs.every(
      ({ configs, current, release, deadline }) =>
        release === 0 &&
        deadline === Infinity &&
        current?.elsewhere === undefined &&
        configs.every(isOnAnyDevices)
    )
  );
}

function placeOf(task: PlanTask, running: Placement, nodes: IPlanNode[]): IPlace {
  const [first, ...elsewhere] = sharesOf(running).map(share => {
    const node = nodes.findIndex(candidate => candidate.id === share.node);
    return { node, devices: share.devices.map(device => nodes[node]!.devices.indexOf(device)) };
  });
  return {
    config: configOf(runningOption(task, running), task.steps, 0),
    ...first!,
    ...(elsewhere.length > 0 && { elsewhere })
  };
}

/** A task that stays where it runs, and the constraints it thereby fails to meet. */
function addRunning({ running: all, nodes, conflicts }: IProblem, task: PlanTask, running: Placement): void {
  const { name, steps, weight = 1 } = task;
  const place = placeOf(task, running, nodes);
  const { deadline } = termsOf(task);
  const known = all.find(({ fusion }) => fusion !== undefined && fusion.name === running.fusion);
  if (known === undefined) {
    const fusion = running.fusion === undefined ? {} : { fusion: { name: running.fusion, others: [] } };
    all.push({ name, steps, deadline, weight, ...place, ...fusion });
  } else {
    known.fusion!.others.push({ name, steps });
    known.deadline = Math.min(known.deadline, deadline);
    known.weight += weight;
    known.config = known.config.seconds < place.config.seconds ? place.config : known.config;
  }
  const { seconds } = (known ?? place).config;
  for (const { node, devices } of partsOf(place)) {
    for (const device of devices) {
      nodes[node]!.freeAt[device] = seconds;
    }
  }
  missByStaying(task, conflicts);
}

/** Fused runs of tasks that do not run yet, each of which could also run by itself, under the pins of all. */
function addFusions(problem: IProblem, request: PlanRequest, places: Eligibilities): void {
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const index = new Map(problem.jobs.map(({ name }, job) => [name, job]));
  for (const { tasks: names, options } of request.fusions ?? []) {
    const own = names.map(name => tasks.get(name)!);
    if (!own.every(({ name, running }) => index.has(name) && running === undefined)) {
      continue;
    }
    const steps = own.reduce((most, task) => Math.max(most, task.steps), 0);
    const pins = own.flatMap(task => termsOf(task).pins);
    const configs = options.flatMap(option => {
      const eligibility = places.of(option, pins);
      return eligibility === undefined ? [] : [configOf(option, steps, option.startSeconds, eligibility)];
    });
    if (configs.length > 0) {
      const members = names.map(name => index.get(name)!).sort((a, b) => a - b);
      problem.fusions.push({ name: names.join('+'), members, configs: paretoFrontByPlace(configs) });
      for (const conflict of problem.conflicts) {
        conflict.proven &&= !names.includes(conflict.task!);
      }
    }
  }
}
