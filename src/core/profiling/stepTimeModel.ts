import { curveKey } from '../model/strategy.js';
import type { ProfileCell, Strategy } from '../wire/messages.js';
import { Cholesky } from './cholesky.js';
import { groupBySignature } from './signatureGroups.js';

/** A prediction of a step's time before it is measured, in seconds. */
export interface IEstimate {
  readonly seconds: number;
  /** Standard deviation of its logarithm: 0.1 is about 10 %. */
  readonly spread: number;
}

/**
 * How far logarithms of step times lie apart, as standard deviations: the width of what is common in training jobs.
 * Those of techniques and curves are stretched as what is measured shows, see {@link STRETCHES}.
 */
const APART = {
  /** Two signatures: their models may differ by orders of magnitude. */
  signatures: 2,
  /** Two techniques, for every signature alike. */
  techniques: 0.4,
  /** Two techniques, for one signature only. */
  curves: 0.3,
  /** Two models of devices: generations and classes of GPUs differ by several times. */
  models: 1,
  /** Two models, for one signature, and for one technique only: some are limited by memory, some by arithmetic. */
  modelSignatures: 0.25,
  modelTechniques: 0.15,
  /** Measuring the same twice. */
  noise: 0.02
};

/**
 * Factors tried on how far techniques lie apart. A sweep's models resemble each other, some sweeps more than others.
 * Slopes and bends are not stretched: the few counts measured at first look like straight lines, and the surprise comes
 * at the far end.
 */
const STRETCHES = [0.35, 0.5, 0.7, 1, 1.4, 2];

/** How far the logarithm of that factor is thought to be from 0 before anything is measured, as standard deviation. */
const STRETCH_SPREAD = 0.7;

/** Step time falls with this power of the device count, more or less. */
const SCALING = 0.8;

/** How far that power differs: between techniques, signatures, single curves, and models of devices. */
const SCALING_APART = { techniques: 0.15, signatures: 0.15, curves: 0.25, models: 0.15 };

/** How far a curve of a technique or signature departs from a power of the device count, and over how many doublings. */
const BEND = 0.15;
const BEND_LENGTH = 1;

/** Devices at which the power's line is anchored: the middle of what one node has. */
const PIVOT = Math.log2(3);

/** The work grows with the third power of what is learned from at once: of more signatures, groups learn by themselves. */
const MOST_POINTS = 160;

/**
 * What measured step times tell about others: a Gaussian process over the logarithm of the step time. It learns from
 * all cells at once, as long as they are not too many: how heavy a signature is, how good a technique is on it and in general,
 * how each scales, how much techniques differ at all, and how much faster or slower devices of another model are: in general,
 * for a signature and for a technique.
 */
export class StepTimeModel {
  private readonly _groups: IGroup[];
  private readonly _groupOf = new Map<string, IGroup>();
  /** The model of devices with the most cells: others are told apart from it. */
  private readonly _usual: string | undefined;

  /** @param measured - cells with a measured step time. */
  constructor(measured: readonly ProfileCell[]) {
    this._usual = mostFrequent(measured.map(({ model }) => model));
    this._groups = groupsOf(measured).map(cells => learn(cells, this._usual));
    for (const group of this._groups) {
      for (const { signature } of group.points) {
        this._groupOf.set(signature, group);
      }
    }
  }

  /** The step time of a signature under a strategy on devices of a model, whether measured or not. */
  of(signature: string, strategy: Strategy, model?: string): IEstimate {
    const point = pointOf({ signature, strategy, ...(model !== undefined && { model }) }, this._usual);
    const { points, level, fit } = this._groupOf.get(signature) ?? this._groups[0]!;
    const { stretch, factor, weights } = fit;
    const share = factor.forward(points.map(other => covariance(point, other, stretch)));
    let mean = level - SCALING * point.x * Math.LN2;
    let variance = covariance(point, point, stretch);
    share.forEach((value, i) => {
      mean += value * weights[i]!;
      variance -= value * value;
    });
    return { seconds: Math.exp(mean), spread: Math.sqrt(Math.max(0, variance)) };
  }
}

