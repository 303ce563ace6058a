import { isSameModel } from '../../model/deviceModels.js';
import { strategyKey, variantLabel } from '../../model/strategy.js';
import type { ProfileCell, SessionState, Strategy, TaskState, TrialState } from '../../wire/messages.js';
import type { IProfileClass, IProfileRow, ProfileEntry } from './profileClass.js';

/** What a run of several tasks was, or is to be, tried as. */
type Tried = Pick<ProfileCell, 'signature' | 'strategy' | 'model'> & { readonly fused: number };

/**
 * How fast tasks run that are trained in one run: for those that can be, a row for each number of them that was tried.
 *
 * @param devices - device counts, in the order of a row's entries.
 * @param models - of devices, as the classes of single tasks have them.
 * @param nameOf - what a person calls devices of a model; undefined where there are no others.
 */
export function fusedClasses(
  state: SessionState,
  devices: readonly number[],
  models: readonly (string | undefined)[],
  nameOf: (model: string) => string | undefined
): IProfileClass[] {
  const tried = triedRuns(state);
  return [...new Set(tried.map(({ signature }) => signature))].flatMap(signature => {
    const tasks = state.tasks.filter(task => isOf(task, signature));
    const sweeps = [...new Set(tasks.map(({ spec }) => spec.sweep))];
    return models.flatMap((model): IProfileClass[] => {
      const own = tried.filter(one => one.signature === signature && isSameModel(one.model, model));
      const on = model === undefined ? undefined : nameOf(model);
      return own.length === 0 || tasks.length === 0
        ? []
        : [
            {
              signature,
              label: sweeps.join(', '),
              together: true,
              ...(model !== undefined && on !== undefined && { model, on }),
              tasks: tasks.map(({ spec }) => spec.name),
              rows: rowsOf(own, devices, one =>
                entryOf(state, { ...one, ...(model !== undefined && { model }) })
              ),
              // More tasks take longer: no number of them is the fastest.
              best: 0
            }
          ];
    });
  });
}

function isOf({ inspection }: TaskState, base: string): boolean {
  const { fusion } = inspection ?? {};
  return fusion !== undefined && 'base' in fusion && fusion.base === base;
}

function triedRuns({ cells, trials }: SessionState): Tried[] {
  return [...cells, ...trials.map(asCell)].flatMap(({ signature, strategy, model, fused }) =>
    fused === undefined ? [] : [{ signature, strategy, fused, ...(model !== undefined && { model }) }]
  );
}

function asCell({
  signature,
  strategy,
  model,
  fused
}: TrialState): Pick<ProfileCell, 'signature' | 'strategy' | 'model' | 'fused'> {
  const on = model === undefined ? {} : { model };
  return { signature, strategy, ...on, ...(fused && { fused: fused.length + 1 }) };
}

function rowsOf(
  tried: readonly Tried[],
  devices: readonly number[],
  entry: (one: Tried) => ProfileEntry
): IProfileRow[] {
  const rows = new Map<string, { label: string; fused: number; strategy: Strategy; signature: string }>();
  for (const { strategy, fused, signature } of tried) {
    const label = variantLabel(strategy);
    rows.set(`${label} ${fused}`, { label, fused, strategy, signature });
  }
  return [...rows.values()]
    .sort((a, b) => a.fused - b.fused)
    .map(({ label, fused, strategy, signature }) => ({
      label,
      fused,
      entries: devices.map(count => entry({ signature, fused, strategy: { ...strategy, devices: count } }))
    }));
}

function entryOf({ cells, trials }: SessionState, one: Tried): ProfileEntry {
  const isSame = (other: Pick<ProfileCell, 'signature' | 'strategy' | 'model' | 'fused'>): boolean =>
    other.signature === one.signature &&
    other.fused === one.fused &&
    isSameModel(other.model, one.model) &&
    strategyKey(other.strategy) === strategyKey(one.strategy);
  const trial = trials.find(other => isSame(asCell(other)));
  if (trial && trial.status !== 'stopping') {
    return { kind: trial.status };
  }
  const cell = cells.find(isSame);
  return cell === undefined
    ? { kind: 'none' }
    : { kind: cell.status === 'ok' ? 'measured' : cell.status, cell };
}
