import { strategyKey, strategyLabel } from '../../model/strategy.js';
import type { Conflict, Pin, PlanTask } from '../../wire/messages.js';
import { type Placement, usableConfigs } from './configuration.js';
import type { Eligibilities } from './eligibility.js';

/**
 * As much of a task's pin as can be met, and a conflict for the rest: devices give way before the node, and the node
 * before the strategy.
 *
 * @param conflicts - the conflict is added to them.
 */
export function keepablePin(task: PlanTask, places: Eligibilities, conflicts: Conflict[]): Pin | undefined {
  const { pin } = task;
  if (pin === undefined || usableConfigs(task, places).length === 0) {
    return undefined;
  }
  const { strategy, node, devices } = pin;
  const attempts: { kept: Pin; relax: string }[] = [
    { kept: pin, relax: '' },
    {
      kept: { ...(strategy !== undefined && { strategy }), ...(node !== undefined && { node }) },
      relax: 'Let it use other devices of the node.'
    },
    {
      kept: { ...(strategy !== undefined && { strategy }) },
      relax: 'Let it run on another node.'
    },
    {
      kept: { ...(node !== undefined && { node }), ...(devices !== undefined && { devices }) },
      relax: 'Let it run by another strategy.'
    },
    {
      kept: { ...(node !== undefined && { node }) },
      relax: 'Let it run by another strategy on other devices of the node.'
    },
    { kept: {}, relax: 'Unpin it.' }
  ];
  const met = attempts.find(
    ({ kept }) => usableConfigs(task, places, kept).length > 0 || meetsRunning(task, kept)
  )!;
  if (met.kept !== pin) {
    conflicts.push({
      constraint: 'pin',
      task: task.name,
      message: `Nothing can run "${task.name}" ${pinLabel(pin)}.`,
      relax: met.relax,
      proven: true
    });
  }
  return met.kept;
}

/** What a person calls it: `as ddp x2 on node n0`. */
export function pinLabel({ strategy, node, devices }: Pin): string {
  return [
    ...(strategy === undefined ? [] : [`as ${strategyLabel(strategy)}`]),
    ...(devices === undefined ? [] : [`on ${devices.join(', ')}`]),
    ...(node === undefined ? [] : [devices === undefined ? `on node ${node}` : `of node ${node}`])
  ].join(' ');
}

function meetsRunning({ running, earliestStart = 0 }: PlanTask, pin: Pin): boolean {
  return running !== undefined && earliestStart === 0 && meets(running, pin);
}

/** Whether a task that goes on where it runs meets a pin. */
export function meets(running: Placement, pin: Pin = {}): boolean {
  return (
    (pin.strategy === undefined || strategyKey(pin.strategy) === strategyKey(running.strategy)) &&
    (pin.node === undefined || pin.node === running.node) &&
    (pin.devices === undefined || running.devices.every(device => pin.devices!.includes(device)))
  );
}
