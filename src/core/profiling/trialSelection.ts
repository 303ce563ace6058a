import { modelAt } from '../model/deviceModels.js';
import { cellKey, curveKey } from '../model/strategy.js';
import type { Cluster, Plan, ProfileCell } from '../wire/messages.js';
import type { IGridCell } from './profileGrid.js';
import { cellsOf, groupBySignature } from './signatureGroups.js';
import { StepTimeModel } from './stepTimeModel.js';

/**
 * What is not measured is taken to be faster than predicted by this many standard deviations: by more of them where nothing
 * waits for trials. With more than a few signatures it is fewer, as good luck with all of them at once is less likely: the spread
 * of a sum grows with the root.
 */
export const OPTIMISM = { atLeisure: 1.5, inHaste: 1 };
const FEW = 4;

/** Trials go on while they could make the plan shorter by more than this share. */
export const WORTHWHILE = 0.03;

/** The interval of an interpolated cell reaches this many standard deviations to both sides. */
const INTERVAL = 2;

/** With so many tasks for each device, a plan has hardly a use for more devices than one each. */
const MANY = 4;

const works = (cell: ProfileCell): boolean => cell.status === 'ok' && cell.stepSeconds !== undefined;

/** See {@link initialTrials}. */
interface IRoom {
  readonly tasks?: number;
  readonly coming?: number;
  readonly devices?: number;
}

/**
 * The first trials of signatures that no trial told anything about: one each, on a middling count of devices, from which
 * neither more nor fewer are far, or on as few as all have room on side by side; and spread over the techniques, whose
 * differences carry over to other signatures. Where many tasks wait for each device, or more are to come than there are devices,
 * on one: so many trials can be made at a time, and there is hardly another use for devices.
 *
 * @param open - of a signature and strategy, those devices first on which it is to be tried first.
 * @param known - cells measured, and cells about to be.
 * @param tellsMore - whether a cell is worth more than others of its signature, as something else depends on it.
 * @param room - how many tasks there are to train, how many of them are of signatures that are not known yet, and devices for
 * the trials of all at once; no matter when absent.
 */
export function initialTrials(
  open: readonly IGridCell[],
  known: readonly Pick<ProfileCell, 'signature' | 'strategy' | 'model'>[],
  tellsMore: (cell: IGridCell) => boolean = () => false,
  { tasks = 0, coming = 0, devices = Infinity }: IRoom = {}
): IGridCell[] {
  const seen = new Set(known.map(cell => cell.signature));
  const uses = new Map<string, number>();
  const usesOf = (cell: Pick<ProfileCell, 'strategy'>): number => uses.get(curveKey(cell.strategy)) ?? 0;
  const use = (cell: Pick<ProfileCell, 'strategy'>): void => {
    uses.set(curveKey(cell.strategy), usesOf(cell) + 1);
  };
  known.forEach(use);
  const widest = open.reduce((most, cell) => Math.max(most, cell.strategy.devices), 0);
  const unseen = new Set(open.flatMap(({ signature }) => (seen.has(signature) ? [] : [signature])));
  const wanting = unseen.size + coming;
  const isCrowded = tasks >= MANY * widest || (coming > 0 && wanting >= devices);
  const share = isCrowded ? 1 : Math.max(1, devices / Math.max(1, wanting));
  const middle = Math.min(Math.floor(Math.log2(share)), Math.round((2 / 3) * Math.log2(widest)));
  const distance = (cell: IGridCell): number => Math.abs(Math.log2(cell.strategy.devices) - middle);
  const chosen: IGridCell[] = [];
  const models = modelRanks(open);
  for (const [signature, cells] of groupBySignature(open)) {
    if (!seen.has(signature)) {
      const [first] = cells.sort(
        (a, b) =>
          (a.failures ?? 0) - (b.failures ?? 0) ||
          models.get(a.model)! - models.get(b.model)! ||
          Number(tellsMore(b)) - Number(tellsMore(a)) ||
          (isCrowded ? distance(a) - distance(b) : 0) ||
          usesOf(a) - usesOf(b) ||
          distance(a) - distance(b)
      );
      use(first!);
      chosen.push(first!);
    }
  }
  return chosen;
}

/**
 * What else may be tried on devices that the first trials leave idle: of signatures of which the least is tried, by techniques
 * that are tried the least, on as many devices as there are.
 *
 * @param tried - cells about to be known.
 * @param idle - devices that are left.
 */
export function furtherTrials(
  open: readonly IGridCell[],
  tried: readonly Pick<ProfileCell, 'signature' | 'strategy'>[],
  idle: number
): IGridCell[] {
  const signatures = tallied(tried.map(({ signature }) => signature));
  const curves = tallied(tried.map(({ strategy }) => curveKey(strategy)));
  const usesOf = ({ signature }: IGridCell): number => signatures.get(signature) ?? 0;
  const curveUses = ({ strategy }: IGridCell): number => curves.get(curveKey(strategy)) ?? 0;
  return open
    .filter(({ strategy }) => strategy.devices <= idle)
    .sort(
      (a, b) =>
        usesOf(a) - usesOf(b) || curveUses(a) - curveUses(b) || b.strategy.devices - a.strategy.devices
    );
}