/** Measurements that are learned from together. */
interface IGroup {
  readonly points: readonly IPoint[];
  /** Mean of the logarithms, without the devices. */
  readonly level: number;
  readonly fit: IFit;
}

/** The cells in groups of whole signatures; one at least, which may be empty. */
function groupsOf(measured: readonly ProfileCell[]): ProfileCell[][] {
  const groups: ProfileCell[][] = [[]];
  for (const cells of groupBySignature(measured).values()) {
    const last = groups.at(-1)!;
    if (last.length === 0 || last.length + cells.length <= MOST_POINTS) {
      last.push(...cells);
    } else {
      groups.push([...cells]);
    }
  }
  return groups;
}

function mostFrequent(models: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string | undefined, number>();
  for (const model of models) {
    counts.set(model, (counts.get(model) ?? 0) + 1);
  }
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), [undefined, 0] as const)[0];
}

function learn(measured: readonly ProfileCell[], usual: string | undefined): IGroup {
  const points = measured.map(cell => pointOf(cell, usual));
  const logs = measured.map((cell, i) => Math.log(cell.stepSeconds ?? 1) + SCALING * points[i]!.x * Math.LN2);
  const level = logs.reduce((sum, value) => sum + value, 0) / Math.max(1, logs.length);
  const offsets = logs.map(value => value - level);
  const fit = STRETCHES.map(stretch => explain(points, offsets, stretch)).reduce((best, other) =>
    other.score > best.score ? other : best
  );
  return { points, level, fit };
}

interface IPoint {
  readonly signature: string;
  readonly curve: string;
  /** Of the devices; undefined for the usual one. */
  readonly model: string | undefined;
  /** Doublings of the device count. */
  readonly x: number;
}

/** The measurements as one factor explains them. */
interface IFit {
  readonly stretch: number;
  readonly factor: Cholesky;
  readonly weights: Float64Array;
  /** Logarithm of how likely both are, but for a constant. */
  readonly score: number;
}

function explain(points: readonly IPoint[], offsets: readonly number[], stretch: number): IFit {
  const factor = new Cholesky(
    points.map((a, i) =>
      Float64Array.from(
        points.slice(0, i + 1),
        (b, j) => covariance(a, b, stretch) + (i === j ? APART.noise ** 2 : 0)
      )
    )
  );
  const weights = factor.forward(offsets);
  const misfit = weights.reduce((sum, value) => sum + value ** 2, 0) + factor.logDeterminant;
  return { stretch, factor, weights, score: -(misfit + (Math.log(stretch) / STRETCH_SPREAD) ** 2) / 2 };
}

function pointOf(
  { signature, strategy, model }: Pick<ProfileCell, 'signature' | 'strategy' | 'model'>,
  usual: string | undefined
): IPoint {
  return {
    signature,
    curve: curveKey(strategy),
    model: model === usual ? undefined : model,
    x: Math.log2(strategy.devices)
  };
}

function covariance(a: IPoint, b: IPoint, stretch: number): number {
  const slope = (a.x - PIVOT) * (b.x - PIVOT) * Math.LN2 ** 2;
  const bend = BEND ** 2 * Math.exp(-(((a.x - b.x) / BEND_LENGTH) ** 2) / 2);
  let sum = 0;
  if (a.signature === b.signature) {
    sum += APART.signatures ** 2 + SCALING_APART.signatures ** 2 * slope;
  }
  if (a.curve === b.curve) {
    sum += (stretch * APART.techniques) ** 2 + SCALING_APART.techniques ** 2 * slope + bend;
    if (a.signature === b.signature) {
      sum += (stretch * APART.curves) ** 2 + SCALING_APART.curves ** 2 * slope + bend;
    }
  }
  if (a.model !== undefined && a.model === b.model) {
    sum += APART.models ** 2 + SCALING_APART.models ** 2 * slope;
    sum += a.signature === b.signature ? APART.modelSignatures ** 2 : 0;
    sum += a.curve === b.curve ? APART.modelTechniques ** 2 : 0;
  }
  return sum;
}
