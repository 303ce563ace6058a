import { hasDiverged } from '../../model/divergence.js';
import { BY_LOSS } from '../../model/metricGoal.js';
import { metricValue } from '../../model/metricName.js';
import { isPaused, membersOf } from '../../model/sweepTasks.js';
import type {
  Argument,
  Criterion,
  RungValue,
  SessionState,
  SweepState,
  TaskState
} from '../../wire/messages.js';
import { criterionOf } from './criterion.js';

/** How good a task of a sweep is, as far as that is known. */
export interface IStanding {
  readonly task: TaskState;
  /** Among those of the sweep, two compared where both were last: 1 is the best; undefined while nothing is known of it. */
  readonly place: number | undefined;
  /** Of what the sweep compares by; null is no number, undefined not known. */
  readonly value: number | null | undefined;
  /** After how many steps that was found; undefined at the end of a task. */
  readonly step: number | undefined;
  /** While its rule has it wait at a rung: after which steps, and its place among those that are known there. */
  readonly pause?: {
    readonly rule: string;
    readonly step: number;
    readonly place: number;
    readonly of: number;
  };
}

/** How the tasks of a sweep stand, the best first. */
export interface ISweepStanding {
  readonly sweep: SweepState;
  readonly criterion: Criterion;
  readonly standings: readonly IStanding[];
  /** The best of those that are at their end; while there is none, of all. Undefined while none has a number. */
  readonly best: IStanding | undefined;
  /** How many were trained to the end, train now, wait at a rung, were given up by the rule, or failed. */
  readonly trained: number;
  readonly training: number;
  readonly paused: number;
  readonly givenUp: number;
  readonly failed: number;
  /** After which steps tasks have been compared, in order. */
  readonly rungs: readonly number[];
}

const known = new WeakMap<SessionState, readonly ISweepStanding[]>();

/** How the sweeps of a session stand whose points are searched, or given up by a rule. */
export function sweepStandings(state: SessionState): readonly ISweepStanding[] {
  let found = known.get(state);
  if (found === undefined) {
    found = (state.sweeps ?? []).map(sweep => standingOf(sweep, state.tasks));
    known.set(state, found);
  }
  return found;
}

/** How each task of such sweeps stands, by name. */
export function standingsByTask(state: SessionState): ReadonlyMap<string, IStanding> {
  return new Map(
    sweepStandings(state).flatMap(({ standings }) => standings.map(one => [one.task.spec.name, one] as const))
  );
}

/** What sets the points of a sweep apart: the values of what it varies. */
export function pointOf({ spec }: SweepState, task: TaskState): (readonly [name: string, value: Argument])[] {
  return Object.entries(spec.space).flatMap(([name, dimension]) => {
    const value = task.spec.params[name];
    const isVaried = !('values' in dimension) || dimension.values.length > 1;
    return isVaried && value !== undefined ? [[name, value] as const] : [];
  });
}

function standingOf(sweep: SweepState, all: readonly TaskState[]): ISweepStanding {
  const tasks = membersOf(all, sweep.spec.name);
  const said = tasks.map(criterionOf).find(criterion => criterion !== undefined);
  const criterion = sweep.spec.by ?? said ?? BY_LOSS;
  const ranked = inOrder(tasks.map(task => lastKnown(task, criterion)));
  const isGivenUp = ({ givenUp }: TaskState): boolean => givenUp !== undefined;
  const costsAt = sortedCosts(ranked);
  const standings = ranked.map((known, i): IStanding => {
    const { task, depth, value, step } = known;
    const pause = isPaused(task) ? pauseOf(sweep, known, costsAt) : undefined;
    return { task, value, step, place: depth > 0 ? i + 1 : undefined, ...(pause && { pause }) };
  });
  const found = standings.filter(({ place, value }) => place !== undefined && typeof value === 'number');
  return {
    ...{ sweep, criterion, standings },
    best: found.find(({ step }) => step === undefined) ?? found[0],
    trained: tasks.filter(({ status }) => status === 'finished').length,
    training: tasks.filter(task => isTraining(task) && !isGivenUp(task) && !isPaused(task)).length,
    paused: tasks.filter(isPaused).length,
    givenUp: tasks.filter(isGivenUp).length,
    failed: tasks.filter(task => isFailed(task) && !isGivenUp(task)).length,
    rungs: [...new Set(tasks.flatMap(({ rungs = [] }) => rungs.map(({ step }) => step)))].sort(
      (a, b) => a - b
    )
  };
}

