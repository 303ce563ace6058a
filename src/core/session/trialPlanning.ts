import { derived } from '../model/derived.js';
import { strategyKinds } from '../model/deviceModels.js';
import { keyOfCell } from '../model/strategy.js';
import { type IGridCell, profileGrid } from '../profiling/profileGrid.js';
import { cellsOf } from '../profiling/signatureGroups.js';
import { bundled } from '../profiling/taskBundles.js';
import { type ITrialCandidates, trialCandidates } from '../profiling/trialCandidates.js';
import {
  comparingTrials,
  initialTrials,
  interpolatedCells,
  OPTIMISM,
  onFewestDevices,
  optimisticProfile,
  selectTrials
} from '../profiling/trialSelection.js';
import type {
  Node,
  Plan,
  PlanBudget,
  ProfileCell,
  Strategy,
  TaskState,
  TrialState
} from '../wire/messages.js';
import { candidateTasks, selectionOf, withAllWaiting } from './candidateTasks.js';
import { awaitsRest, countComing } from './earlyStarts.js';
import { exploration, exploresInRun, isExplorer } from './exploration.js';
import { fusedCandidates, isUsed, tellsOfRuns } from './fusedTrials.js';
import { fusionsOf } from './fusions.js';
import { plannedCluster } from './plannedCluster.js';
import { planRequest } from './planRequest.js';
import { aloneCells, failedTrials, isMeasured, measuredCells, placeOfTrial } from './profileTable.js';
import { type ISession, type IStep, withState } from './session.js';
import { overNodes, widestSpan } from './spanning.js';
import { activeTasks, hasActive } from './taskTable.js';
import { goalOf, isHasty, isWorthwhile } from './trialWorth.js';
import { withVerdicts } from './verdicts.js';

/**
 * How long to look for the plan that tells which trials could matter: in iterations, so that it is the same on every
 * machine.
 */
export const TRIAL_PLAN_BUDGET: PlanBudget = { iterations: 2000 };

/**
 * Measure what is worth measuring next: a first cell of each signature, then, as long as there is one, what a plan
 * for the optimistic profile would use. Asks for nothing while trials are under way or the planner is being asked.
 *
 * @param time - seconds since the epoch.
 * @param waitsForNone - whether tasks train or are about to, by what is known already.
 */
export function planTrials(session: ISession, time: number, waitsForNone: boolean): IStep {
  const { goal, plan, trials, probing } = session.state;
  if (session.profiled || probing || (goal !== 'profile' && plan?.fresh)) {
    return { session, commands: [] };
  }
  const measured = aloneCells(session.state.cells);
  const { open, promising, pruned, doubtful } = candidatesOf(session);
  const known = withVerdicts(withThought(session, [...pruned, ...interpolatedCells(open, measured)]));
  const tried = [...measured.filter(cell => cell.status === 'ok'), ...trials, ...exploredCells(session)];
  const tellsMore = (cell: IGridCell): boolean => tellsOfRuns(session, cell);
  const coming = isHasty(session) ? countComing(session) : 0;
  const room = {
    tasks: candidateTasks(session).length + coming,
    coming,
    ...(isHasty(session) && { devices: countDevices(plannedCluster(session.state).nodes) })
  };
  const likely = initialTrials(promising, tried, tellsMore, room);
  const first = [...likely, ...initialTrials(open, [...tried, ...likely], tellsMore, room)];
  first.push(...comparingTrials(promising, [...tried, ...first]));
  if (!waitsForNone) {
    first.push(...doubtful);
  }
  if (first.length > 0) {
    return { session: queue(known, first), commands: [] };
  }
  if (trials.length > 0 || exploredCells(session).length > 0) {
    return { session: known, commands: [] };
  }
  const together = fusedCandidates(session);
  if (open.length === 0 && together.length === 0) {
    return { session: { ...known, profiled: true }, commands: [] };
  }
  if ((waitsForNone && !session.learning) || awaitsRest(session, time)) {
    // Training goes on with what is known: devices are not kept waiting for a better plan.
    return { session: known, commands: [] };
  }
  if (session.full) {
    return { session: queue(known, [...open, ...together]), commands: [] };
  }
  const planRevision = session.planRevision + 1;
  const hopes = session.bestMakespan !== undefined;
  const { fusions: _, ...asked } = planRequest(withAllWaiting(known.state), time, {
    ...(hopes && {
      cells: optimisticProfile(promising, measured, OPTIMISM[isHasty(session) ? 'inHaste' : 'atLeisure'])
    }),
    selection: selectionOf(session),
    budget: TRIAL_PLAN_BUDGET,
    explain: false,
    whole: true
  });
  const request = bundled(asked);
  const fusions = fusionsOf(withAllWaiting(known.state), request, measuredCells(known.state.cells), {
    hopes
  });
  return {
    // A plan that is being made was asked for with less: its answer is not waited for.
    session: { ...withState(known, { probing: true, planning: false }), planRevision },
    commands: [
      { kind: 'plan', planRevision, request: fusions.length > 0 ? { ...request, fusions } : request }
    ]
  };
}

