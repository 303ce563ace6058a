import { pinWithin } from '../model/constraints/pin.js';
import { refusalOf } from '../model/taskOrders.js';
import { SaturnError } from '../wire/failure.js';
import type {
  Cluster,
  DeviceShare,
  Pin,
  SessionEvent,
  SessionWishesChange,
  TaskState,
  TaskWishesChange,
  WishesSet
} from '../wire/messages.js';
import { refuseMissingNode } from './nodes.js';
import { plannedCluster } from './plannedCluster.js';
import { refuseUnknownTechniques } from './profileTable.js';
import { CLONE_IT } from './resuming.js';
import { findTask, type ISession } from './session.js';
import { selectTasks } from './tasks.js';
import { noteWishes } from './wishes.js';

/**
 * The event that wishes of a client make, once they are found to make sense: names are those of tasks, devices,
 * nodes and techniques there are, times are to come, and nothing contradicts itself.
 *
 * @param now - seconds since the epoch.
 * @throws SaturnError `unknown-task`, `task-finished`, `unknown-technique`, `unknown-device`, `node-away` or `bad-wish`.
 */
export function wishesEvent(
  session: ISession,
  { tasks = [], session: all }: WishesSet,
  now: number
): SessionEvent & { kind: 'wishes-set' } {
  const event: SessionEvent & { kind: 'wishes-set' } = {
    kind: 'wishes-set',
    ...(tasks.length > 0 && { tasks: tasks.flatMap(change => taskChange(session, change, now)) }),
    ...(all !== undefined && { session: sessionChange(session, all) })
  };
  const heeded = noteWishes(session, event, now);
  for (const name of new Set(event.tasks?.flatMap(change => change.tasks ?? []))) {
    refuseContradiction(findTask(heeded, name) as TaskState, heeded);
  }
  refuseSession(heeded);
  return event;
}

function taskChange(session: ISession, change: TaskWishesChange, now: number): TaskWishesChange[] {
  const open = session.state.tasks
    .filter(task => refusalOf('wish', task) === undefined)
    .map(task => task.spec.name);
  const [first, ...others] = change.tasks ? selectTasks(session, change.tasks) : open;
  if (first === undefined) {
    if (change.set === undefined) {
      return [];
    }
    throw new SaturnError({
      code: 'no-tasks',
      message: 'No task is left to ask this for.',
      hint: 'Define some with %%saturn task.'
    });
  }
  const over = change.set === undefined ? undefined : change.tasks?.find(name => !open.includes(name));
  if (over !== undefined) {
    throw new SaturnError({
      code: 'task-finished',
      message: `"${over}" is finished: no plan is made for it any more.`,
      hint: CLONE_IT
    });
  }
  const { deadline, earliestStart, pin } = change.set ?? {};
  for (const [name, time] of [
    ['deadline', deadline],
    ['earliest start', earliestStart]
  ] as const) {
    if (time !== undefined && time <= now) {
      throw badWish(`The ${name} is past already.`, 'Give a time to come, e.g. +2h or a date with a time.');
    }
  }
  return [
    {
      ...change,
      tasks: [first, ...others],
      ...(pin !== undefined && { set: { ...change.set, pin: placed(session, pin) } })
    }
  ];
}

/** A pin whose devices have their node, after all of it was found to be there. */
function placed(session: ISession, pin: Pin): Pin {
  const cluster = session.state.cluster ?? { nodes: [] };
  if (Object.keys(pin).length === 0) {
    throw badWish('The pin holds a task to nothing.', 'Write e.g. technique=fsdp,devices=2 or device=cpu1.');
  }
  const technique = pin.strategy?.technique ?? pin.technique;
  refuseUnknownTechniques(session.state.tasks, technique === undefined ? [] : [technique]);
  if (pin.node !== undefined) {
    refuseMissingNode(session.state, pin.node);
  }
  if (pin.devices === undefined) {
    return pin;
  }
  const [share, ...others] = sharesOf(cluster, pin.devices, pin.node);
  if (share === undefined || others.length > 0) {
    throw badWish(
      'A task trains on devices of one node, but it is pinned to devices of several.',
      'Name devices of one node.'
    );
  }
  const count = pin.strategy?.devices ?? pin.count ?? 1;
  if (count > share.devices.length) {
    throw badWish(
      `The pin asks for ${count} devices, but names ${share.devices.length}.`,
      'Name as many devices, or leave the number out.'
    );
  }
  return { ...pin, node: share.node, devices: share.devices };
}

