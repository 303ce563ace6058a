import type { PlanOption, ProfileCell, Strategy } from '../../../src/core/wire/messages.js';

/**
 * Step times for the models of the Saturn paper (Nagrecha and Kumar, PVLDB 17(4), table 3) on 40 GB A100s. The paper
 * does not publish its profiles; docs/spase-bench.md tells what is read off its charts and what is assumed.
 */
export interface IShape {
  model: string;
  batch: number;
  /** Optimizer steps of 10 epochs. */
  steps: number;
  /** Seconds to start it, and to write a checkpoint. */
  startSeconds: number;
  stopSeconds: number;
  regimes: IRegime[];
}

/** A way to run it, over the device counts it fits. */
interface IRegime {
  technique: string;
  knobs?: Strategy['knobs'];
  from: number;
  to: number;
  /** Seconds per step on so many devices. */
  seconds: (devices: number) => number;
}

/** Largest node of any setting. */
const LARGEST = 8;

/** Iteration seconds of GPT-2 on 2 to 8 GPUs, read off figure 1(B), by batch. */
const GPT2 = {
  pipeline: {
    8: [1.56, 1.25, 1.1, 1.0, 0.92, 0.87, 0.8],
    32: [6.65, 4.72, 4.27, 4.22, 4.1, 4.07, 3.92]
  },
  fsdp: {
    8: [2.15, 1.95, 1.78, 1.42, 0.91, 0.66, 0.36],
    32: [6.9, 5.3, 4.22, 3.8, 3.45, 2.0, 1.3]
  }
};

/** Run time falls with this power of the device count while parameters or activations live in main memory. */
const OFFLOAD_SCALING = 0.65;

/** 10 epochs of WikiText-2 (2.39 million tokens) in sequences of 512. */
const TXT_SAMPLES = 46_710;

/** 10 epochs of 50,000 images: the paper's hours are too few for all of ImageNet. */
const IMG_SAMPLES = 500_000;

/** The curve of figure 1(B); batch 16 lies between 8 and 32, each doubling by the same factor. */
function published(curve: { 8: number[]; 32: number[] }, batch: number): (devices: number) => number {
  const share = Math.log2(batch / 8) / 2;
  return devices => curve[8][devices - 2]! ** (1 - share) * curve[32][devices - 2]! ** share;
}

function hours(value: number, steps: number): number {
  return (3600 * value) / steps;
}

function gpt2(batch: number): IShape {
  const steps = Math.ceil(TXT_SAMPLES / batch);
  const pipeline = published(GPT2.pipeline, batch);
  const fsdp = published(GPT2.fsdp, batch);
  return {
    model: 'gpt2-1.5b',
    batch,
    steps,
    startSeconds: 45,
    stopSeconds: 20,
    regimes: [
      // Figure 9: two GPUs are 2.85 times as fast as one, which has to spill.
      spill(2.85 * Math.min(pipeline(2), fsdp(2))),
      { technique: 'pipeline', from: 2, to: LARGEST, seconds: pipeline },
      { technique: 'fsdp', from: 2, to: LARGEST, seconds: fsdp },
      offloaded(fsdp(2))
    ]
  };
}

/** Hours of whole runs, where bars of figure 5 say something about them. */
interface IAnchors {
  /** One GPU, spilling. */
  spill: number;
  /** Two GPUs, FSDP with offload. */
  offload: number;
}

function gptj(
  batch: number,
  anchors: IAnchors,
  pipelineFactor: number,
  fsdp: [from: number, hours: number]
): IShape {
  const steps = Math.ceil(TXT_SAMPLES / batch);
  const pipeline = published(GPT2.pipeline, batch);
  return {
    model: 'gptj-6b',
    batch,
    steps,
    startSeconds: 90,
    stopSeconds: 45,
    regimes: [
      spill(hours(anchors.spill, steps)),
      offloaded(hours(anchors.offload, steps)),
      { technique: 'pipeline', from: 3, to: LARGEST, seconds: devices => pipelineFactor * pipeline(devices) },
      {
        technique: 'fsdp',
        knobs: { checkpointing: true },
        from: fsdp[0],
        to: LARGEST,
        seconds: devices => (hours(fsdp[1], steps) * LARGEST) / devices
      }
    ]
  };
}

