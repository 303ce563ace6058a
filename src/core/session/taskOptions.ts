import { feasibleKinds, type IDeviceKind, strategyKinds } from '../model/deviceModels.js';
import { cellKey, keyOfCell, strategyLabel } from '../model/strategy.js';
import type { FailedTrials } from '../profiling/failedTrials.js';
import { kindKey } from '../profiling/profileGrid.js';
import type { Cluster, Feasibility, PlanOption, ProfileCell, Strategy, TaskState } from '../wire/messages.js';
import { overNodes } from './spanning.js';

/**
 * How many spreads a step may in truth be faster or slower than measured. The spread is a median absolute deviation:
 * 3 of them are 2 standard deviations of normal noise.
 */
const SPREADS = 3;

/** A step is at least this share of what was measured, however much the measurements spread. */
const LEAST_SHARE = 0.1;

/** What planning knows of how tasks run. */
export interface IKnown {
  readonly cluster: Cluster;
  /** Over how many nodes a task may train at most. */
  readonly span: number;
  /** See {@link cellTable}. */
  readonly cells: ReadonlyMap<string, ProfileCell>;
  readonly failed: FailedTrials;
  /** All of the profile, with what is known of tasks that are trained in one run. */
  readonly usable: readonly ProfileCell[];
  /** The options of tasks that are alike, by what inspection found of them. */
  readonly shared: Map<string, PlanOption[]>;
}

/** Cells by their keys, and without a model one for all of a strategy: that which holds for any, if there is one. */
export function cellTable(cells: readonly ProfileCell[]): Map<string, ProfileCell> {
  const table = new Map<string, ProfileCell>();
  for (const cell of cells) {
    const any = cellKey(cell.signature, cell.strategy);
    if (cell.model !== undefined) {
      table.set(keyOfCell(cell), cell);
    }
    if (cell.model === undefined || !table.has(any)) {
      table.set(any, cell);
    }
  }
  return table;
}

/** What is known of how a task runs by a strategy on devices of a model. */
export function cellOn(
  { inspection }: TaskState,
  strategy: Strategy,
  model: string | undefined,
  cells: ReadonlyMap<string, ProfileCell>
): ProfileCell | undefined {
  const { signature = '' } = inspection ?? {};
  const any = cells.get(cellKey(signature, strategy));
  const own = model === undefined ? any : cells.get(cellKey(signature, strategy, model));
  return own ?? (any?.model === undefined ? any : undefined);
}

/** The options of a task, the same for all that are alike. */
export function sharedOptions(task: TaskState, known: IKnown): PlanOption[] {
  const { inspection } = task;
  if (!inspection || known.failed.hasFailed(inspection.signature)) {
    return optionsOf(task, known);
  }
  const key = kindKey(inspection);
  const options = known.shared.get(key) ?? optionsOf(task, known);
  known.shared.set(key, options);
  return options;
}

function optionsOf(task: TaskState, { cluster, span, cells, failed }: IKnown): PlanOption[] {
  const { spec, inspection } = task;
  const { signature = '', feasibility = [] } = inspection ?? {};
  const options: PlanOption[] = [];
  for (const verdict of [...feasibility, ...overNodes(feasibility, cluster, span)]) {
    const { strategy } = verdict;
    for (const kind of kindsOf(cluster, verdict)) {
      const { model } = kind;
      const cell = cellOn(task, strategy, model, cells);
      const works = cell?.status === 'ok' && !failed.failure({ signature, hash: spec.hash }, strategy, model);
      if (works && cell.stepSeconds !== undefined) {
        options.push({
          strategy,
          stepSeconds: cell.stepSeconds,
          startSeconds: cell.startSeconds ?? 0,
          ...spanOf(strategy),
          ...measured(cell, cell.stepSeconds),
          ...kind.places
        });
      }
    }
  }
  return options;
}

/** Over how many nodes the planner is to spread a strategy. */
export function spanOf({ nodes }: Strategy): Pick<PlanOption, 'span'> {
  return nodes === undefined ? {} : { span: nodes };
}

/** Where no node has enough devices, the planner says so: of a strategy that was measured when one had. */
const NOWHERE: readonly IDeviceKind[] = [{ nodes: [], places: {} }];

function kindsOf(cluster: Cluster, verdict: Feasibility): readonly IDeviceKind[] {
  const isTooWide = verdict.feasible && strategyKinds(cluster, verdict.strategy).length === 0;
  return isTooWide ? NOWHERE : feasibleKinds(cluster, verdict);
}

/** What a cell tells besides the step time: what leaving costs, between what bounds it lies, and the memory. */
export function measured(cell: ProfileCell | undefined, stepSeconds: number): Partial<PlanOption> {
  const { spreadSeconds, peakBytes, saveSeconds, stepSecondsHigh } = cell ?? {};
  return {
    ...(saveSeconds !== undefined && { stopSeconds: saveSeconds }),
    ...(spreadSeconds !== undefined && {
      stepSecondsLow: Math.max(stepSeconds - SPREADS * spreadSeconds, LEAST_SHARE * stepSeconds),
      stepSecondsHigh: Math.max(stepSeconds + SPREADS * spreadSeconds, stepSecondsHigh ?? 0)
    }),
    ...(peakBytes !== undefined && { peakBytes })
  };
}

/**
 * In the user's words: why no strategy can run a task. What was tried tells more than what could
 * not be; what befell several strategies is told once.
 */
export function whyNone(task: TaskState, { cluster, cells, failed }: IKnown): string {
  const { spec, inspection } = task;
  const own = { signature: inspection?.signature ?? '', hash: spec.hash };
  const verdicts = inspection?.feasibility ?? [];
  const tried = verdicts.filter(verdict => verdict.feasible);
  const labels = new Map<string, string[]>();
  for (const verdict of tried.length > 0 ? tried : verdicts) {
    const { strategy, feasible, reason } = verdict;
    const reasons = new Map<string, string[]>();
    for (const { model } of kindsOf(cluster, verdict)) {
      const cell = failed.failure(own, strategy, model) ?? cellOn(task, strategy, model, cells);
      const why = whyNot(cell);
      reasons.set(why, [...(reasons.get(why) ?? []), model ?? '']);
    }
    const all = feasible ? [...reasons] : [[reason ?? 'not feasible', []] as const];
    for (const [why, models] of all) {
      const on = all.length > 1 ? ` on ${models.join(' and ')}` : '';
      labels.set(why, [...(labels.get(why) ?? []), `${strategyLabel(strategy)}${on}`]);
    }
  }
  const reasons = [...labels].map(([why, strategies]) => `${strategies.join(', ')}: ${why}`);
  return reasons.length > 0 ? reasons.join('; ') : 'No technique knows how to run it.';
}

const NOT_MEASURED = 'not measured';

function whyNot(cell: ProfileCell | undefined): string {
  switch (cell?.status) {
    case undefined:
      return NOT_MEASURED;
    case 'oom':
      return 'out of memory';
    case 'failed':
      return `its trial failed (${cell?.error?.message ?? 'no message'})`;
    default:
      return cell?.reason ?? cell?.status ?? NOT_MEASURED;
  }
}