/** How a task that waits stands there; equal ones share a place. */
function pauseOf(
  { spec: { stop } }: SweepState,
  { task: { pausedAt = 0, rungs = [] }, costs }: IKnown,
  costsAt: (rung: number) => readonly number[]
): IStanding['pause'] {
  const index = rungs.findIndex(({ step }) => step === pausedAt);
  const rung = index < 0 ? index : placeOf(rungs[index]!, index);
  const there = costsAt(rung);
  const place = there.indexOf(costs.get(rung)!) + 1;
  return stop && place > 0 ? { rule: stop.kind, step: pausedAt, place, of: there.length } : undefined;
}

/** What is known of tasks at a comparison, the best first; sorted once it is asked for. */
function sortedCosts(all: readonly IKnown[]): (rung: number) => readonly number[] {
  const sorted = new Map<number, readonly number[]>();
  return rung => {
    const found = sorted.get(rung) ?? all.flatMap(({ costs }) => costs.get(rung) ?? []).sort(compared);
    sorted.set(rung, found);
    return found;
  };
}

function isTraining({ status }: TaskState): boolean {
  return status === 'starting' || status === 'running' || status === 'stopping';
}

function isFailed({ status }: TaskState): boolean {
  return status === 'failed' || status === 'invalid';
}

/** What was last found of a task, and how many comparisons there were by then. */
interface IKnown {
  readonly task: TaskState;
  readonly value: number | null | undefined;
  /** Undefined for what was found at its end. */
  readonly step: number | undefined;
  /** Infinite once it is at its end, 0 while nothing is known. */
  readonly depth: number;
  /** The less, the better: last, and at each comparison that it came to, from 0. */
  readonly cost: number;
  readonly costs: ReadonlyMap<number, number>;
}

/** @param index - how many of the comparisons before it are known. */
function placeOf({ place }: RungValue, index: number): number {
  return place ?? index;
}

function lastKnown(task: TaskState, { metric, goal }: Criterion): IKnown {
  const { result, rungs = [], validations = [] } = task;
  const costOf = (value: number | null | undefined): number =>
    value === null || value === undefined || Number.isNaN(value) ? Infinity : goal === 'max' ? -value : value;
  const costs = new Map(rungs.map((rung, index) => [placeOf(rung, index), costOf(rung.value)] as const));
  const depth = 1 + Math.max(-1, ...costs.keys());
  const known = (value: number | null | undefined, step: number | undefined, depth: number): IKnown => ({
    ...{ task, value, step, depth },
    ...{ cost: costOf(value), costs }
  });
  if (result) {
    return known(metricValue(result, metric), undefined, Infinity);
  }
  if (hasDiverged(task)) {
    return known(null, task.givenUp?.step, Math.max(1, depth));
  }
  const rung = rungs.at(-1);
  if (rung) {
    return known(rung.value, rung.step, depth);
  }
  const last = validations.at(-1);
  const value = last && metricValue({ metrics: last.metrics }, metric);
  return last && value !== undefined ? known(value, last.step, 0.5) : known(undefined, undefined, 0);
}

/**
 * Tasks, best first: two are compared where both were last. Such comparisons may contradict each other; who came less far is
 * behind all that were better there, and what is no number any more behind all.
 */
function inOrder(tasks: readonly IKnown[]): IKnown[] {
  const order: IKnown[] = [];
  for (const task of [...tasks].sort((a, b) => compared(b.depth, a.depth) || compared(a.cost, b.cost))) {
    const costThere = ({ costs, cost }: IKnown): number =>
      Number.isInteger(task.depth) && cost < Infinity ? (costs.get(task.depth - 1) ?? cost) : cost;
    const isBetter = (other: IKnown): boolean => other.depth === task.depth || costThere(other) <= task.cost;
    order.splice(task.depth > 0 ? order.findLastIndex(isBetter) + 1 : order.length, 0, task);
  }
  return order;
}

/** Infinities are equal to themselves. */
function compared(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
