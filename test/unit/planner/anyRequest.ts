import { below, mulberry32, type Random } from '../../../src/core/planner/common/random.js';
import type {
  Fusion,
  Node,
  Plan,
  PlanOption,
  PlanRequest,
  PlanTask,
  Segment
} from '../../../src/core/wire/messages.js';
import { nodesOf } from './planRequests.js';

const chance = (random: Random, share: number) => random() < share;
const between = (random: Random, low: number, high: number) => low + (high - low) * random();
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)]!;

/**
 * A small request of any kind a session puts: equal tasks and unequal ones, nodes that differ in size, speed and
 * memory, tasks that run already, wishes, fused and spanning runs, every rule about switches.
 */
export function anyRequest(seed: number): PlanRequest {
  const random = mulberry32(seed);
  const nodes = anyNodes(random);
  const tasks = anyTasks(random, nodes, 1 + below(random, 9));
  const request: PlanRequest = {
    cluster: { nodes },
    tasks,
    seed,
    budget: { iterations: pick(random, [0, 300, 1500, 1500, 6000]) },
    switches: pick(random, ['none', 'running', 'planned', 'planned'] as const),
    explain: chance(random, 0.1)
  };
  placeSome(random, request);
  if (chance(random, 0.35)) {
    addWishes(random, request);
  }
  if (chance(random, 0.25)) {
    addRule(random, request);
  }
  if (chance(random, 0.3)) {
    fuseSome(random, request);
  }
  return request;
}

/** Let some tasks that do not run be in the midst of one run, on devices that are free. */
function fuseSome(random: Random, { tasks, cluster }: PlanRequest): void {
  const waiting = tasks.filter(({ running, pin }) => running === undefined && pin === undefined);
  const members = waiting.slice(0, 2 + below(random, 3));
  const held = new Set(
    tasks.flatMap(({ running }) => (running?.devices ?? []).map(device => `${running?.node} ${device}`))
  );
  const places = cluster.nodes.flatMap(({ id, devices }) =>
    devices.filter(device => !held.has(`${id} ${device.id}`)).map(device => ({ node: id, device: device.id }))
  );
  if (members.length < 2 || places.length === 0) {
    return;
  }
  const { node, device } = pick(random, places);
  const strategy = { technique: 'fused', devices: 1 };
  const option: PlanOption = {
    strategy,
    stepSeconds: between(random, 1, 20),
    startSeconds: 3,
    stopSeconds: 2
  };
  for (const task of members) {
    task.options = [...task.options, option];
    task.running = { strategy, node, devices: [device], fusion: 'run' };
  }
}

/** Let a rule be likely to end some tasks early. */
function addRule(random: Random, { tasks }: PlanRequest): void {
  for (const task of tasks) {
    if (chance(random, 0.7)) {
      task.likely = between(random, 0.05, 1) * task.steps;
    }
  }
}

/**
 * The question some time after a plan was begun: some tasks are done, some run, some were stopped on the way and wait
 * again, some are new; speeds turned out otherwise, a node may have gone.
 */
export function laterRequest(request: PlanRequest, plan: Plan, seed: number): PlanRequest {
  const random = mulberry32(seed);
  const moment = between(random, 0, 0.9) * plan.makespan;
  const error = new Map(request.tasks.map(({ name }) => [name, between(random, 0.8, 1.25)]));
  const used = new Set(plan.segments.filter(({ end }) => end > moment).map(({ node }) => node));
  const gone = request.cluster.nodes.find(({ id }) => !used.has(id) && chance(random, 0.3));
  const nodes = request.cluster.nodes.filter(node => node !== gone || request.cluster.nodes.length === 1);
  const tasks = request.tasks.flatMap(task => leftOf(random, task, plan.segments, moment));
  for (const task of tasks) {
    const factor = error.get(task.name)!;
    task.options = task.options.map(one => ({ ...one, stepSeconds: one.stepSeconds * factor }));
  }
  const names = new Set(tasks.map(({ name }) => name));
  const previous = plan.segments
    .filter(({ task, end }) => names.has(task) && end > moment)
    .map(segment => ({ ...segment, start: Math.max(0, segment.start - moment), end: segment.end - moment }));
  const fresh = chance(random, 0.4) ? anyTasks(random, nodes, 1 + below(random, 3), `n${seed}_`) : [];
  const { limits: _, prices: __, fusions = [], ...rest } = request;
  return {
    ...rest,
    cluster: { nodes },
    tasks: [...tasks, ...fresh].map(task => withoutNode(task, nodes)),
    fusions: fusions.filter(fusion => fusion.tasks.every(name => names.has(name))),
    switches: pick(random, ['none', 'running', 'planned'] as const),
    ...(chance(random, 0.8) && { previous })
  };
}

function anyNodes(random: Random): Node[] {
  const sizes = Array.from({ length: 1 + below(random, 3) }, () => 1 + below(random, 4));
  const unlike = chance(random, 0.3);
  return nodesOf(sizes).map(node => {
    const memoryBytes = unlike && chance(random, 0.5) ? 2e9 : 1e9;
    return { ...node, devices: node.devices.map(device => ({ ...device, memoryBytes })) };
  });
}

/** Tasks of a few types; those of a type differ in nothing but their names. */
function anyTasks(random: Random, nodes: Node[], count: number, prefix = 't'): PlanTask[] {
  const speeds = chance(random, 0.3) ? nodes.map(() => between(random, 0.4, 1)) : nodes.map(() => 1);
  const types: Omit<PlanTask, 'name'>[] = Array.from({ length: 1 + below(random, 3) }, () => ({
    steps: 1 + below(random, 60),
    options: anyOptions(random, nodes, speeds)
  }));
  return Array.from({ length: count }, (_, i) => ({
    name: `${prefix}${i}`,
    ...structuredClone(pick(random, types))
  }));
}

