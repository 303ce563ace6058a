import { modelAt } from '../model/deviceModels.js';
import { sharesOf } from '../model/schedule/deviceRuns.js';
import { devicesPerNode } from '../model/strategy.js';
import type {
  Attempt,
  FusedTask,
  GroupPart,
  GroupStart,
  Meeting,
  RunState,
  TaskState
} from '../wire/messages.js';
import type { Command } from './command.js';
import { cellOfRun, fusionBase } from './fusedRuns.js';
import { PATIENCE_STEPS, patience } from './patience.js';
import { measuredCell } from './profileTable.js';
import { type ISession, lastAttempt, techniquesOf, withState, withTask } from './session.js';
import { rungsFrom } from './stopRules/ladder.js';
import { taskNamed } from './taskTable.js';

type StartCommand = Extract<Command, { kind: 'start' }>;

/** What a rank group is to do. */
export interface IGroupWish
  extends Pick<Attempt, 'strategy' | 'node' | 'devices' | 'elsewhere' | 'planned' | 'fusion'> {
  /** Step after which it is to leave; the task's last at the latest. */
  readonly until: number;
}

/**
 * Have a task go on from where it is. Under a strategy of which nothing is known yet it explores: it is measured on the way.
 *
 * @param time - seconds since the epoch.
 */
export function startGroup(
  session: ISession,
  task: TaskState,
  wish: IGroupWish,
  time: number
): [ISession, StartCommand] {
  const attempt = attemptAt(session, task, wish, time);
  const { run } = session.state;
  const started = withTask(withState(session, { run: begunRun(run, time) }), task.spec.name, {
    status: 'starting',
    attempts: [...task.attempts, attempt],
    progress: { step: task.checkpointStep ?? 0 }
  });
  return [started, { kind: 'start', node: wish.node, body: startOf(session, task, attempt) }];
}

/** A task and what its rank group is to do. */
export interface IMember {
  readonly task: TaskState;
  readonly wish: IGroupWish;
}

/** Have tasks go on from where they are in one run; see {@link startGroup}. They are in one place, by one strategy. */
export function startRun(
  session: ISession,
  members: readonly [IMember, ...IMember[]],
  time: number
): [ISession, StartCommand] {
  const [first, ...others] = members;
  if (others.length === 0) {
    return startGroup(session, first.task, first.wish, time);
  }
  // Names may come again, once their tasks were removed; a task has but one attempt of a number at a time.
  const fusion = `${first.task.spec.name} ${(lastAttempt(first.task)?.number ?? 0) + 1} ${time}`;
  let next = session;
  const bodies: GroupStart[] = [];
  for (const { task, wish } of members) {
    const [begun, { body }] = startGroup(next, task, { ...wish, fusion }, time);
    next = begun;
    bodies.push(body);
  }
  return [next, { kind: 'start', node: first.wish.node, body: bodyOfRun(next, members, bodies) }];
}

function bodyOfRun(
  { state }: ISession,
  members: readonly IMember[],
  bodies: readonly GroupStart[]
): GroupStart {
  const tasks = members.map(({ task }) => task);
  const [first, ...others] = bodies as [GroupStart, ...GroupStart[]];
  const model = lastAttempt(taskNamed(state.tasks, first.task.name)!)?.model;
  const stepSeconds = cellOfRun(
    tasks,
    { ...first, ...(model !== undefined && { model }) },
    state.cells
  )?.stepSeconds;
  const least = (secondsOf: (body: GroupStart) => number): number => Math.min(...bodies.map(secondsOf));
  const slowest = Math.max(...bodies.map(({ patienceSeconds = 0 }) => patienceSeconds));
  const { stepSeconds: _alone, ...rest } = first;
  return {
    ...rest,
    fused: others.map(ofOne) as NonNullable<GroupStart['fused']>,
    base: fusionBase(tasks[0]!) ?? '',
    checkpointSeconds: least(({ checkpointSeconds }) => checkpointSeconds),
    patienceSeconds: Math.max(slowest, PATIENCE_STEPS * (stepSeconds ?? 0)),
    ...(stepSeconds !== undefined && { stepSeconds })
  };
}

