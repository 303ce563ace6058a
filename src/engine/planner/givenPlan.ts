import { checkPlan } from '../../core/model/checker/checker.js';
import { unmetConstraints } from '../../core/model/constraints/constraints.js';
import { goesOnRunning, placeKey, runningOption } from '../../core/model/schedule/taskHistory.js';
import { strategyKey } from '../../core/model/strategy.js';
import { inLikelyTime, withLikelySteps } from '../../core/planner/likelyTime.js';
import { deviceKeys } from '../../core/session/plannedCluster.js';
import { planRequest, wouldBeginAnew } from '../../core/session/planRequest.js';
import { findTask, type ISession } from '../../core/session/session.js';
import { SaturnError } from '../../core/wire/failure.js';
import type { Plan, PlanRequest, PlanTask, Segment, SessionEvent } from '../../core/wire/messages.js';

/** Faults told before the rest is left out. */
const TOLD = 3;

/**
 * The event by which a session follows a plan that a client made. It may have tasks change strategy and place on the way, and
 * move those that train, unless nothing is to be moved. What was trained since it was made is taken off. What the plan says of
 * its quality is not believed: of that nothing is known.
 *
 * @param now - seconds since the epoch.
 * @throws SaturnError `plan-refused` with what the plan checker finds wrong.
 */
export function givenPlanEvent(session: ISession, given: readonly Segment[], now: number): SessionEvent {
  const { state } = session;
  const request: PlanRequest = {
    ...planRequest(state, now, { explain: false, runs: runsOf(given) }),
    switches: state.switches === 'never' ? 'none' : 'planned'
  };
  const finished = new Set(
    state.tasks.filter(({ status }) => status === 'finished').map(({ spec }) => spec.name)
  );
  const left = inRuns(
    request,
    given.filter(({ task }) => !finished.has(task))
  );
  const hasTrained = state.tasks.some(({ attempts }) => attempts.length > 0);
  const asked = inLikelyTime(request);
  // What a client reckons with are all steps, or those that were likely to be made when it was told of them.
  const timed = hasTrained || asked !== request ? retimed(asked, untrained(asked, left)) : left;
  const plan = withLikelySteps(request, planOf(asked, timed));
  const faults = [...checkOrders(session, request, plan.segments), ...checkPlan(request, plan)];
  if (faults.length > 0) {
    const more = faults.length > TOLD ? ` And ${faults.length - TOLD} more.` : '';
    throw new SaturnError({
      code: 'plan-refused',
      message: `The plan cannot be followed. ${faults.slice(0, TOLD).join(' ')}${more}`,
      hint: 'Correct it, or let one be made with %saturn plan.'
    });
  }
  return { kind: 'plan-given', plan };
}

/** Names of the tasks that a plan has in one run. */
function runsOf(segments: readonly Segment[]): string[][] {
  const runs = new Map<string, string[]>();
  for (const { task, fusion } of segments) {
    if (fusion !== undefined) {
      runs.set(fusion, [...(runs.get(fusion) ?? []), task]);
    }
  }
  return [...runs.values()];
}

/** The segments with runs as they are now: one that has begun since has another name, and the last task of one is alone. */
function inRuns({ tasks }: PlanRequest, segments: readonly Segment[]): Segment[] {
  const running = new Map(tasks.map(task => [task.name, task.running]));
  const alone = new Set(runsOf(segments).flatMap(names => (names.length === 1 ? names : [])));
  return segments.map(segment => {
    const { fusion, ...rest } = segment;
    const here = running.get(segment.task);
    const isThere = here !== undefined && placeKey(rest) === placeKey({ ...here, fusion: undefined });
    if (fusion === undefined || (isThere && here.fusion === fusion)) {
      return segment;
    }
    return isThere && here.fusion !== undefined
      ? { ...segment, fusion: here.fusion }
      : alone.has(segment.task)
        ? rest
        : segment;
  });
}

/** What stands against a plan besides what the plan checker knows of. */
function checkOrders(session: ISession, request: PlanRequest, segments: readonly Segment[]): string[] {
  const asked = new Map(request.tasks.map(task => [task.name, task]));
  return [...new Set(segments.map(({ task }) => task))].flatMap(name => {
    const task = findTask(session, name);
    const first = segments.find(segment => segment.task === name)!;
    const planned = asked.get(name);
    if (task && !planned) {
      return [`Task "${name}" is ${task.status}, so that it is not to be trained now.`];
    }
    return task && planned?.running && wouldBeginAnew(task) && !goesOnRunning(planned, first)
      ? [`Task "${name}" trains by a loop of its own that has saved nothing yet: moved, it would begin anew.`]
      : [];
  });
}

