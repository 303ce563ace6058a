import { mulberry32 } from '../../src/core/planner/common/random.js';
import type { Node, PlanOption, PlanRequest, PlanTask } from '../../src/core/wire/messages.js';

/**
 * Synthetic finetuning workloads on 40 GB GPUs: the planner's benchmark cases, version 1. Step times come from
 * textbook scaling and memory formulas with a little noise. They show what the planner does with a profile of this
 * shape; they measure no real model.
 */
export interface IWorkload {
  /** Distinct (model, batch) pairs; tasks of a type differ in learning rate only. */
  types: number;
  request: PlanRequest;
}

interface IModel {
  name: string;
  /** 1e9 parameters. */
  parameters: number;
  /** GB of activations per sample. */
  activations: number;
  /** Hours on one ideal GPU. */
  hours: number;
  weight: number;
}

const MODELS: IModel[] = [
  { name: 'resnet200', parameters: 0.065, activations: 0.35, hours: 6, weight: 2 },
  { name: 'bert-large', parameters: 0.34, activations: 0.25, hours: 4, weight: 3 },
  { name: 'gpt2-medium', parameters: 0.35, activations: 0.45, hours: 5, weight: 3 },
  { name: 'gpt2-xl', parameters: 1.5, activations: 0.9, hours: 14, weight: 3 },
  { name: 'vit-g', parameters: 1.8, activations: 0.6, hours: 20, weight: 3 },
  { name: 't5-3b', parameters: 3, activations: 1.2, hours: 26, weight: 2 },
  { name: 'gptj-6b', parameters: 6, activations: 1.8, hours: 48, weight: 2 },
  { name: 'llama-13b', parameters: 13, activations: 2.6, hours: 90, weight: 1 }
];
const BATCHES = [8, 16, 32, 64];
const MEMORY = 40;
const LARGEST = 8;

class Generator {
  private readonly _random: () => number;

  /**
   * @_spread _spread - standard deviation of the logarithm of how long tasks of a model and batch take.
   * @_tells _tells - whether options say how much memory they need.
   */
  constructor(
    seed: number,
    private readonly _spread = 0.35,
    private readonly _tells = false
  ) {
    this._random = mulberry32(Math.imul(seed, 2654435761) >>> 0);
  }

  uniform(low: number, high: number): number {
    return low + (high - low) * this._random();
  }

  index(count: number): number {
    return Math.floor(count * this._random());
  }

  model(): IModel {
    let left = this._random() * MODELS.reduce((sum, model) => sum + model.weight, 0);
    for (const model of MODELS) {
      left -= model.weight;
      if (left < 0) {
        return model;
      }
    }
    return MODELS[MODELS.length - 1]!;
  }

  /** Every cell that fits into memory: one step stands for the whole run. */
  cells(model: IModel, batch: number): PlanOption[] {
    const { parameters: p, activations: act } = model;
    const work = model.hours * Math.exp(this._spread * this._normal()) * 3600;
    const a = this.uniform(0.02, 0.1) * Math.sqrt(16 / batch);
    const tensor = this.uniform(0.05, 0.12);
    const pipeline = this.uniform(0.82, 0.95);
    const spill = this.uniform(0.28, 0.45);
    const state = 16 * p;
    const options: PlanOption[] = [];
    const consider = (technique: string, devices: number, efficiency: number, memory: number) => {
      const noise = Math.exp(0.02 * this._normal());
      if (memory <= MEMORY) {
        const stepSeconds = Math.max(1, Math.round((work / (devices * efficiency)) * noise));
        const peakBytes = Math.round(memory * 1e9);
        options.push({
          strategy: { technique, devices },
          stepSeconds,
          startSeconds: 0,
          ...(this._tells && { peakBytes })
        });
      }
    };
    for (let g = 1; g <= LARGEST; g++) {
      const share = (act * batch) / g;
      if (batch % g === 0) {
        consider('ddp', g, 1 / (1 + a * (g - 1)), state + share + 1.5);
        const sharded = 1 / (1 + 1.6 * a * (g - 1));
        if (g >= 2) {
          const plain = state / g + 0.3 * p + share + 1.5;
          const checkpointed = state / g + 0.3 * p + 0.35 * share + 1.5;
          const fits = plain <= MEMORY;
          consider('fsdp', g, 0.92 * sharded * (fits ? 1 : 0.78), fits ? plain : checkpointed);
        }
        consider('fsdp-offload', g, 0.5 * sharded, (2 * p) / g + 0.3 * p + 0.35 * share + 1.5);
      }
      if (g >= 2) {
        const micro = Math.min(batch, 16);
        consider('pipeline', g, (pipeline * micro) / (micro + g - 1), state / g + 0.6 * share + 2);
      }
      if (g === 2 || g === 4 || g === 8) {
        consider('tensor', g, 0.95 / (1 + tensor * (g - 1)), state / g + 1.2 * share + 2);
      }
      if (g === 1) {
        consider('spill', g, spill, 0.35 * act * Math.min(batch, 8) + 0.3 * p + 2);
      }
    }
    return options;
  }

  private _normal(): number {
    const u = Math.max(this._random(), 1e-12);
    const v = this._random();
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  }
}

