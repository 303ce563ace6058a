import type { ITranslation } from '../../model/translation.js';
import type { Failure, Feasibility, TaskState, TrackerState } from '../../wire/messages.js';
import { countedReasons, type ICountedReason, numberRange } from '../format/countedReasons.js';
import { listing } from '../format/format.js';
import { GENERAL_REASONS } from '../format/generalReasons.js';
import { taskWarnings } from './taskWarnings.js';

/** Techniques, and on how many devices each of them. */
export interface IUse {
  readonly techniques: readonly string[];
  readonly devices: readonly number[];
}

/** What inspection says of tasks that get the same answers. */
export interface ITaskCheck {
  readonly tasks: readonly string[];
  /** `unknown`: they are not built yet; `stopped`: nor are they being built. */
  readonly state: 'unknown' | 'stopped' | 'invalid' | 'checked';
  /** What can run them. */
  readonly can: readonly IUse[];
  /** What cannot, and why; a technique that nothing else is said of is without device counts. */
  readonly cannot: readonly { readonly uses: readonly IUse[]; readonly reason: string }[];
  readonly warnings: readonly string[];
  /** Why they train by their own loop. */
  readonly native?: string;
  /** Of adapters: with how many others each can be trained in one run, or why it cannot. */
  readonly fusion?: { readonly others: number } | { readonly reason: string };
  /** Why they cannot be built. */
  readonly error?: Failure;
}

/** Check tasks; those with equal answers together, in the order of the tasks. */
export function taskChecks(
  tasks: readonly TaskState[],
  trans: ITranslation,
  told: readonly TrackerState[] = []
): ITaskCheck[] {
  const groups = new Map<string, ITaskCheck>();
  const kin = new Map<string, number>();
  for (const { inspection } of tasks) {
    const { fusion } = inspection ?? {};
    if (fusion && 'base' in fusion) {
      kin.set(fusion.base, (kin.get(fusion.base) ?? 0) + 1);
    }
  }
  for (const task of tasks) {
    const answer = checkOf(task, { kin, told }, trans);
    const key = JSON.stringify(answer);
    groups.set(key, { ...answer, tasks: [...(groups.get(key)?.tasks ?? []), task.spec.name] });
  }
  return [...groups.values()];
}

/** What cannot run any of several kinds of tasks, for the same reason. */
export function commonRefusals(checks: readonly ITaskCheck[]): ITaskCheck['cannot'] {
  const [first, ...others] = checks.filter(({ state }) => state === 'checked');
  return others.length === 0
    ? []
    : (first?.cannot ?? []).filter(one => others.every(({ cannot }) => cannot.some(isSame(one))));
}

/** A check without what is said elsewhere. */
export function withoutRefusals(check: ITaskCheck, said: ITaskCheck['cannot']): ITaskCheck {
  return { ...check, cannot: check.cannot.filter(one => !said.some(isSame(one))) };
}

function isSame(one: ITaskCheck['cannot'][number]): (other: ITaskCheck['cannot'][number]) => boolean {
  return other => JSON.stringify(other) === JSON.stringify(one);
}

/** Names of the techniques that can run a task, on some number of devices. */
export function usableTechniques({ inspection }: TaskState): string[] {
  return [...usable(inspection?.feasibility ?? []).keys()];
}

/** `single on 1 device; ddp and fsdp on 2 or 4 devices`. */
export function usesWords(uses: readonly IUse[], trans: ITranslation): string {
  return uses
    .map(({ techniques, devices }) =>
      devices.length === 0
        ? listing(techniques, trans)
        : trans.__('%1 on %2', listing(techniques, trans), deviceWords(devices, trans))
    )
    .join('; ');
}

/**
 * What is known beside a task: how many there are of each base of adapters, and to whom trackers tell of it.
 */
interface IBeside {
  readonly kin: ReadonlyMap<string, number>;
  readonly told: readonly TrackerState[];
}

