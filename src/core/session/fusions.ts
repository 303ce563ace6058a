import { strategyKinds } from '../model/deviceModels.js';
import { strategyKey } from '../model/strategy.js';
import { fusedCell, fusedTrials, MOST_FUSED } from '../profiling/fusedSpeeds.js';
import type {
  Cluster,
  Fusible,
  Fusion,
  PlanOption,
  PlanRequest,
  PlanTask,
  ProfileCell,
  SessionState,
  Strategy,
  TaskState,
  TrialState
} from '../wire/messages.js';
import { isLoner } from './fusedEnds.js';
import { fusionBase } from './fusedRuns.js';
import { isResumable } from './session.js';
import { measured } from './taskOptions.js';
import { tableOf, taskNamed } from './taskTable.js';

/** The technique by which tasks are trained in one run. */
export const TECHNIQUE = 'single';

/** All adapters of a run are computed with the largest rank of them: it is no more than so many times the smallest. */
const RANKS = 4;

/** A run is planned to last as long as its longest task: that has no more than so many times the steps of the shortest. */
const LENGTHS = 2;

/** Sizes of runs that are offered beside the one that fills all devices alike; of so many tasks only the larger ones. */
const SIZES = [MOST_FUSED, MOST_FUSED / 2, MOST_FUSED / 4] as const;
const MANY = 100;

/** Tasks that can be trained in one run, or in several. */
interface IFusionGroup {
  readonly base: string;
  /** In the order in which runs are made of them: the longest first. */
  readonly tasks: readonly PlanTask[];
}

/**
 * The tasks of a planning request that could be trained in one run, by what they have in common, rank and length. Only tasks that
 * wait, and of which nothing else is asked. What was lost without a word is not put together with others before it is known to
 * last, nor what has failed with others.
 */
function fusionGroups(state: SessionState, tasks: readonly PlanTask[]): IFusionGroup[] {
  if (state.wishes?.fuse === 'never') {
    return [];
  }
  const byBase = new Map<string, ICandidate[]>();
  for (const plan of tasks) {
    const task = taskNamed(state.tasks, plan.name);
    const base = task && isFree(task, plan) ? fusionBase(task) : undefined;
    if (base !== undefined) {
      const { rank } = task!.inspection!.fusion as Fusible;
      byBase.set(base, [...(byBase.get(base) ?? []), { plan, rank }]);
    }
  }
  return [...byBase].flatMap(([base, all]) =>
    classes(all, ({ rank }) => rank, RANKS)
      .flatMap(like => classes(like, ({ plan }) => plan.steps, LENGTHS))
      .filter(like => like.length > 1)
      .map(like => ({ base, tasks: like.map(({ plan }) => plan) }))
  );
}

interface ICandidate {
  readonly plan: PlanTask;
  readonly rank: number;
}

function isFree(task: TaskState, { running, pin, deadline, earliestStart }: PlanTask): boolean {
  const waits = task.status === 'ready' || isResumable(task);
  const isAsked = [running, pin, deadline, earliestStart].some(one => one !== undefined);
  return waits && !isAsked && !task.unlike && !task.inspection?.native && !isLoner(task);
}

/** Some things by their sizes, the largest first, those in one class that differ by no more than a factor. */
function classes<T>(all: readonly T[], sizeOf: (one: T) => number, factor: number): T[][] {
  const found: T[][] = [];
  for (const one of [...all].sort((a, b) => sizeOf(b) - sizeOf(a))) {
    const last = found.at(-1);
    if (last && sizeOf(last[0]!) <= factor * sizeOf(one)) {
      last.push(one);
    } else {
      found.push([one]);
    }
  }
  return found;
}

/** Which runs to offer besides what is measured, and by itself. */
export interface IFusionOptions {
  /** Whether what was never tried is taken to be as fast as a task alone; false when absent. */
  readonly hopes?: boolean;
  /** Names of the tasks of further runs. */
  readonly given?: readonly (readonly string[])[];
}

/**
 * The runs of several tasks that a plan may have: in a few sizes, tasks one after the other, and those of the plan that is
 * followed. What so many tasks together take is measured, or between what is.
 *
 * @param cells - what is believed of how tasks run together.
 */
export function fusionsOf(
  state: SessionState,
  request: Pick<PlanRequest, 'cluster' | 'tasks'>,
  cells: readonly ProfileCell[],
  { hopes = false, given = [] }: IFusionOptions = {}
): Fusion[] {
  const groups = fusionGroups(state, request.tasks);
  const devices = request.cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
  const places = new Map(request.tasks.map(({ name }, place) => [name, place]));
  const followed = groups.length > 0 ? [...followedRuns(state), ...given] : [];
  const offered = new Map<string, Fusion>();
  for (const { base, tasks } of groups) {
    const own = new Set(tasks.map(({ name }) => name));
    const kept = followed
      .map(names => names.filter(name => own.has(name)))
      .map(names => tasks.filter(({ name }) => names.includes(name)));
    for (const run of [...sizesOf(tasks.length, devices).flatMap(size => inRuns(tasks, size)), ...kept]) {
      const options = run.length > 1 ? optionsOf(request, base, run, tasks.length, cells, hopes) : [];
      const names = run.map(({ name }) => name).sort((a, b) => places.get(a)! - places.get(b)!);
      if (options.length > 0) {
        offered.set(names.join('\n'), { tasks: names as Fusion['tasks'], options });
      }
    }
  }
  return [...offered.values()];
}

