import { pinWithin } from '../../model/constraints/pin.js';
import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type {
  Cluster,
  Conflict,
  DeviceShare,
  Pin,
  SessionState,
  SessionWish,
  SessionWishes,
  TaskState,
  TaskWish
} from '../../wire/messages.js';
import { clockTime, count, deviceCount, duration, listing } from './format.js';

/** Something asked of the plan, in words. */
export interface IWishWords<W = TaskWish | SessionWish> {
  readonly wish: W;
  /** By what name a plan that does not meet it says so; none for what it cannot fail. */
  readonly constraint?: Conflict['constraint'];
  readonly text: string;
}

/**
 * What is asked of the plan for a task: `by 18:30`, `only as fsdp on 2 devices`.
 *
 * @param now - seconds since the epoch; times of the same day need no date.
 */
export function taskWishWords(
  { wishes = {} }: Pick<TaskState, 'wishes'>,
  cluster: Cluster | undefined,
  now: number,
  trans: ITranslation
): IWishWords<TaskWish>[] {
  const { deadline, earliestStart, weight, pin } = wishes;
  const words: IWishWords<TaskWish>[] = [];
  if (deadline !== undefined) {
    const text = trans.__('by %1', clockTime(deadline, now));
    words.push({ wish: 'deadline', constraint: 'deadline', text });
  }
  if (earliestStart !== undefined) {
    const text = trans.__('not before %1', clockTime(earliestStart, now));
    words.push({ wish: 'earliestStart', constraint: 'earliest-start', text });
  }
  if (weight !== undefined) {
    words.push({ wish: 'weight', text: trans.__('priority %1', String(Number(weight.toPrecision(3)))) });
  }
  if (pin !== undefined) {
    words.push({ wish: 'pin', constraint: 'pin', text: pinWords(pin, cluster, trans) });
  }
  return words;
}

function pinWords(pin: Pin, cluster: Cluster = { nodes: [] }, trans: ITranslation): string {
  const { strategy, technique, count: devices, node, devices: named } = pin;
  const isThere = pinWithin(pin, cluster)?.node === node;
  const where = named === undefined ? node && trans.__('node %1', node) : named.join(', ');
  const how =
    strategy !== undefined
      ? strategyLabel(strategy)
      : technique !== undefined && devices !== undefined
        ? trans.__('%1 on %2', technique, deviceCount(devices, trans))
        : (technique ?? (devices === undefined ? undefined : deviceCount(devices, trans)));
  const place = where && (isThere ? where : trans.__('%1 (not there)', where));
  return how !== undefined && place
    ? trans.__('only %1 on %2', how, place)
    : how !== undefined
      ? trans.__('only %1', how)
      : trans.__('only on %1', place ?? '');
}

/** What is asked of the plan for all tasks together: `at most 2 at once`, `cpu1 kept free`. */
export function sessionWishWords(
  { wishes = {}, tasks }: Pick<SessionState, 'wishes' | 'tasks'>,
  trans: ITranslation
): IWishWords<SessionWish>[] {
  const { objective, concurrent, deviceSeconds, cost, prices = {}, freeDevices = [], span, fuse } = wishes;
  const words: IWishWords<SessionWish>[] = [];
  if (objective !== undefined) {
    words.push({ wish: 'objective', text: objectiveWords(objective, trans) });
  }
  if (concurrent !== undefined) {
    const text = trans.__('at most %1 at once', count(concurrent));
    words.push({ wish: 'concurrent', constraint: 'concurrent', text });
  }
  if (span !== undefined) {
    words.push({ wish: 'span', text: trans.__('a task over up to %1 nodes', count(span)) });
  }
  if (fuse !== undefined) {
    words.push({ wish: 'fuse', text: trans.__('no two tasks in one run') });
  }
  if (deviceSeconds !== undefined) {
    const text = trans.__('at most %1 of device time', duration(deviceSeconds, trans));
    words.push({ wish: 'deviceSeconds', constraint: 'device-seconds', text });
  }
  if (cost !== undefined) {
    words.push({ wish: 'cost', constraint: 'cost', text: trans.__('at a cost of at most %1', cost) });
  }
  const dear = Object.entries(prices).map(([node, price]) => trans.__('%1 an hour on %2', price, node));
  if (dear.length > 0) {
    words.push({ wish: 'prices', text: trans.__('a device costs %1', dear.join(', ')) });
  }
  if (freeDevices.length > 0) {
    words.push({ wish: 'freeDevices', text: freeWords(freeDevices, tasks, trans) });
  }
  return words;
}

/** `cpu1 kept free as soon as mlp-8 has left`: what holds a device at that moment is said. */
function freeWords(free: readonly DeviceShare[], tasks: readonly TaskState[], trans: ITranslation): string {
  const devices = free.flatMap(share => share.devices).join(', ');
  const holders = tasks.filter(({ attempts }) => {
    const { node, devices = [], endedAt } = attempts.at(-1) ?? { endedAt: 0 };
    const share = free.find(one => one.node === node);
    return endedAt === undefined && devices.some(device => share?.devices.includes(device));
  });
  const names = listing(
    holders.map(({ spec }) => spec.name),
    trans
  );
  if (holders.length === 0) {
    return trans.__('%1 kept free', devices);
  }
  return holders.every(({ status }) => status === 'stopping')
    ? trans._n(
        '%2 kept free as soon as %3 has left',
        '%2 kept free as soon as %3 have left',
        holders.length,
        devices,
        names
      )
    : trans._n(
        '%2 kept free as soon as %3 is moved or done',
        '%2 kept free as soon as %3 are moved or done',
        holders.length,
        devices,
        names
      );
}

function objectiveWords(objective: NonNullable<SessionWishes['objective']>, trans: ITranslation): string {
  return {
    makespan: trans.__('all done as soon as can be'),
    'weighted-completion': trans.__('each done as soon as can be, by priority')
  }[objective];
}