function sessionChange(session: ISession, change: SessionWishesChange): SessionWishesChange {
  const { freeCount, ...rest } = change;
  const cluster = session.state.cluster ?? { nodes: [] };
  const nodes = cluster.nodes.map(({ id }) => id);
  const strange = Object.keys(change.set?.prices ?? {}).find(node => !nodes.includes(node));
  if (strange !== undefined) {
    throw unknownDevice(`There is a price for node "${strange}", which is not there.`, nodes);
  }
  const named = change.set?.freeDevices;
  if (named === undefined && freeCount === undefined) {
    return rest;
  }
  const freeDevices =
    named?.flatMap(({ node, devices }) => sharesOf(cluster, devices, node || undefined)) ??
    lastDevices(cluster, freeCount ?? 0);
  return { ...rest, set: { ...rest.set, freeDevices } };
}

/** Devices by name with the nodes they are of; of the only one that has them where none is named. */
function sharesOf(cluster: Cluster, devices: readonly string[], node?: string): DeviceShare[] {
  const shares = new Map<string, [string, ...string[]]>();
  for (const device of new Set(devices)) {
    const owners = cluster.nodes.filter(
      ({ id, devices }) => (node ?? id) === id && devices.some(({ id }) => id === device)
    );
    const [owner] = owners;
    if (owner === undefined) {
      const all = cluster.nodes.flatMap(one => one.devices.map(({ id }) => id));
      throw unknownDevice(`There is no device "${device}"${node ? ` of node "${node}"` : ''}.`, all);
    }
    if (owners.length > 1) {
      throw unknownDevice(
        `"${device}" is a device of ${owners.map(({ id }) => `"${id}"`).join(' and ')}.`,
        owners.map(({ id }) => `node=${id}`)
      );
    }
    const known = shares.get(owner.id);
    if (known) {
      known.push(device);
    } else {
      shares.set(owner.id, [device]);
    }
  }
  return [...shares].map(([id, own]) => ({ node: id, devices: own }));
}

/** The last devices of the last nodes: plans take the first ones first. */
function lastDevices(cluster: Cluster, count: number): DeviceShare[] {
  let left = count;
  return [...cluster.nodes].reverse().flatMap(({ id, devices }) => {
    const [first, ...rest] = devices.slice(Math.max(0, devices.length - left)).map(device => device.id);
    left -= Math.min(left, devices.length);
    return first === undefined ? [] : [{ node: id, devices: [first, ...rest] as [string, ...string[]] }];
  });
}

function refuseContradiction({ spec, wishes = {} }: TaskState, heeded: ISession): void {
  const { deadline, earliestStart, pin } = wishes;
  if (deadline !== undefined && earliestStart !== undefined && earliestStart >= deadline) {
    throw badWish(
      `${spec.name} is not to start before it is to be done.`,
      'Give an earlier start or a later deadline; none takes one back.'
    );
  }
  const strategy = pin?.strategy;
  if (
    (strategy !== undefined && (pin?.technique ?? strategy.technique) !== strategy.technique) ||
    (strategy !== undefined && (pin?.count ?? strategy.devices) !== strategy.devices)
  ) {
    throw badWish(`${spec.name} is pinned to two strategies at once.`, 'Name one.');
  }
  const place = pin && { ...(pin.node && { node: pin.node }), ...(pin.devices && { devices: pin.devices }) };
  const isThere = place?.node !== undefined && pinWithin(place, heeded.state.cluster ?? { nodes: [] });
  if (place && isThere && !pinWithin(place, plannedCluster(heeded.state))) {
    throw badWish(
      `${spec.name} is pinned to ${pin?.devices?.join(', ') ?? pin?.node}, which is kept free.`,
      'Pin it elsewhere, or use all devices again with %saturn wish --keep-free none.'
    );
  }
}

function refuseSession(heeded: ISession): void {
  const { wishes, tasks } = heeded.state;
  if (wishes?.cost !== undefined && Object.keys(wishes.prices ?? {}).length === 0) {
    throw badWish('A budget needs prices.', 'Add what a device costs an hour, e.g. --price 2.5');
  }
  if (wishes?.freeDevices === undefined) {
    return;
  }
  if (plannedCluster(heeded.state).nodes.every(({ devices }) => devices.length === 0)) {
    throw badWish('With all devices kept free, nothing can be trained.', 'Leave at least one to train on.');
  }
  for (const task of tasks.filter(({ status, wishes }) => status !== 'finished' && wishes?.pin)) {
    refuseContradiction(task, heeded);
  }
}

function badWish(message: string, hint: string): SaturnError {
  return new SaturnError({ code: 'bad-wish', message, hint });
}

function unknownDevice(message: string, known: readonly string[]): SaturnError {
  return new SaturnError({
    code: 'unknown-device',
    message,
    hint: known.length > 0 ? `There are: ${known.join(', ')}.` : 'Choose devices first with %saturn cluster.'
  });
}