function anyOptions(random: Random, nodes: Node[], speeds: number[]): PlanOption[] {
  const largest = nodes.reduce((most, { devices }) => Math.max(most, devices.length), 0);
  const step = between(random, 1, 40);
  const loss = between(random, 0, 0.4);
  const startSeconds = chance(random, 0.3) ? 0 : between(random, 0, 20);
  const stopSeconds = chance(random, 0.3) ? 0 : between(random, 0, 5);
  const options: PlanOption[] = [];
  for (let devices = 1; devices <= largest; devices++) {
    for (const technique of ['a', 'b']) {
      if (chance(random, 0.35)) {
        continue;
      }
      const noise = between(random, 0.95, 1.1);
      const one: PlanOption = {
        strategy: { technique, devices },
        stepSeconds: (step * (1 + loss * (devices - 1)) * noise) / devices,
        startSeconds,
        stopSeconds,
        ...(chance(random, 0.2) && { peakBytes: 1.5e9 })
      };
      if (new Set(speeds).size === 1) {
        options.push(one);
      } else {
        options.push(
          ...nodes.map(({ id }, n) => ({ ...one, nodes: [id], stepSeconds: one.stepSeconds / speeds[n]! }))
        );
      }
    }
  }
  const across = nodes.length > 1 && chance(random, 0.05);
  if (across) {
    options.push({
      strategy: { technique: 'c', devices: 2 },
      stepSeconds: step,
      startSeconds,
      stopSeconds,
      span: 2
    });
  }
  return options;
}

/** Let some tasks run already, by any strategy that their places allow, the slow ones as well. */
function placeSome(random: Random, { tasks, cluster }: PlanRequest): void {
  const free = new Map(cluster.nodes.map(({ id, devices }) => [id, devices.map(device => device.id)]));
  if (chance(random, 0.5)) {
    return;
  }
  for (const task of tasks) {
    const node = pick(random, cluster.nodes);
    const left = free.get(node.id)!;
    const own = task.options.filter(
      ({ strategy, nodes, span = 1 }) =>
        strategy.devices <= left.length && (nodes?.includes(node.id) ?? true) && span === 1
    );
    if (own.length > 0 && chance(random, 0.6)) {
      const { strategy } = pick(random, own);
      task.running = { strategy, node: node.id, devices: left.splice(0, strategy.devices) };
    }
  }
}

function addWishes(random: Random, request: PlanRequest): void {
  const { tasks, cluster } = request;
  for (const task of tasks) {
    const { strategy } = task.options[0] ?? {};
    if (chance(random, 0.2)) {
      task.earliestStart = between(random, 0, 300);
    }
    if (chance(random, 0.2)) {
      task.deadline = between(random, 50, 1500);
    }
    if (chance(random, 0.2)) {
      task.weight = 1 + below(random, 4);
    }
    if (chance(random, 0.2)) {
      task.pin = pick(random, [
        { node: pick(random, cluster.nodes).id },
        { technique: 'b' },
        { count: 2 },
        { node: 'n0', devices: ['d0'] },
        ...(strategy === undefined ? [] : [{ strategy }])
      ]);
    }
  }
  const work = tasks.reduce((sum, { steps, options }) => sum + steps * (options[0]?.stepSeconds ?? 0), 0);
  request.limits = {
    ...(chance(random, 0.3) && { concurrent: 1 + below(random, 3) }),
    ...(chance(random, 0.2) && { deviceSeconds: Math.max(1, work) * between(random, 0.7, 2) }),
    ...(chance(random, 0.2) && { cost: (work / 3600) * between(random, 0.7, 2) })
  };
  request.prices = Object.fromEntries(cluster.nodes.map(({ id }) => [id, between(random, 0.5, 2)]));
  if (chance(random, 0.2)) {
    request.objective = 'weighted-completion';
  }
  if (tasks.length > 1 && chance(random, 0.3)) {
    const { options } = tasks[0]!;
    const fused: Fusion = {
      tasks: [tasks[0]!.name, tasks[1]!.name],
      options: options.filter(({ span }) => span === undefined)
    };
    request.fusions = [fused];
  }
  if (chance(random, 0.1)) {
    request.excludeTechniques = ['b'];
  }
}

/** What is left of a task; nothing when it is done. */
function leftOf(random: Random, task: PlanTask, segments: Segment[], moment: number): PlanTask[] {
  const { running: _, likely, ...same } = structuredClone(task);
  const own = segments.filter(segment => segment.task === task.name);
  let { steps } = task;
  for (const segment of own) {
    const share = (moment - segment.start) / Math.max(1e-9, segment.end - segment.start);
    steps -= Math.floor(segment.steps * Math.min(1, Math.max(0, share)));
  }
  if (steps <= 0 && own.length > 0) {
    return [];
  }
  const rest = {
    ...same,
    ...(likely !== undefined && steps > 0 && { likely: (likely * steps) / task.steps })
  };
  const here = own.find(({ start, end }) => start <= moment && moment < end);
  if (
    here === undefined ||
    here.elsewhere !== undefined ||
    here.fusion !== undefined ||
    chance(random, 0.3)
  ) {
    return [{ ...rest, steps }];
  }
  const { strategy, node, devices } = here;
  return [{ ...rest, steps, running: { strategy, node, devices } }];
}

/** A task that asks for no node that is not there. */
function withoutNode(task: PlanTask, nodes: Node[]): PlanTask {
  const { pin, ...rest } = task;
  const there = pin?.node === undefined || nodes.some(({ id }) => id === pin.node);
  return pin !== undefined && there ? { ...rest, pin } : rest;
}
