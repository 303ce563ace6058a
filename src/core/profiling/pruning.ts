import { isSameModel } from '../model/deviceModels.js';
import { bytes } from '../model/quantities.js';
import { curveKey, strategyKey, strategyLabel } from '../model/strategy.js';
import type { ProfileCell, Scalar, Strategy } from '../wire/messages.js';
import { MAX_FAILURES } from './failedTrials.js';
import type { IGridCell } from './profileGrid.js';

/** An estimate of memory rules a strategy out when it exceeds the devices' by more than it may be wrong. */
export const ESTIMATE_SLACK = 1.15;

/** Knobs that save memory when they are on. */
const SAVING_KNOBS: readonly string[] = ['checkpointing', 'reshard'];

/**
 * Why a strategy cannot be expected to run, in the user's words: its memory cannot suffice, the same with more devices
 * or less memory did not fit, or its technique keeps failing. Nothing when it may well run.
 *
 * @param measured - what trials and training found of the cell's signature, on devices of any model.
 * @param memoryOf - bytes of the largest device of a model; undefined where there is none.
 */
export function pruningReason(
  cell: IGridCell,
  measured: readonly ProfileCell[],
  memoryOf: (model: string | undefined) => number | undefined
): string | undefined {
  return tooLarge(cell, measured) ?? outgrown(cell, measured, memoryOf) ?? failing(cell, measured);
}

function tooLarge(
  { strategy, model, memoryBytes, estimateBytes = 0 }: IGridCell,
  measured: readonly ProfileCell[]
): string | undefined {
  if (estimateBytes > ESTIMATE_SLACK * memoryBytes) {
    return `It needs at least ${bytes(estimateBytes)} on each device; they have ${bytes(memoryBytes)}.`;
  }
  // What tensors take differs little from one model of device to another.
  const key = strategyKey(strategy);
  const larger = measured.find(
    ({ peakBytes = 0, ...cell }) =>
      peakBytes > ESTIMATE_SLACK * memoryBytes &&
      !isSameModel(cell.model, model) &&
      strategyKey(cell.strategy) === key
  );
  return (
    larger &&
    `It takes ${bytes(larger.peakBytes ?? 0)} on each ${larger.model}; these have ${bytes(memoryBytes)}.`
  );
}

/** Fewer devices hold more each, and a knob that saves memory was not enough; nor was a device with no less memory. */
function outgrown(
  { strategy, model, memoryBytes }: IGridCell,
  measured: readonly ProfileCell[],
  memoryOf: (model: string | undefined) => number | undefined
): string | undefined {
  const larger = measured.find(
    cell =>
      cell.status === 'oom' &&
      needsMore(strategy, cell.strategy) &&
      (isSameModel(cell.model, model) || (memoryOf(cell.model) ?? 0) >= memoryBytes)
  );
  if (larger && !isSameModel(larger.model, model)) {
    return `${strategyLabel(larger.strategy)} ran out of memory on ${larger.model}, which has no less.`;
  }
  return larger && `${strategyLabel(larger.strategy)} ran out of memory, and this needs more.`;
}

/** Whether a strategy needs at least the memory on each device that another one does. */
function needsMore(strategy: Strategy, other: Strategy): boolean {
  const { knobs = {} } = strategy;
  const { knobs: otherKnobs = {} } = other;
  const same = (knob: string): boolean =>
    knobs[knob] === otherKnobs[knob] ||
    (SAVING_KNOBS.includes(knob) && isOff(knobs[knob]) && otherKnobs[knob] === true);
  return (
    strategy.technique === other.technique &&
    strategy.devices <= other.devices &&
    Object.keys({ ...knobs, ...otherKnobs }).every(same)
  );
}

function isOff(value: Scalar | undefined): boolean {
  return value === undefined || value === false;
}

/** What only failed, be it the technique on any devices or on these, or everything on these that works elsewhere. */
function failing({ strategy, model }: IGridCell, measured: readonly ProfileCell[]): string | undefined {
  const curve = measured.filter(cell => curveKey(cell.strategy) === curveKey(strategy));
  const isOwn = (cell: ProfileCell): boolean => isSameModel(cell.model, model);
  const proven = new Set(measured.flatMap(({ status, hash }) => (status === 'ok' ? [hash] : [])));
  const own = measured.filter(
    cell => isOwn(cell) && proven.size > 0 && (cell.status !== 'failed' || proven.has(cell.hash))
  );
  const failed = [curve, curve.filter(isOwn), own]
    .filter(cells => cells.every(cell => cell.status !== 'ok'))
    .map(cells => cells.filter(cell => cell.status === 'failed'))
    .find(({ length }) => length >= MAX_FAILURES);
  const names = new Set(failed?.map(cell => strategyLabel(cell.strategy)));
  return failed && `${[...names].join(' and ')} failed.`;
}
