import { deviceKinds, isSameModel } from '../../model/deviceModels.js';
import { strategyKey, variantLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { Argument, Feasibility, ProfileCell, SessionState, Strategy } from '../../wire/messages.js';
import { paramWords } from '../format/taskText.js';
import { fusedClasses } from './fusedClasses.js';
import type { IProfileClass, IProfileRow, ProfileEntry } from './profileClass.js';

/** The profile as a table: for tasks of equal speed, techniques by device counts. */
export interface IProfileMatrix {
  readonly devices: readonly number[];
  readonly classes: readonly IProfileClass[];
}

/** Arrange what a session knows of its tasks' speed. */
export function profileMatrix(state: SessionState): IProfileMatrix {
  const built = state.tasks.flatMap(({ spec, inspection }) => (inspection ? [{ spec, inspection }] : []));
  const varying = varyingParams(built.map(({ spec }) => spec.params));
  const sweeps = new Set(built.map(({ spec }) => spec.sweep));
  const signatures = [...new Set(built.map(({ inspection }) => inspection.signature))];
  const known = (signature: string): Strategy[] =>
    [...state.cells, ...state.trials].filter(one => one.signature === signature).map(one => one.strategy);
  const feasible = built.flatMap(({ inspection }) =>
    inspection.feasibility.flatMap(one => (one.feasible ? [one.strategy] : []))
  );
  const devices = [...new Set([...signatures.flatMap(known), ...feasible].map(one => one.devices))].sort(
    (a, b) => a - b
  );
  const models = modelsFor(state, devices);
  const alone = signatures.flatMap(signature => {
    const mine = built.filter(({ inspection }) => inspection.signature === signature);
    const feasibility = mine[0]?.inspection.feasibility ?? [];
    const shared = sharedParams(mine.map(({ spec }) => spec.params)).filter(([name]) => varying.has(name));
    const words = shared.map(([name, value]) => paramWords(name, value));
    const sweep = mine[0]?.spec.sweep ?? '';
    const own = variants(feasibility, known(signature));
    return models.map((model): IProfileClass => {
      const judged = feasibility.filter(one => isOfKind(state, model, one));
      const rows = own.map(variant => ({
        label: variantLabel(variant),
        entries: devices.map(count =>
          models.length === 1 || isOn(state, model, count)
            ? entry(state, signature, { strategy: { ...variant, devices: count }, model }, judged)
            : { kind: 'none' as const }
        )
      }));
      return {
        signature,
        label: (sweeps.size > 1 || words.length === 0 ? [sweep, ...words] : words).join(' '),
        ...(models.length > 1 && model !== undefined && { model, on: modelName(state, model) }),
        tasks: mine.map(({ spec }) => spec.name),
        rows,
        best: Math.min(
          ...rows
            .flatMap(row => row.entries)
            .filter(({ kind }) => kind === 'measured')
            .map(stepSecondsOf)
        )
      };
    });
  });
  const nameOf = (model: string): string | undefined =>
    models.length > 1 ? modelName(state, model) : undefined;
  return { devices, classes: [...alone, ...fusedClasses(state, devices, models, nameOf)] };
}

/** The models of devices that there are for strategies on so many of them; undefined stands for any. */
function modelsFor({ cluster }: SessionState, counts: readonly number[]): (string | undefined)[] {
  const kinds = cluster ? counts.flatMap(count => deviceKinds(cluster, count)) : [];
  const models = new Set(kinds.map(({ model }) => model));
  return models.size > 0 ? [...models] : [undefined];
}

/** Whether a strategy on so many devices may run on those of a model. */
function isOn({ cluster }: SessionState, model: string | undefined, count: number): boolean {
  return cluster !== undefined && deviceKinds(cluster, count).some(kind => kind.model === model);
}

/** Whether something was found of devices of a model, or of any. */
function isOfKind({ cluster }: SessionState, model: string | undefined, { kind }: Feasibility): boolean {
  const devices = cluster?.nodes.flatMap(node => node.devices) ?? [];
  const own = devices.find(device => device.model === model);
  return kind === undefined || own === undefined || own.kind === kind;
}

/** What a person calls devices of a model: their name, where no others have it; virtual ones have one each. */
function modelName({ cluster }: SessionState, model: string): string {
  const devices = cluster?.nodes.flatMap(node => node.devices) ?? [];
  const own = devices.find(device => device.model === model);
  const isClear = devices.every(({ name, model: other }) => name !== own?.name || other === model);
  return own?.kind === 'cuda' && isClear ? own.name : model;
}

/** What a person calls tasks that run at equal speed, and the devices that this is of where it matters. */
export function classLabel({ label, on, together }: IProfileClass, trans: ITranslation): string {
  const tasks = together ? trans.__('%1 in one run', label) : label;
  return on === undefined ? tasks : trans.__('%1 on %2', tasks, on);
}

/** What a person calls a technique with its knobs, and so many tasks that are trained by it in one run. */
export function rowLabel({ label, fused }: IProfileRow, trans: ITranslation): string {
  return fused === undefined ? label : trans.__('%1, %2 fused', label, fused);
}

/** Entries of a matrix of some kinds. */
export function countEntries(matrix: IProfileMatrix, ...kinds: ProfileEntry['kind'][]): number {
  return entriesOf(matrix).filter(({ kind }) => kinds.includes(kind)).length;
}

/** All entries of a matrix. */
export function entriesOf({ classes }: IProfileMatrix): ProfileEntry[] {
  return classes.flatMap(({ rows }) => rows.flatMap(({ entries }) => entries));
}

/** Whether an entry was measured in an earlier session. */
export function isRecalled(entry: ProfileEntry): boolean {
  return 'cell' in entry && entry.cell.recalled === true;
}

/** Seconds of a step; infinite where that is not known. */
export function stepSecondsOf(entry: ProfileEntry): number {
  return 'cell' in entry ? (entry.cell.stepSeconds ?? Infinity) : Infinity;
}

/** Why an entry is not to be used; undefined for one that is. */
export function reasonOf(entry: ProfileEntry, trans: ITranslation): string | undefined {
  return entry.kind === 'infeasible'
    ? (entry.reason ?? trans.__('no reason is given'))
    : 'cell' in entry
      ? (entry.cell.reason ?? entry.cell.error?.message)
      : undefined;
}

/**
 * Techniques with their knobs, in the order of the inspection. A technique is judged infeasible without knobs:
 * that makes a row only when there is no other of it.
 */
function variants(
  feasibility: readonly Feasibility[],
  known: readonly Strategy[]
): Omit<Strategy, 'devices'>[] {
  const usable = [...feasibility.flatMap(one => (one.feasible ? [one.strategy] : [])), ...known];
  const used = new Set(usable.map(({ technique }) => technique));
  const useless = feasibility.map(({ strategy }) => strategy).filter(({ technique }) => !used.has(technique));
  const order = [
    ...new Set([...feasibility.map(({ strategy }) => strategy), ...known].map(one => one.technique))
  ];
  const distinct = new Map(
    [...usable, ...useless].map(({ devices: _, ...variant }) => [variantLabel(variant), variant])
  );
  return [...distinct.values()].sort((a, b) => order.indexOf(a.technique) - order.indexOf(b.technique));
}

function entry(
  state: SessionState,
  signature: string,
  { strategy, model }: { readonly strategy: Strategy; readonly model: string | undefined },
  feasibility: readonly Feasibility[]
): ProfileEntry {
  const key = strategyKey(strategy);
  const fits = (one: Pick<ProfileCell, 'signature' | 'strategy' | 'model'>): boolean =>
    one.signature === signature && isSameModel(one.model, model) && strategyKey(one.strategy) === key;
  const trial = state.trials.find(fits);
  if (trial && trial.status !== 'stopping') {
    return { kind: trial.status };
  }
  // What works for some tasks, or was not tried with all, stands before what failed for others.
  const found = state.cells.filter(fits);
  const failures = found.filter(({ status }) => status === 'failed');
  const cell =
    found.find(({ status }) => status !== 'failed') ??
    (isOfAll(failures, state, signature) ? failures[0] : undefined);
  if (cell) {
    return knownEntry(cell);
  }
  const judged =
    feasibility.find(one => strategyKey(one.strategy) === key) ??
    feasibility.find(
      one =>
        !one.feasible &&
        one.strategy.technique === strategy.technique &&
        one.strategy.devices === strategy.devices
    );
  return judged === undefined
    ? { kind: 'none' }
    : judged.feasible
      ? { kind: 'open' }
      : { kind: 'infeasible', reason: judged.reason };
}

/** Whether failed trials speak for all tasks of a signature: each failed, or one that works otherwise. */
function isOfAll(
  failures: readonly ProfileCell[],
  { tasks, cells }: SessionState,
  signature: string
): boolean {
  const failed = new Set(failures.map(({ hash }) => hash));
  const mine = tasks.filter(({ inspection }) => inspection?.signature === signature);
  return (
    failed.has(undefined) ||
    mine.every(({ spec }) => failed.has(spec.hash)) ||
    cells.some(cell => cell.status === 'ok' && cell.signature === signature && failed.has(cell.hash))
  );
}

function knownEntry(cell: ProfileCell): ProfileEntry {
  return {
    kind: cell.status !== 'ok' ? cell.status : cell.source === 'interpolated' ? 'interpolated' : 'measured',
    cell
  };
}

type Params = SessionState['tasks'][number]['spec']['params'];

/** Parameters that differ between some tasks. */
function varyingParams(all: readonly Params[]): Set<string> {
  const names = new Set(all.flatMap(params => Object.keys(params)));
  return new Set(
    [...names].filter(name => new Set(all.map(params => JSON.stringify(params[name]))).size > 1)
  );
}

/** Parameters that are the same in all tasks, with their values. */
function sharedParams(all: readonly Params[]): [string, Argument][] {
  return Object.entries(all[0] ?? {}).filter(([name, value]) =>
    all.every(params => JSON.stringify(params[name]) === JSON.stringify(value))
  );
}