/** A trial of several tasks in one run. */
export interface IFusedTrial extends Pick<TrialState, 'task' | 'signature' | 'strategy' | 'model'> {
  readonly fused: NonNullable<TrialState['fused']>;
}

/**
 * The trials that would tell how tasks run together: with as many as there are or may be, and with two. Those with the largest
 * adapters are tried.
 *
 * @param cells - what was measured.
 */
export function openFusedTrials(
  state: SessionState,
  request: Pick<PlanRequest, 'cluster' | 'tasks'>,
  cells: readonly ProfileCell[]
): IFusedTrial[] {
  const rankOf = ({ name }: PlanTask): number =>
    (taskNamed(state.tasks, name)!.inspection!.fusion as Fusible).rank;
  return fusionGroups(state, request.tasks).flatMap(({ base, tasks }) => {
    const [first, ...others] = [...tasks].sort((a, b) => rankOf(b) - rankOf(a)).map(({ name }) => name);
    return waysOf(request.cluster, tasks).flatMap(({ strategy, model }) =>
      fusedTrials(cells, { base, strategy, model }, tasks.length).map(
        (count): IFusedTrial => ({
          task: first!,
          fused: others.slice(0, count - 1) as IFusedTrial['fused'],
          signature: base,
          strategy,
          ...(model !== undefined && { model })
        })
      )
    );
  });
}

/** A way in which some tasks could be trained in one run. */
interface IWay {
  readonly strategy: Strategy;
  readonly model?: string | undefined;
  readonly places: Pick<PlanOption, 'nodes' | 'among'>;
  /** What a step of the slowest of them takes by itself, and its start, in seconds. */
  readonly stepSeconds: number;
  readonly startSeconds: number;
}

/** The ways in which each of some tasks can be trained by itself, and so all of them together. */
function waysOf(cluster: Cluster, tasks: readonly PlanTask[]): IWay[] {
  return tasks[0]!.options
    .filter(({ strategy }) => strategy.technique === TECHNIQUE && strategy.nodes === undefined)
    .flatMap(option => {
      const { strategy } = option;
      const own = tasks.flatMap(task => task.options.find(other => placeOf(other) === placeOf(option)) ?? []);
      const kind = strategyKinds(cluster, strategy).find(
        ({ places }) => placeOf({ strategy, ...places }) === placeOf(option)
      );
      const most = (secondsOf: (one: PlanOption) => number): number => Math.max(...own.map(secondsOf));
      return kind === undefined || own.length < tasks.length
        ? []
        : [
            {
              strategy,
              model: kind.model,
              places: kind.places,
              stepSeconds: most(one => one.stepSeconds),
              startSeconds: most(one => one.startSeconds)
            }
          ];
    });
}

/** Sizes of runs, that first which has all devices busy for about as long. */
function sizesOf(count: number, devices: number): number[] {
  const rounds = Math.ceil(count / (MOST_FUSED * devices));
  const even = Math.ceil(count / (rounds * devices));
  const others = SIZES.filter((_, index) => count <= MANY * 2 ** (SIZES.length - 1 - index) || index === 0);
  return [...new Set([even, ...others.map(size => Math.min(size, count))])].filter(size => size > 1);
}

function inRuns(tasks: readonly PlanTask[], size: number): PlanTask[][] {
  return Array.from({ length: Math.ceil(tasks.length / size) }, (_, run) =>
    tasks.slice(run * size, (run + 1) * size)
  );
}

/** Names of the tasks of each run that the plan which is followed has still to begin. */
function followedRuns({ plan, tasks }: SessionState): string[][] {
  const runs = new Map<string, string[]>();
  for (const { task, fusion } of plan?.plan.segments ?? []) {
    const place = tableOf(tasks).places.get(task);
    if (fusion !== undefined && place !== undefined && tasks[place]!.status === 'ready') {
      runs.set(fusion, [...(runs.get(fusion) ?? []), task]);
    }
  }
  return [...runs.values()];
}

/** @param count - how many tasks there are to make runs of. */
function optionsOf(
  { cluster }: Pick<PlanRequest, 'cluster'>,
  base: string,
  run: readonly PlanTask[],
  count: number,
  cells: readonly ProfileCell[],
  hopes: boolean
): PlanOption[] {
  return waysOf(cluster, run).flatMap(({ places, ...way }) => {
    const { strategy, model } = way;
    const cell = fusedCell(cells, { base, strategy, model }, run.length, way.stepSeconds);
    const isOpen = hopes && (fusedTrials(cells, { base, strategy, model }, count)[0] ?? 0) >= run.length;
    const stepSeconds = cell?.stepSeconds ?? (isOpen ? way.stepSeconds : undefined);
    const startSeconds = cell?.startSeconds ?? way.startSeconds;
    return stepSeconds === undefined
      ? []
      : [{ strategy, stepSeconds, startSeconds, ...measured(cell, stepSeconds), ...places }];
  });
}

/** By what and where an option runs its task. */
function placeOf({ strategy, nodes, among }: Pick<PlanOption, 'strategy' | 'nodes' | 'among'>): string {
  return JSON.stringify([strategyKey(strategy), nodes, among]);
}