/**
 * Take in a plan that was asked for to find trials. The first tells how far what is measured reaches; the next, for
 * the optimistic profile, which trials might get further. When it gets hardly further, the profile is good enough;
 * not so where what is measured leaves tasks out or wishes unmet. A run waits for trials: it makes only those that may save
 * more time than they take.
 */
export function noteTrialPlan(session: ISession, plan: Plan): ISession {
  const answered = withState(session, { probing: false });
  if (session.bestMakespan === undefined) {
    const lacking = plan.unplanned.length > 0 || plan.conflicts !== undefined;
    return { ...answered, bestMakespan: lacking ? Infinity : goalOf(plan).seconds };
  }
  const signatures = new Map(
    session.state.tasks.map(task => [task.spec.name, task.inspection?.signature ?? ''])
  );
  const cluster = plannedCluster(session.state);
  const { open, promising } = candidatesOf(session);
  const used = selectTrials(plan, open, signatures, cluster);
  const cells: TrialWish[] = [
    ...fusedCandidates(session).filter(trial => isUsed(session, plan, trial)),
    // What a run takes is told by what each of its tasks takes alone.
    ...(isHasty(session)
      ? onFewestDevices(
          used,
          promising,
          aloneCells(session.state.cells).filter(cell => cell.status === 'ok')
        )
      : used)
  ];
  const { bestMakespan } = session;
  const enough = cells.length === 0 || !isWorthwhile(session, plan, bestMakespan);
  return enough ? { ...answered, profiled: true } : queue(answered, sideBySide(answered, cells));
}

/**
 * What the first trial of a signature may try on fewer devices than it was asked for, the most first. While others train,
 * so many may not be free together before all of them end, and nothing of its like could be planned until then.
 */
export function smallerTrials(session: ISession, { signature, strategy, model }: TrialState): Strategy[] {
  const { cells, tasks } = session.state;
  const isKnown = cellsOf(cells, signature).some(cell => cell.status === 'ok' && isMeasured(cell));
  return isKnown || session.learning || !hasActive(tasks)
    ? []
    : candidatesOf(session)
        .promising.filter(
          cell =>
            cell.signature === signature && cell.model === model && cell.strategy.devices < strategy.devices
        )
        .map(cell => cell.strategy)
        .sort((a, b) => b.devices - a.devices);
}

/** What may be tried, and is likely enough to fit. */
export function untried(session: ISession): readonly IGridCell[] {
  return candidatesOf(session).promising;
}

/** As many of the first cells as there are devices to try at once, of each model. */
function sideBySide({ state }: ISession, cells: readonly TrialWish[]): TrialWish[] {
  const cluster = plannedCluster(state);
  const left = new Map<string | undefined, number>();
  return cells.filter(({ strategy, model }, index) => {
    const { devices } = strategy;
    const kind = strategyKinds(cluster, strategy).find(one => one.model === model);
    const all = countDevices(kind?.nodes ?? []);
    const free = left.get(model) ?? all;
    const fits = index === 0 || devices <= free;
    left.set(model, fits ? free - devices : free);
    return fits;
  });
}

