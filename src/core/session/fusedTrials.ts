import { derived } from '../model/derived.js';
import { modelAt } from '../model/deviceModels.js';
import { cellKey, keyOfCell } from '../model/strategy.js';
import type { Plan, ProfileCell } from '../wire/messages.js';
import { candidateTasks, withAllWaiting } from './candidateTasks.js';
import { fusionBase } from './fusedRuns.js';
import { type IFusedTrial, openFusedTrials, TECHNIQUE } from './fusions.js';
import { plannedCluster } from './plannedCluster.js';
import { planRequest } from './planRequest.js';
import { measuredCells, placeOfTrial } from './profileTable.js';
import type { ISession } from './session.js';
import { taskNamed } from './taskTable.js';

/** Trials of several tasks in one run to think of. */
export const fusedCandidates = derived((session: ISession): IFusedTrial[] => {
  const tasks = candidateTasks(session);
  const names = new Set(tasks.filter(task => fusionBase(task) !== undefined).map(({ spec }) => spec.name));
  if (names.size < 2) {
    return [];
  }
  const state = withAllWaiting(session.state);
  const { cluster, tasks: all } = planRequest(state, 0, { explain: false, whole: true });
  const pending = new Set(session.state.trials.map(trial => keyOfCell(placeOfTrial(trial))));
  return openFusedTrials(
    state,
    { cluster, tasks: all.filter(({ name }) => names.has(name)) },
    measuredCells(state.cells)
  ).filter(trial => !pending.has(keyOfCell(placeOfTrial(trial))));
});

/**
 * Whether the trial of a task alone tells what runs of several may take as well: before it is made, none of those is tried.
 */
export function tellsOfRuns(
  session: ISession,
  { signature, strategy }: Pick<ProfileCell, 'signature' | 'strategy'>
): boolean {
  return strategy.technique === TECHNIQUE && fusibleSignatures(session).has(signature);
}

const fusibleSignatures = derived((session: ISession): ReadonlySet<string> => {
  const tasks = candidateTasks(session);
  const bases = tasks.flatMap(task => fusionBase(task) ?? []);
  const shared = new Set(bases.filter((base, place) => bases.indexOf(base) < place));
  const isNone = session.state.wishes?.fuse === 'never';
  return new Set(
    tasks.flatMap(task => {
      const base = fusionBase(task);
      return !isNone && base !== undefined && shared.has(base) ? [task.inspection!.signature] : [];
    })
  );
});

/** Whether a plan has tasks run together that a trial would tell of. */
export function isUsed(
  { state }: ISession,
  { segments }: Plan,
  { signature, strategy, model }: IFusedTrial
): boolean {
  const key = cellKey(signature, strategy, model);
  const cluster = plannedCluster(state);
  return segments.some(segment => {
    const task = segment.fusion === undefined ? undefined : taskNamed(state.tasks, segment.task);
    const base = task && fusionBase(task);
    return base !== undefined && cellKey(base, segment.strategy, modelAt(cluster, segment)) === key;
  });
}