function planOf(request: PlanRequest, segments: Segment[]): Plan {
  const makespan = segments.reduce((latest, { end }) => Math.max(latest, end), 0);
  const planned = new Set(segments.map(({ task }) => task));
  const ends = request.tasks.map(
    ({ name, weight = 1 }) =>
      weight * segments.reduce((latest, { task, end }) => (task === name ? Math.max(latest, end) : latest), 0)
  );
  const conflicts = unmetConstraints(request, segments, makespan);
  return {
    segments,
    unplanned: request.tasks
      .filter(({ name, options }) => options.length === 0 && !planned.has(name))
      .map(({ name, reason = '' }) => ({ task: name, reason })),
    makespan,
    lowerBound: 0,
    gap: 0,
    binding: 'none',
    optimal: false,
    method: 'given',
    baselines: [],
    ...(request.objective === 'weighted-completion' && {
      weightedCompletion: { seconds: ends.reduce((sum, end) => sum + end, 0), lowerBound: 0, gap: 0 }
    }),
    ...(conflicts.length > 0 && { conflicts })
  };
}

/** What a plan has tasks do that they have not done since it was made. */
function untrained(request: PlanRequest, given: readonly Segment[]): Segment[] {
  const surplus = new Map(request.tasks.map(({ name, steps }) => [name, -steps]));
  for (const { task, steps } of given) {
    surplus.set(task, (surplus.get(task) ?? 0) + steps);
  }
  return [...given]
    .sort((a, b) => a.start - b.start)
    .flatMap((segment, index, all) => {
      const over = Math.max(0, surplus.get(segment.task) ?? 0);
      const isLast = !all.slice(index + 1).some(({ task }) => task === segment.task);
      const steps = Math.max(0, segment.steps - over);
      surplus.set(segment.task, over - (segment.steps - steps));
      return steps > 0 || isLast || segment.steps === 0 ? [{ ...segment, steps }] : [];
    });
}

/**
 * A plan as of now, once tasks have trained: each device follows its order, with what starts, steps and stops take by present
 * estimates. A task that the plan has first where it trains goes on there.
 */
function retimed(request: PlanRequest, segments: readonly Segment[]): Segment[] {
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const free = new Map<string, number>();
  const before = new Map<string, Segment>();
  const runs = new Map<string, Segment>();
  return segments.map((segment, index) => {
    const { task: name, fusion } = segment;
    const task = tasks.get(name);
    const { overheadSeconds: _overhead, likely: _likely, ...rest } = segment;
    const run = fusion === undefined ? undefined : runs.get(fusion);
    if (run) {
      return { ...rest, start: run.start, end: run.end };
    }
    const members = fusion === undefined ? [segment] : segments.filter(other => other.fusion === fusion);
    const keys = [...deviceKeys(segment), ...members.map(member => member.task)];
    const soonest = Math.max(0, ...keys.map(key => free.get(key) ?? 0));
    const stays =
      task !== undefined && !before.has(name) && goesOnRunning(task, { ...segment, start: soonest });
    const start = stays ? 0 : Math.max(soonest, task?.earliestStart ?? 0);
    const next = segments.slice(index + 1).find(later => later.task === name);
    const seconds =
      members.length > 1
        ? secondsOfRun(request, members, stays)
        : task
          ? secondsOf(task, segment, stays, before.get(name), next)
          : segment.end - segment.start;
    const placed = { ...rest, start, end: start + seconds };
    before.set(name, placed);
    if (fusion !== undefined) {
      runs.set(fusion, placed);
    }
    for (const key of keys) {
      free.set(key, placed.end);
    }
    return placed;
  });
}

/** How long a run of several tasks lasts: as long as the longest of them. */
function secondsOfRun(
  { tasks, fusions = [] }: PlanRequest,
  members: readonly Segment[],
  stays: boolean
): number {
  const first = members[0]!;
  const names = new Set(members.map(({ task }) => task));
  const known = fusions.find(
    fusion => fusion.tasks.length === names.size && fusion.tasks.every(name => names.has(name))
  );
  const task = tasks.find(({ name }) => name === first.task);
  const key = strategyKey(first.strategy);
  const option =
    stays && task
      ? runningOption(task)
      : known?.options.find(({ strategy }) => strategyKey(strategy) === key);
  const steps = Math.max(...members.map(member => member.steps));
  return option === undefined
    ? first.end - first.start
    : (stays ? 0 : option.startSeconds) + steps * option.stepSeconds;
}

/**
 * How long a stretch of a task lasts.
 *
 * @param stays - whether it trains there already.
 * @param before - its stretch before this one, if any; `next` is the one after.
 */
function secondsOf(
  task: PlanTask,
  segment: Segment,
  stays: boolean,
  before: Segment | undefined,
  next: Segment | undefined
): number {
  const key = strategyKey(segment.strategy);
  const running = runningOption(task);
  const option = stays ? running : task.options.find(({ strategy }) => strategyKey(strategy) === key);
  if (!option) {
    return segment.end - segment.start;
  }
  const isSame = (other: Segment | undefined): boolean =>
    other !== undefined && placeKey(other) === placeKey(segment);
  const start = stays || isSame(before) ? 0 : option.startSeconds;
  const stop = next && !isSame(next) ? (option.stopSeconds ?? 0) : 0;
  const left = !stays && !before && task.running ? (running?.stopSeconds ?? 0) : 0;
  return start + left + segment.steps * option.stepSeconds + stop;
}
