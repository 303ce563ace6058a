import { devicesOf } from '../../model/schedule/deviceRuns.js';
import type { ITranslation } from '../../model/translation.js';
import type { Attempt, Cluster, SessionState, TaskState } from '../../wire/messages.js';
import { type Blocks, lead, sentence, tableBlock } from '../display/block.js';
import { bytes, duration, NOTHING } from '../format/format.js';
import type { ITable, Row } from '../format/table.js';
import { matchingCell } from './taskWhyView.js';

/**
 * Where a task has run, how much device time that took, and where it is to run.
 *
 * @param now - seconds since the epoch.
 */
export function taskDevicesView(
  task: TaskState,
  state: SessionState,
  now: number,
  trans: ITranslation
): Blocks {
  const planned = (state.plan?.plan.segments ?? []).filter(segment => segment.task === task.spec.name);
  const isOver = task.status === 'finished' || task.status === 'failed' || task.status === 'invalid';
  const spent = task.attempts.reduce((sum, attempt) => sum + deviceSeconds(attempt, now), 0);
  const coming = isOver
    ? []
    : planned.map((segment): Row => {
        const places = [segment, ...(segment.elsewhere ?? [])];
        return [
          places.map(({ devices }) => devices.join(', ')).join('; '),
          places.map(({ node }) => node).join('; '),
          duration(segment.start, trans),
          duration((segment.end - segment.start) * segment.strategy.devices, trans)
        ];
      });
  if (task.attempts.length === 0 && coming.length === 0) {
    return [
      lead(trans.__('It has run on no device, and no plan has it.')),
      task.status === 'invalid'
        ? sentence(trans.__('It cannot be built. The error says why.'))
        : sentence(trans.__('Make a plan with `%saturn plan`.'))
    ];
  }
  return [
    task.attempts.length > 0 && lead(trans.__('Device time so far: %1.', duration(spent, trans))),
    task.attempts.length > 0 && tableBlock(usedDevices(task, state, now, trans)),
    coming.length > 0 &&
      tableBlock({
        caption: trans.__('By the plan'),
        columns: [
          { label: trans.__('Devices') },
          { label: trans.__('Node') },
          { label: trans.__('Start'), align: 'right' },
          { label: trans.__('Device time'), align: 'right' }
        ],
        rows: coming
      })
  ];
}

/** Seconds that an attempt has held its devices, all together. */
function deviceSeconds({ strategy, requestedAt, endedAt }: Attempt, now: number): number {
  return strategy.devices * Math.max(0, (endedAt ?? now) - requestedAt);
}

function usedDevices(task: TaskState, state: SessionState, now: number, trans: ITranslation): ITable {
  const seconds = new Map<string, { node: string; device: string; held: number; peak: number }>();
  for (const attempt of task.attempts) {
    const peak = matchingCell(task, state, attempt)?.peakBytes ?? 0;
    for (const { node, device } of devicesOf(attempt)) {
      const key = `${node} ${device}`;
      const known = seconds.get(key) ?? { node, device, held: 0, peak: 0 };
      known.held += Math.max(0, (attempt.endedAt ?? now) - attempt.requestedAt);
      known.peak = Math.max(known.peak, peak);
      seconds.set(key, known);
    }
  }
  return {
    caption: trans.__('Where it has run'),
    columns: [
      { label: trans.__('Device') },
      { label: trans.__('Node') },
      { label: trans.__('Name') },
      { label: trans.__('Held for'), align: 'right' },
      { label: trans.__('Peak memory'), align: 'right' },
      { label: trans.__('Memory'), align: 'right' }
    ],
    rows: [...seconds.values()].map(({ node, device, held, peak }) => {
      const known = deviceOf(state.cluster, node, device);
      return [
        device,
        node,
        known?.name ?? trans.__('not there any more'),
        duration(held, trans),
        peak > 0 ? bytes(peak) : NOTHING,
        bytes(known?.memoryBytes)
      ];
    })
  };
}

function deviceOf(cluster: Cluster | undefined, node: string, device: string) {
  return cluster?.nodes.find(({ id }) => id === node)?.devices.find(({ id }) => id === device);
}