function tallied(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The models of some cells by how early they stand. */
function modelRanks(open: readonly IGridCell[]): Map<string | undefined, number> {
  const ranks = new Map<string | undefined, number>();
  for (const { model } of open) {
    ranks.set(model, ranks.get(model) ?? ranks.size);
  }
  return ranks;
}

/**
 * The first trials of models of devices that no trial told anything about: for each a cell that is known on another, so that
 * their ratio is known; else one of such a signature.
 *
 * @param known - cells measured, and cells about to be.
 */
export function comparingTrials(
  open: readonly IGridCell[],
  known: readonly Pick<ProfileCell, 'signature' | 'strategy' | 'model'>[]
): IGridCell[] {
  const tried = new Set(known.map(({ signature, strategy }) => cellKey(signature, strategy)));
  const signatures = new Set(known.map(({ signature }) => signature));
  const models = new Set(known.map(({ model }) => model));
  const unlikeness = ({ signature, strategy, failures = 0 }: IGridCell): number =>
    failures + (tried.has(cellKey(signature, strategy)) ? 0 : signatures.has(signature) ? 0.25 : 0.5);
  const best = new Map<string | undefined, IGridCell>();
  for (const cell of models.size === 0 ? [] : open.filter(({ model }) => !models.has(model))) {
    const other = best.get(cell.model);
    if (other === undefined || unlikeness(cell) < unlikeness(other)) {
      best.set(cell.model, cell);
    }
  }
  return [...best.values()];
}

/**
 * The profile as good as it may be: what works as measured, and the cells not measured as fast as the model holds possible. What a
 * plan of it leaves unused is not worth a trial now.
 */
export function optimisticProfile(
  open: readonly IGridCell[],
  measured: readonly ProfileCell[],
  standardDeviations = OPTIMISM.atLeisure
): ProfileCell[] {
  const working = measured.filter(works);
  const model = new StepTimeModel(working);
  const signatures = new Set([...open, ...working].map(cell => cell.signature)).size;
  const optimism = standardDeviations * Math.min(1, Math.sqrt(FEW / signatures));
  return [
    ...working,
    ...open.map(({ signature, strategy, model: device }): ProfileCell => {
      const { seconds, spread } = model.of(signature, strategy, device);
      const [like] = cellsOf(working, signature);
      return {
        signature,
        strategy,
        ...(device !== undefined && { model: device }),
        status: 'ok',
        source: 'interpolated',
        stepSeconds: seconds * Math.exp(-optimism * spread),
        ...(like?.startSeconds !== undefined && { startSeconds: like.startSeconds })
      };
    })
  ];
}

/**
 * The same cells, but those of curves of which nothing is known on the fewest devices that are promising: they tell most of what
 * more would, start sooner, and leave room for others.
 *
 * @param promising - cells that may be tried instead.
 * @param known - cells that work.
 */
export function onFewestDevices(
  cells: readonly IGridCell[],
  promising: readonly IGridCell[],
  known: readonly ProfileCell[]
): IGridCell[] {
  const narrowest = new Map<string, IGridCell>();
  for (const cell of promising) {
    const before = narrowest.get(curveOf(cell));
    if (before === undefined || cell.strategy.devices < before.strategy.devices) {
      narrowest.set(curveOf(cell), cell);
    }
  }
  const begun = new Set(known.map(curveOf));
  const chosen = cells.map(cell =>
    begun.has(curveOf(cell)) ? cell : (narrowest.get(curveOf(cell)) ?? cell)
  );
  return [...new Set(chosen)];
}

/** What cells of a signature have in common that differ in the number of devices alone. */
function curveOf({
  signature,
  strategy,
  model
}: Pick<ProfileCell, 'signature' | 'strategy' | 'model'>): string {
  return JSON.stringify([signature, curveKey(strategy), model]);
}

/**
 * The open cells that a plan of {@link optimisticProfile} uses, those first on which most device time rests.
 *
 * @param signatures - of tasks, by name.
 * @param cluster - whose devices the plan uses.
 */
export function selectTrials(
  plan: Plan,
  open: readonly IGridCell[],
  signatures: ReadonlyMap<string, string>,
  cluster: Cluster
): IGridCell[] {
  const cells = new Map(open.map(cell => [cellKey(cell.signature, cell.strategy, cell.model), cell]));
  const weights = new Map<IGridCell, number>();
  for (const segment of plan.segments) {
    const { task, strategy, start, end } = segment;
    const cell = cells.get(cellKey(signatures.get(task) ?? '', strategy, modelAt(cluster, segment)));
    if (cell) {
      weights.set(cell, (weights.get(cell) ?? 0) + (end - start) * strategy.devices);
    }
  }
  return [...weights].sort(([, a], [, b]) => b - a).map(([cell]) => cell);
}

/** The open cells between measured ones of their curve, with intervals; there is no telling of those beyond. */
export function interpolatedCells(
  open: readonly IGridCell[],
  measured: readonly ProfileCell[]
): ProfileCell[] {
  const working = measured.filter(works);
  const counts = new Map<string, number[]>();
  for (const cell of working) {
    counts.set(curveOf(cell), [...(counts.get(curveOf(cell)) ?? []), cell.strategy.devices]);
  }
  const between = open.filter(cell => {
    const known = counts.get(curveOf(cell)) ?? [];
    return Math.min(...known) < cell.strategy.devices && cell.strategy.devices < Math.max(...known);
  });
  if (between.length === 0) {
    return [];
  }
  const model = new StepTimeModel(working);
  return between.map(({ signature, strategy, model: device }): ProfileCell => {
    const { seconds, spread } = model.of(signature, strategy, device);
    return {
      signature,
      strategy,
      ...(device !== undefined && { model: device }),
      status: 'ok',
      source: 'interpolated',
      stepSeconds: seconds,
      stepSecondsLow: seconds * Math.exp(-INTERVAL * spread),
      stepSecondsHigh: seconds * Math.exp(INTERVAL * spread)
    };
  });
}