/** Hyper-parameter sweeps: a random model, two neighbouring batch sizes, two to six learning rates each. */
export function sweeps(seed: number, tasks: number, nodes: number, size = LARGEST): IWorkload {
  const generator = new Generator(seed);
  const list: PlanTask[] = [];
  let types = 0;
  while (list.length < tasks) {
    const model = generator.model();
    const first = generator.index(3);
    const rates = [2, 3, 4, 6][generator.index(4)]!;
    for (const batch of [BATCHES[first]!, BATCHES[first + 1]!]) {
      types += addType(list, generator, model, batch, rates, tasks);
    }
  }
  return { types, request: request(list, nodes, size, seed) };
}

/** Tasks of which some take a hundred times as long as others. */
export function spread(seed: number, tasks: number, nodes: number, size = LARGEST): IWorkload {
  const generator = new Generator(seed, 1.2);
  return { types: tasks, request: request(drawn(generator, tasks), nodes, size, seed) };
}

/** Tasks that have nothing in common, on nodes whose devices have so many GB of memory. */
export function onMemories(seed: number, tasks: number, gigabytes: number[]): IWorkload {
  const generator = new Generator(seed, undefined, true);
  const made = request(drawn(generator, tasks), gigabytes.length, LARGEST, seed);
  for (const [n, { devices }] of made.cluster.nodes.entries()) {
    for (const device of devices) {
      device.memoryBytes = gigabytes[n]! * 1e9;
    }
  }
  return { types: tasks, request: made };
}

/** The tasks of a workload on nodes of these speeds; one technique gains more by a fast node than another. */
export function onSpeeds({ request: made, types }: IWorkload, speeds: number[]): IWorkload {
  const nodes = speeds.flatMap((_, n) => gpuNodes(1, LARGEST).map(node => ({ ...node, id: `node${n}` })));
  const gain = (technique: string) => 1 + 0.03 * (technique.length % 5);
  const nodesOf = new Map<number, string[]>();
  for (const [n, speed] of speeds.entries()) {
    nodesOf.set(speed, [...(nodesOf.get(speed) ?? []), `node${n}`]);
  }
  const on = (option: PlanOption): PlanOption[] =>
    [...nodesOf].map(([speed, own]) => ({
      ...option,
      nodes: own,
      stepSeconds: option.stepSeconds / speed ** gain(option.strategy.technique)
    }));
  const tasks = made.tasks.map(task => ({ ...task, options: task.options.flatMap(on) }));
  return { types, request: { ...made, tasks, cluster: { nodes } } };
}

/** The paper's text workload: GPT-2 XL and GPT-J, batch 16 and 32, a quarter of the tasks each. */
export function textWorkload(seed: number, tasks: number, nodes: number, size = LARGEST): IWorkload {
  const generator = new Generator(seed);
  const list: PlanTask[] = [];
  let types = 0;
  for (const name of ['gpt2-xl', 'gptj-6b']) {
    const model = MODELS.find(candidate => candidate.name === name)!;
    for (const batch of [16, 32]) {
      types += addType(list, generator, model, batch, tasks / 4, tasks);
    }
  }
  return { types, request: request(list, nodes, size, seed) };
}

/** Tasks that have nothing in common: a random model and batch size each. */
export function distinct(seed: number, tasks: number, nodes: number, size = LARGEST): IWorkload {
  return { types: tasks, request: request(drawn(new Generator(seed), tasks), nodes, size, seed) };
}

function drawn(generator: Generator, tasks: number): PlanTask[] {
  const list: PlanTask[] = [];
  for (let i = 0; i < tasks; i++) {
    const model = generator.model();
    addType(list, generator, model, BATCHES[generator.index(BATCHES.length)]!, 1, tasks);
  }
  return list;
}

/** The tasks of a workload on nodes of other sizes, none larger than those they were made for. */
export function onNodes({ request, types }: IWorkload, sizes: number[]): IWorkload {
  const nodes = sizes.flatMap((size, n) => gpuNodes(1, size).map(node => ({ ...node, id: `node${n}` })));
  return { types, request: { ...request, cluster: { nodes } } };
}

/** A cluster of equal nodes of GPUs. */
export function gpuNodes(count: number, size: number): Node[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `node${n}`,
    devices: Array.from({ length: size }, (_, d) => ({
      id: `cuda${d}`,
      kind: 'cuda' as const,
      name: 'virtual GPU',
      memoryBytes: MEMORY * 1e9
    }))
  }));
}

function addType(
  list: PlanTask[],
  generator: Generator,
  model: IModel,
  batch: number,
  rates: number,
  limit: number
): number {
  if (list.length >= limit) {
    return 0;
  }
  const options = generator.cells(model, batch);
  for (let i = 0; i < rates && list.length < limit; i++) {
    list.push({ name: `${model.name}-${batch}-${list.length}`, steps: 1, options });
  }
  return 1;
}

function request(tasks: PlanTask[], nodes: number, size: number, seed: number): PlanRequest {
  return { cluster: { nodes: gpuNodes(nodes, size) }, tasks, seed, budget: {} };
}
