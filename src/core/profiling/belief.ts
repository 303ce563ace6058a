import { curveKey } from '../model/strategy.js';
import type { ProfileCell, Strategy } from '../wire/messages.js';
import { Cholesky } from './cholesky.js';

/** What is thought of a step's time before it is measured, in seconds. */
export interface IEstimate {
  readonly seconds: number;
  /** Standard deviation of its logarithm: 0.1 is about 10 %. */
  readonly spread: number;
}

/**
 * How far logarithms of step times lie apart, as standard deviations. They are the width of what is common in training
 * jobs, not fitted to any.
 */
const APART = {
  /** Two signatures: their models may differ by orders of magnitude. */
  signatures: 2,
  /** Two techniques, for every signature alike. */
  techniques: 0.4,
  /** Two techniques, for one signature only. */
  curves: 0.3,
  /** Measuring the same twice. */
  noise: 0.02
};

/** Step time falls with this power of the device count, more or less. */
const SCALING = 0.8;

/** How far that power differs: between techniques, signatures, and single curves. */
const SCALING_APART = { techniques: 0.15, signatures: 0.15, curves: 0.25 };

/** How far a curve of a technique or signature departs from a power of the device count, and over how many doublings. */
const BEND = 0.15;
const BEND_LENGTH = 1;

/** Devices at which the power's line is anchored: the middle of what one node has. */
const PIVOT = Math.log2(3);

/**
 * What measured step times tell about others: a Gaussian process over the logarithm of the step time. It learns from
 * all cells at once: how heavy a signature is, how good a technique is on it and in general, how each scales.
 */
export class Belief {
  private readonly _points: IPoint[];
  private readonly _factor: Cholesky;
  private readonly _weights: Float64Array;
  private readonly _level: number;

  /** @param measured - cells with a measured step time. */
  constructor(measured: readonly ProfileCell[]) {
    this._points = measured.map(cell => pointOf(cell.signature, cell.strategy));
    const logs = measured.map(
      (cell, i) => Math.log(cell.stepSeconds ?? 1) + SCALING * this._points[i]!.x * Math.LN2
    );
    this._level = logs.reduce((sum, value) => sum + value, 0) / Math.max(1, logs.length);
    this._factor = new Cholesky(
      this._points.map((a, i) =>
        Float64Array.from(
          this._points.slice(0, i + 1),
          (b, j) => covariance(a, b) + (i === j ? APART.noise ** 2 : 0)
        )
      )
    );
    this._weights = this._factor.forward(logs.map(value => value - this._level));
  }

  /** The step time of a signature under a strategy, whether measured or not. */
  of(signature: string, strategy: Strategy): IEstimate {
    const point = pointOf(signature, strategy);
    const share = this._factor.forward(this._points.map(other => covariance(point, other)));
    let mean = this._level - SCALING * point.x * Math.LN2;
    let variance = covariance(point, point);
    share.forEach((value, i) => {
      mean += value * this._weights[i]!;
      variance -= value * value;
    });
    return { seconds: Math.exp(mean), spread: Math.sqrt(Math.max(0, variance)) };
  }
}

interface IPoint {
  readonly signature: string;
  readonly curve: string;
  /** Doublings of the device count. */
  readonly x: number;
}

function pointOf(signature: string, strategy: Strategy): IPoint {
  return { signature, curve: curveKey(strategy), x: Math.log2(strategy.devices) };
}

function covariance(a: IPoint, b: IPoint): number {
  const slope = (a.x - PIVOT) * (b.x - PIVOT) * Math.LN2 ** 2;
  const bend = BEND ** 2 * Math.exp(-(((a.x - b.x) / BEND_LENGTH) ** 2) / 2);
  let sum = 0;
  if (a.signature === b.signature) {
    sum += APART.signatures ** 2 + SCALING_APART.signatures ** 2 * slope;
  }
  if (a.curve === b.curve) {
    sum += APART.techniques ** 2 + SCALING_APART.techniques ** 2 * slope + bend;
    if (a.signature === b.signature) {
      sum += APART.curves ** 2 + SCALING_APART.curves ** 2 * slope + bend;
    }
  }
  return sum;
}
