import { strategyKey } from '../../core/model/strategy.js';
import type { ProfileCell, SessionState, Strategy } from '../../core/wire/messages.js';

/** Where the measuring of one signature under one strategy stands. */
export type ProfileEntry =
  | { readonly kind: 'known'; readonly cell: ProfileCell }
  | { readonly kind: 'running' | 'queued' | 'open' }
  | { readonly kind: 'infeasible'; readonly reason: string };

/** The profile as a table: signatures by strategies. */
export interface IProfileMatrix {
  readonly strategies: readonly Strategy[];
  readonly rows: readonly {
    readonly signature: string;
    /** What a person calls the tasks of this signature. */
    readonly label: string;
    readonly tasks: readonly string[];
    readonly entries: readonly ProfileEntry[];
  }[];
}

/** Arrange what a session knows of its tasks' speed. */
export function profileMatrix(state: SessionState): IProfileMatrix {
  const built = state.tasks.flatMap(({ spec, inspection }) => (inspection ? [{ spec, inspection }] : []));
  const strategies = strategiesOf(state);
  const varying = varyingParams(built.map(({ spec }) => spec.params));
  const signatures = [...new Set(built.map(({ inspection }) => inspection.signature))];
  const sweeps = new Set(built.map(({ spec }) => spec.sweep));
  return {
    strategies: [...strategies.values()],
    rows: signatures.map(signature => {
      const mine = built.filter(({ inspection }) => inspection.signature === signature);
      const shared = sharedParams(mine.map(({ spec }) => spec.params)).filter(([name]) => varying.has(name));
      const words = shared.map(([, value]) => String(value));
      const sweep = mine[0]?.spec.sweep ?? '';
      return {
        signature,
        label: (sweeps.size > 1 || words.length === 0 ? [sweep, ...words] : words).join(' '),
        tasks: mine.map(({ spec }) => spec.name),
        entries: [...strategies.keys()].map(key =>
          entry(state, signature, key, mine[0]?.inspection.feasibility)
        )
      };
    })
  };
}

/** Strategies measured, being measured or possible, by device count. */
function strategiesOf(state: SessionState): Map<string, Strategy> {
  const all = [
    ...[...state.cells, ...state.trials].map(({ strategy }) => strategy),
    ...state.tasks
      .flatMap(({ inspection }) => inspection?.feasibility ?? [])
      .flatMap(({ strategy, feasible }) => (feasible ? [strategy] : []))
  ].sort((a, b) => a.devices - b.devices || a.technique.localeCompare(b.technique));
  return new Map(all.map(strategy => [strategyKey(strategy), strategy]));
}

function entry(
  state: SessionState,
  signature: string,
  key: string,
  feasibility: readonly { strategy: Strategy; feasible: boolean; reason?: string }[] = []
): ProfileEntry {
  const fits = (one: { signature: string; strategy: Strategy }) =>
    one.signature === signature && strategyKey(one.strategy) === key;
  const trial = state.trials.find(fits);
  if (trial) {
    return { kind: trial.status };
  }
  const cell = state.cells.find(fits);
  if (cell) {
    return { kind: 'known', cell };
  }
  const judged = feasibility.find(({ strategy }) => strategyKey(strategy) === key);
  return judged && !judged.feasible ? { kind: 'infeasible', reason: judged.reason ?? '' } : { kind: 'open' };
}

type Params = SessionState['tasks'][number]['spec']['params'];

/** Parameters that differ between some tasks. */
function varyingParams(all: readonly Params[]): Set<string> {
  const names = new Set(all.flatMap(params => Object.keys(params)));
  return new Set([...names].filter(name => new Set(all.map(params => params[name])).size > 1));
}

/** Parameters that are the same in all tasks, with their values. */
function sharedParams(all: readonly Params[]): [string, unknown][] {
  return Object.entries(all[0] ?? {}).filter(([name, value]) => all.every(params => params[name] === value));
}