/** Of what an agent is told to begin an attempt, what is of its task alone. */
function ofOne({
  task,
  attempt,
  steps,
  until,
  signature,
  assumed,
  evaluates,
  keeps,
  rungs
}: GroupStart): FusedTask {
  return {
    task,
    attempt,
    steps,
    ...(until !== undefined && { until }),
    ...(signature !== undefined && { signature }),
    ...(assumed && { assumed }),
    ...(evaluates && { evaluates }),
    ...(keeps && { keeps }),
    ...(rungs && { rungs })
  };
}

/** The next attempt of a task, at a wish. */
export function attemptAt(
  { state: { cells, cluster } }: ISession,
  task: TaskState,
  { until, ...place }: IGroupWish,
  time: number
): Attempt {
  const model = modelAt(cluster ?? { nodes: [] }, place);
  return {
    number: (lastAttempt(task)?.number ?? 0) + 1,
    ...place,
    ...(model !== undefined && { model }),
    requestedAt: time,
    fromStep: task.checkpointStep ?? 0,
    ...(until < (task.inspection?.steps ?? 1) && { until }),
    ...(place.fusion === undefined &&
      measuredCell(cells, task, place.strategy, model) === undefined && { explores: true })
  };
}

interface IPartPlace {
  readonly place: number;
  readonly meeting?: Meeting;
}

/**
 * What an agent is told to begin an attempt.
 *
 * @param part - of one over several nodes: its place among the nodes, and where the first waits for the others.
 */
export function startOf(
  session: ISession,
  task: TaskState,
  attempt: Attempt,
  part: IPartPlace = { place: 0 }
): GroupStart {
  const { number, strategy, until, explores, elsewhere } = attempt;
  const { spec, inspection, target } = task;
  const steps = inspection?.steps ?? 1;
  const cell = measuredCell(session.state.cells, task, strategy, attempt.model);
  const rungs = rungsFrom(session, task, attempt.fromStep ?? 0);
  const { checkpointSeconds, rankSeconds } = patience(session.state, task, attempt);
  return {
    task: spec,
    attempt: number,
    steps,
    ...(until !== undefined && { until }),
    ...((until ?? steps) === target && { evaluates: true }),
    ...(session.state.keeps && { keeps: true }),
    ...(rungs.length > 0 && { rungs }),
    ...(explores && { explores }),
    strategy,
    ...(inspection && { signature: inspection.signature }),
    ...(task.alike === 'assumed' && { assumed: true }),
    devices: sharesOf(attempt)[part.place]!.devices,
    ...(elsewhere && { part: partOf(session, attempt, part) }),
    checkpointSeconds,
    patienceSeconds: rankSeconds,
    ...(cell?.stepSeconds !== undefined && { stepSeconds: cell.stepSeconds }),
    ...techniquesOf(session)
  };
}

function partOf(
  { state: { nodes = [] } }: ISession,
  attempt: Attempt,
  { place, meeting }: IPartPlace
): GroupPart {
  const addresses = sharesOf(attempt).map(share => nodes.find(({ id }) => id === share.node)?.address);
  const peer = addresses.find((address, index) => index !== place && address !== undefined);
  return {
    first: place * devicesPerNode(attempt.strategy),
    ...(addresses[place] !== undefined && { address: addresses[place] }),
    ...(peer !== undefined && { peer }),
    ...(meeting && { meeting })
  };
}

/** A run in which training begins: it goes on with one that was over, and does not count the time between. */
export function begunRun(run: RunState | undefined, time: number): RunState {
  if (run?.endedAt === undefined) {
    return run ?? { startedAt: time };
  }
  const { startedAt, plannedAt, endedAt, idleSeconds = 0 } = run;
  const planned = plannedAt === undefined ? {} : { plannedAt };
  return { startedAt, ...planned, idleSeconds: idleSeconds + Math.max(0, time - endedAt) };
}