/** Hours of compute that scale, and hours of communication that do not. */
type Split = [compute: number, communication: number];

function vitG(batch: number, anchors: IAnchors, from: number, [compute, communication]: Split): IShape {
  const steps = Math.ceil(IMG_SAMPLES / batch);
  const fsdp = (devices: number) => hours(compute / devices + communication, steps);
  return {
    model: 'vit-g-1.8b',
    batch,
    steps,
    startSeconds: 45,
    stopSeconds: 20,
    regimes: [
      spill(hours(anchors.spill, steps)),
      offloaded(hours(anchors.offload, steps)),
      { technique: 'fsdp', knobs: { checkpointing: true }, from, to: LARGEST, seconds: fsdp },
      { technique: 'pipeline', from: from - 1, to: LARGEST, seconds: devices => 1.15 * fsdp(devices) }
    ]
  };
}

function resnet(batch: number, spillHours: number, [compute, communication]: Split): IShape {
  const steps = Math.ceil(IMG_SAMPLES / batch);
  const ddp = (devices: number) => hours(compute / devices + communication, steps);
  return {
    model: 'resnet-200m',
    batch,
    steps,
    startSeconds: 20,
    stopSeconds: 5,
    regimes: [
      spill(hours(spillHours, steps)),
      { technique: 'ddp', from: 2, to: LARGEST, seconds: ddp },
      { technique: 'fsdp', from: 2, to: LARGEST, seconds: devices => 1.2 * ddp(devices) },
      offloaded(1.9 * ddp(2))
    ]
  };
}

function spill(seconds: number): IRegime {
  return { technique: 'spill', from: 1, to: 1, seconds: () => seconds };
}

function offloaded(onTwo: number): IRegime {
  return {
    technique: 'fsdp',
    knobs: { checkpointing: true, offload: true },
    from: 2,
    to: LARGEST,
    seconds: devices => onTwo * (devices / 2) ** -OFFLOAD_SCALING
  };
}

/** The models of each workload, by batch size. */
export const SHAPES: Readonly<Record<'txt' | 'img', IShape[]>> = {
  txt: [
    gpt2(16),
    gpt2(32),
    gptj(16, { spill: 26.3, offload: 15.4 }, 2.45, [6, 3.45]),
    gptj(32, { spill: 22, offload: 13.5 }, 2.55, [7, 4.2])
  ],
  img: [
    vitG(64, { spill: 13, offload: 7.7 }, 3, [7.6, 0.8]),
    vitG(128, { spill: 16.7, offload: 9.9 }, 4, [8.4, 0.65]),
    resnet(64, 4.4, [2, 1]),
    resnet(128, 4.2, [1.9, 0.93])
  ]
};

/** Tasks with this signature run at equal speed; learning rates make no difference. */
export function signatureOf({ model, batch }: IShape): string {
  return `${model}-b${batch}`;
}

/** The profile of a model as the planner is given it. */
export function optionsOf(shape: IShape): PlanOption[] {
  const { startSeconds, stopSeconds } = shape;
  return shape.regimes.flatMap(regime =>
    counts(regime.from, regime.to).map(devices => ({
      strategy: strategyOf(regime, devices),
      stepSeconds: rounded(regime.seconds(devices)),
      startSeconds,
      stopSeconds
    }))
  );
}

/** The same profile with what does not fit into memory, as a profiler would report it. */
export function cellsOf(shape: IShape): ProfileCell[] {
  const signature = signatureOf(shape);
  const fits = optionsOf(shape).map(
    ({ strategy, stepSeconds, startSeconds }): ProfileCell => ({
      signature,
      strategy,
      status: 'ok',
      source: 'interpolated',
      stepSeconds,
      startSeconds
    })
  );
  const tooLarge = shape.regimes.flatMap(regime =>
    counts(2, regime.technique === 'spill' ? 0 : regime.from - 1).map(
      (devices): ProfileCell => ({
        signature,
        strategy: strategyOf(regime, devices),
        status: 'oom',
        source: 'interpolated'
      })
    )
  );
  return [...fits, ...tooLarge];
}

function strategyOf({ technique, knobs }: IRegime, devices: number): Strategy {
  return knobs === undefined ? { technique, devices } : { technique, devices, knobs };
}

function counts(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}

function rounded(seconds: number): number {
  return Number(seconds.toPrecision(4));
}
