import { bytes } from '../model/quantities.js';
import { curveKey, devicesPerNode, strategyLabel } from '../model/strategy.js';
import type { Cluster, ProfileCell, Scalar, Strategy } from '../wire/messages.js';
import { MAX_FAILURES } from './failedTrials.js';
import { deviceMemory } from './memoryRisk.js';
import type { IGridCell } from './profileGrid.js';

/** An estimate of memory rules a strategy out when it exceeds the devices' by more than it may be wrong. */
export const ESTIMATE_SLACK = 1.15;

/** Knobs that save memory when they are on. */
const SAVING_KNOBS: readonly string[] = ['checkpointing', 'reshard'];

/**
 * Why a strategy cannot be expected to run, in the user's words: its memory cannot suffice, the same with more devices
 * or less memory did not fit, or its technique keeps failing. Nothing when it may well run.
 *
 * @param measured - what trials and training found of the cell's signature.
 */
export function pruningReason(
  cell: IGridCell,
  measured: readonly ProfileCell[],
  cluster: Cluster
): string | undefined {
  return tooLarge(cell, cluster) ?? outgrown(cell, measured) ?? failing(cell, measured);
}

function tooLarge({ strategy, estimateBytes = 0 }: IGridCell, cluster: Cluster): string | undefined {
  const memory = deviceMemory(devicesPerNode(strategy), cluster);
  return estimateBytes > ESTIMATE_SLACK * memory
    ? `It needs at least ${bytes(estimateBytes)} on each device; they have ${bytes(memory)}.`
    : undefined;
}

/** Fewer devices hold more each, and a knob that saves memory was not enough. */
function outgrown({ strategy }: IGridCell, measured: readonly ProfileCell[]): string | undefined {
  const larger = measured.find(cell => cell.status === 'oom' && needsMore(strategy, cell.strategy));
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

function failing({ strategy }: IGridCell, measured: readonly ProfileCell[]): string | undefined {
  const curve = measured.filter(cell => curveKey(cell.strategy) === curveKey(strategy));
  const failed = curve.filter(cell => cell.status === 'failed');
  return failed.length >= MAX_FAILURES && curve.every(cell => cell.status !== 'ok')
    ? `${failed.map(cell => strategyLabel(cell.strategy)).join(' and ')} failed.`
    : undefined;
}
