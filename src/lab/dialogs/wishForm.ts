import type { TranslationBundle } from '@jupyterlab/translation';
import type { Cluster, Pin, TaskState, TaskWishesChange } from '../../core/wire/messages.js';

/** What a form says: what is to be asked of the plan, or why it makes no sense. */
export type WishOutcome =
  | { readonly change: Pick<TaskWishesChange, 'set' | 'clear'>; readonly problem?: undefined }
  | { readonly change?: undefined; readonly problem: string };

/** The largest priority that makes sense to the planner. */
const MOST_PRIORITY = 1e6;

/** A priority as it is written; empty takes it back. */
export function priorityOutcome(text: string, trans: TranslationBundle): WishOutcome {
  if (text.trim() === '') {
    return { change: { clear: ['weight'] } };
  }
  const weight = Number(text);
  return weight > 0 && weight <= MOST_PRIORITY
    ? { change: { set: { weight } } }
    : { problem: trans.__('A priority is a number above 0, up to a million.') };
}

/**
 * A deadline as a field for date and time has it, by the clock of whoever writes it; empty takes it back.
 *
 * @param now - seconds since the epoch.
 */
export function deadlineOutcome(text: string, now: number, trans: TranslationBundle): WishOutcome {
  if (text.trim() === '') {
    return { change: { clear: ['deadline'] } };
  }
  const deadline = new Date(text).getTime() / 1000;
  if (Number.isNaN(deadline)) {
    return { problem: trans.__('This is no date with a time.') };
  }
  return deadline > now ? { change: { set: { deadline } } } : { problem: trans.__('This is past already.') };
}

/** A moment as a field for date and time has it. */
export function localTime(secondsSinceEpoch: number): string {
  const date = new Date(secondsSinceEpoch * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Where and how tasks must run, as it is chosen; empty is any. */
export interface IPinInput {
  readonly technique: string;
  readonly count: string;
  /** `node/device` of each. */
  readonly devices: ReadonlySet<string>;
}

/** The form as it is for tasks that are pinned already, all to the same. */
export function pinInput(tasks: readonly TaskState[]): IPinInput {
  const pins = new Set(tasks.map(({ wishes }) => JSON.stringify(wishes?.pin ?? {})));
  const pin = pins.size === 1 ? (JSON.parse([...pins][0] as string) as Pin) : {};
  return {
    technique: pin.strategy?.technique ?? pin.technique ?? '',
    count: String(pin.strategy?.devices ?? pin.count ?? ''),
    devices: new Set((pin.devices ?? []).map(device => `${pin.node ?? ''}/${device}`))
  };
}

/** Techniques that can train all of some tasks, as far as is known. */
export function techniquesOf(tasks: readonly TaskState[]): string[] {
  const [first, ...others] = tasks.map(
    ({ inspection }) =>
      new Set(
        (inspection?.feasibility ?? [])
          .filter(({ feasible }) => feasible)
          .map(({ strategy }) => strategy.technique)
      )
  );
  return [...(first ?? [])].filter(technique => others.every(known => known.has(technique)));
}

/** A pin as it is chosen; any technique, number and devices take it back. */
export function pinOutcome(
  { technique, count, devices }: IPinInput,
  cluster: Cluster | undefined,
  trans: TranslationBundle
): WishOutcome {
  const chosen = (cluster?.nodes ?? []).flatMap(({ id, devices: all }) => {
    const [first, ...rest] = all.map(device => device.id).filter(device => devices.has(`${id}/${device}`));
    return first === undefined ? [] : [{ node: id, devices: [first, ...rest] as [string, ...string[]] }];
  });
  const [place, ...others] = chosen;
  if (others.length > 0) {
    return { problem: trans.__('A task trains on devices of one node: choose those of one.') };
  }
  if (place && Number(count) > place.devices.length) {
    return {
      problem: trans._n(
        'Of %2 device chosen, %3 cannot be used.',
        'Of %2 devices chosen, %3 cannot be used.',
        place.devices.length,
        place.devices.length,
        count
      )
    };
  }
  const pin: Pin = {
    ...(technique !== '' && { technique }),
    ...(count !== '' && { count: Number(count) }),
    ...place
  };
  return { change: Object.keys(pin).length > 0 ? { set: { pin } } : { clear: ['pin'] } };
}