const countDevices = (nodes: readonly Node[]): number =>
  nodes.reduce((sum, node) => sum + node.devices.length, 0);

const cellText = derived((cell: ProfileCell) => JSON.stringify(cell));

/** The session with what is thought of cells that were not measured; as it is when that is what it thinks already. */
function withThought(session: ISession, thought: readonly ProfileCell[]): ISession {
  const { cells } = session.state;
  const known = new Map(cells.filter(cell => !isMeasured(cell)).map(cell => [cellText(cell), cell]));
  const kept = thought.map(cell => known.get(cellText(cell)) ?? cell);
  const next = [...measuredCells(cells), ...kept];
  const isSame = next.length === cells.length && next.every((cell, index) => cell === cells[index]);
  return isSame ? session : withState(session, { cells: next });
}

/** What tasks find out while they train. */
function exploredCells({ state }: ISession): Pick<ProfileCell, 'signature' | 'strategy' | 'model'>[] {
  return activeTasks(state.tasks).flatMap(task => {
    const { strategy, model } = exploration(task) ?? {};
    const on = model === undefined ? {} : { model };
    return strategy && task.inspection ? [{ signature: task.inspection.signature, strategy, ...on }] : [];
  });
}

/** Trials to think of; `doubtful` are those that failed for a task whose like work: are they at fault, or is it? */
const candidatesOf = derived((session: ISession): ITrialCandidates & IDoubtful => {
  const { cells, trials, excludeTechniques } = session.state;
  const measured = aloneCells(cells);
  const failed = failedTrials(measured);
  const tasks = candidateTasks(session);
  const options = { cluster: plannedCluster(session.state), excludeTechniques, failed };
  // Over several nodes nothing is tried but by training.
  const grid = [...profileGrid(tasks, options), ...profileGrid(spanningTasks(session, tasks), options)];
  const pending = new Set([...trials.map(placeOfTrial), ...exploredCells(session)].map(keyOfCell));
  const found = trialCandidates(grid, measured);
  const isFree = (cell: IGridCell): boolean => !pending.has(keyOfCell(cell));
  const open = found.open.filter(isFree);
  const works = new Set(measured.filter(cell => cell.status === 'ok').map(cell => cell.signature));
  const doubtful = open.filter(cell => cell.failures !== undefined && works.has(cell.signature));
  return { ...found, open, promising: found.promising.filter(isFree), doubtful };
});

/** Some tasks with what may be tried of them over several nodes: those that can begin to train now. */
function spanningTasks(session: ISession, tasks: readonly TaskState[]): TaskState[] {
  const span = widestSpan(session.state);
  if (span < 2 || !exploresInRun(session)) {
    return [];
  }
  const cluster = plannedCluster(session.state);
  return tasks.flatMap(task => {
    const { inspection, status, wishes } = task;
    return inspection && isExplorer(task) && status === 'ready' && wishes?.earliestStart === undefined
      ? [
          {
            ...task,
            inspection: { ...inspection, feasibility: overNodes(inspection.feasibility, cluster, span) }
          }
        ]
      : [];
  });
}

interface IDoubtful {
  readonly doubtful: readonly IGridCell[];
}

/** A trial to be made. */
export type TrialWish = Pick<TrialState, 'task' | 'fused' | 'signature' | 'strategy' | 'model'>;

const TRIAL = 'trial-';

/** The how manieth trial of its session one is, by its id. */
export function trialNumber(id: string): number {
  return Number(id.slice(TRIAL.length));
}

function queue(session: ISession, cells: readonly TrialWish[]): ISession {
  const { trials } = session.state;
  const added = cells.map(
    ({ task, fused, signature, strategy, model }, index): TrialState => ({
      id: `${TRIAL}${session.trialCount + index + 1}`,
      task,
      ...(fused && { fused }),
      signature,
      strategy,
      ...(model !== undefined && { model }),
      status: 'queued'
    })
  );
  return {
    ...withState(session, { trials: [...trials, ...added] }),
    trialCount: session.trialCount + added.length
  };
}