function checkOf(
  { inspection, status, error }: TaskState,
  { kin, told }: IBeside,
  trans: ITranslation
): Omit<ITaskCheck, 'tasks'> {
  const isPartly = inspection?.partial === true && status !== 'finished';
  if (status === 'inspecting' || inspection === undefined || isPartly) {
    const nothing = { can: [], cannot: [], warnings: [] };
    return status === 'invalid' && error !== undefined
      ? { state: 'invalid', ...nothing, error }
      : { state: status === 'stopped' ? 'stopped' : 'unknown', ...nothing };
  }
  const { feasibility, native, fusion } = inspection;
  const can = usable(feasibility);
  return {
    state: 'checked',
    can: merged(can),
    cannot: refusals(feasibility, can, trans),
    warnings: taskWarnings(inspection, told, trans),
    ...(native !== undefined && { native }),
    ...(fusion && {
      fusion: 'reason' in fusion ? { reason: fusion.reason } : { others: (kin.get(fusion.base) ?? 1) - 1 }
    })
  };
}

/** Device counts by technique, with whichever knobs. */
type Counts = Map<string, number[]>;

function note(counts: Counts, { technique, devices }: Feasibility['strategy']): void {
  const list = counts.get(technique) ?? [];
  if (!list.includes(devices)) {
    counts.set(
      technique,
      [...list, devices].sort((a, b) => a - b)
    );
  }
}

function usable(feasibility: readonly Feasibility[]): Counts {
  const counts: Counts = new Map();
  for (const { strategy, feasible } of feasibility) {
    if (feasible) {
      note(counts, strategy);
    }
  }
  return counts;
}

function refusals(
  feasibility: readonly Feasibility[],
  can: Counts,
  trans: ITranslation
): ITaskCheck['cannot'] {
  const byReason = new Map<string, Counts>();
  const all = feasibility.filter(
    ({ strategy, feasible }) => !feasible && !can.get(strategy.technique)?.includes(strategy.devices)
  );
  const particular = all.filter(({ reason = '' }) => !GENERAL_REASONS.has(reason));
  const told = new Set([...can.keys(), ...particular.map(({ strategy }) => strategy.technique)]);
  const refused = all.filter(
    one => !told.has(one.strategy.technique) || !GENERAL_REASONS.has(one.reason ?? '')
  );
  for (const technique of new Set(refused.map(({ strategy }) => strategy.technique))) {
    const own = refused
      .filter(({ strategy }) => strategy.technique === technique)
      .map(({ strategy, reason = trans.__('no reason is given') }) => ({
        devices: strategy.devices,
        reason
      }));
    countedReasons(own, trans).forEach((reason, i) => {
      const counts: Counts = byReason.get(reason) ?? new Map();
      note(counts, { technique, devices: (own[i] as ICountedReason).devices });
      byReason.set(reason, counts);
    });
  }
  const reasons = [...byReason];
  // Where one reason is all there is to say of a technique, the counts say nothing more.
  const only = (technique: string): boolean =>
    !can.has(technique) && reasons.filter(([, counts]) => counts.has(technique)).length === 1;
  return reasons.map(([reason, counts]) => ({
    uses: merged(
      new Map([...counts].map(([technique, devices]) => [technique, only(technique) ? [] : devices]))
    ),
    reason
  }));
}

/** Techniques with the same device counts as one. */
function merged(counts: Counts): IUse[] {
  const uses = new Map<string, IUse>();
  for (const [technique, devices] of counts) {
    const key = devices.join();
    uses.set(key, { techniques: [...(uses.get(key)?.techniques ?? []), technique], devices });
  }
  return [...uses.values()];
}

/** `1 device`, `2 or 4 devices`, `2 to 8 devices`. */
function deviceWords(devices: readonly number[], trans: ITranslation): string {
  return trans._n('%2 device', '%2 devices', devices.at(-1) as number, numberRange(devices, trans));
}
