import { cellKey, strategyKey } from '../../../src/core/model/strategy.js';
import { mulberry32, type Random } from '../../../src/core/planner/common/random.js';
import type {
  Feasibility,
  Inspection,
  Node,
  PlanOption,
  ProfileCell,
  Strategy,
  TaskSpec
} from '../../../src/core/wire/messages.js';
import { cellsOf, type IShape, SHAPES, signatureOf } from '../paper/profiles.js';
import { gpuNodes } from '../problemGenerator.js';

/** Tasks, devices, and how fast every strategy truly is. */
export interface IGroundTruth {
  nodes: Node[];
  tasks: { spec: TaskSpec; inspection: Inspection }[];
  /** By {@link cellKey}, with the model of devices where they have one; what is not listed runs out of memory. */
  truth: Map<string, PlanOption>;
}

/** Bytes of each device. */
const MEMORY = 40e9;

/** An estimate without data sees this share of the memory that will be needed. */
const ESTIMATED = 0.9;

/** Device counts of the grid. */
const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8];

/** Tasks, times techniques, times device counts. */
export const GRID_CELLS = 12 * 4 * COUNTS.length;

/** How far the curves of two worlds lie apart, as standard deviations of logarithms: height, and power of the count. */
const VARIETY = { technique: 0.15, scaling: 0.1 };

/** The paper's workload: two models, two batch sizes, three learning rates; each seed has somewhat other curves. */
export function paperGroundTruth(
  workload: keyof typeof SHAPES,
  seed: number,
  estimates = false
): IGroundTruth {
  const random = mulberry32(seed * 7919);
  return world(
    SHAPES[workload].map(shape => ({ shape, signature: signatureOf(shape), factor: 1, rates: 3 })),
    random,
    estimates
  );
}

/** Twelve tasks that share no signature: any of the paper's curves, on models of any size. */
export function distinctGroundTruth(seed: number, estimates = false): IGroundTruth {
  const random = mulberry32(seed * 104_729);
  const shapes = [...SHAPES.txt, ...SHAPES.img];
  return world(
    Array.from({ length: 12 }, (_, i) => {
      const shape = shapes[Math.floor(shapes.length * random())]!;
      return {
        shape,
        signature: `${signatureOf(shape)}-${i}`,
        factor: Math.exp(0.6 * normal(random)),
        rates: 1
      };
    }),
    random,
    estimates
  );
}

/** A regime just fits on its fewest devices; about 0.8 of its memory is shared out. */
function peak({ regimes }: IShape, { technique, knobs, devices }: Strategy): number {
  const { from } = regimes.find(regime => label(regime) === label({ technique, knobs }))!;
  return Math.round(MEMORY * ((from - 0.5) / devices) ** 0.8);
}

interface IEntry {
  shape: IShape;
  signature: string;
  /** How much slower its steps are than the shape's. */
  factor: number;
  rates: number;
}

function world(entries: IEntry[], random: Random, estimates: boolean): IGroundTruth {
  const [node] = gpuNodes(1, COUNTS.length);
  const truth = new Map<string, PlanOption>();
  const tasks = entries.flatMap(({ shape, signature, factor, rates }) => {
    const tilt = new Map(
      shape.regimes.map(regime => [label(regime), [normal(random), normal(random)] as const])
    );
    const cells = cellsOf(shape);
    for (const { strategy, stepSeconds } of cells) {
      if (stepSeconds !== undefined) {
        const [height, scaling] = tilt.get(label(strategy))!;
        const log = VARIETY.technique * height + VARIETY.scaling * scaling * Math.log(strategy.devices / 3);
        truth.set(cellKey(signature, strategy), {
          strategy,
          stepSeconds: stepSeconds * factor * Math.exp(log),
          startSeconds: shape.startSeconds,
          stopSeconds: shape.stopSeconds,
          peakBytes: peak(shape, strategy)
        });
      }
    }
    return Array.from({ length: rates }, (_, rate) => ({
      spec: specOf(`${signature}-lr${rate}`),
      inspection: inspectionOf(signature, shape, cells, estimates)
    }));
  });
  return { nodes: [node!], tasks, truth };
}

/** Of the second node of an unlike pair: its devices, their memory in bytes, and so many times longer a step takes. */
const SMALL = { devices: 4, memory: 24e9, ratio: 3 };

/** How far that ratio differs between signatures, and between techniques, as standard deviations of logarithms. */
const RATIO_APART = { signatures: 0.25, techniques: 0.1 };

/** Cells that the second node adds to {@link GRID_CELLS}. */
export const SMALL_CELLS = 12 * 4 * SMALL.devices;

/**
 * A world with a second node, of fewer, smaller and slower devices.
 *
 * @param ratio - so many times longer a step takes there.
 * @param memory - bytes of each of its devices.
 */
export function withSmallNode(
  world: IGroundTruth,
  seed: number,
  ratio = SMALL.ratio,
  memory = SMALL.memory
): IGroundTruth {
  const random = mulberry32(seed * 15_485_863);
  const [large] = world.nodes.map(node => named(node, 'large'));
  const [, spare] = gpuNodes(2, SMALL.devices);
  const small = named(spare!, 'small', memory);
  const truth = new Map<string, PlanOption>();
  const techniques = new Map<string, number>();
  for (const signature of new Set(world.tasks.map(({ inspection }) => inspection.signature))) {
    const own = RATIO_APART.signatures * normal(random);
    for (const [key, option] of world.truth) {
      const { strategy, stepSeconds, peakBytes = 0 } = option;
      if (key !== cellKey(signature, strategy)) {
        continue;
      }
      truth.set(cellKey(signature, strategy, 'large'), option);
      const technique = techniques.get(label(strategy)) ?? RATIO_APART.techniques * normal(random);
      techniques.set(label(strategy), technique);
      if (peakBytes <= memory) {
        const slower = ratio * Math.exp(own + technique);
        truth.set(cellKey(signature, strategy, 'small'), { ...option, stepSeconds: slower * stepSeconds });
      }
    }
  }
  return { ...world, nodes: [large!, small], truth };
}

function named(node: Node, model: string, memoryBytes = MEMORY): Node {
  return { ...node, devices: node.devices.map(device => ({ ...device, model, memoryBytes })) };
}

function inspectionOf(
  signature: string,
  shape: IShape,
  cells: ProfileCell[],
  estimates: boolean
): Inspection {
  const tried = new Set(cells.map(cell => strategyKey(cell.strategy)));
  const feasibility = shape.regimes.flatMap(({ technique, knobs }) =>
    COUNTS.map((devices): Feasibility => {
      const strategy: Strategy = { technique, devices, ...(knobs && { knobs }) };
      return {
        strategy,
        feasible: tried.has(strategyKey(strategy)),
        ...(estimates && { estimateBytes: Math.round(ESTIMATED * peak(shape, strategy)) })
      };
    })
  );
  return {
    signature,
    steps: shape.steps,
    stepsPerEpoch: shape.steps,
    samples: shape.steps * shape.batch,
    batchSize: shape.batch,
    parameters: 1e9,
    feasibility,
    warnings: []
  };
}

function specOf(name: string): TaskSpec {
  return { name, sweep: 'sweep', params: {}, seed: 0, payload: '0123456789abcdef.pkl', hash: name };
}

function label({ technique, knobs }: Pick<Strategy, 'technique' | 'knobs'>): string {
  return strategyKey({ technique, devices: 1, ...(knobs && { knobs }) });
}

/** A standard normal number. */
export function normal(random: Random): number {
  const u = Math.max(random(), 1e-12);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random());
}
