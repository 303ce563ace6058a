import { modelAt } from '../model/deviceModels.js';
import type { Attempt, GroupStart, RunState, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { patience } from './patience.js';
import { measuredCell } from './profileTable.js';
import { type ISession, lastAttempt, techniquesOf, withState, withTask } from './session.js';

/** What a rank group is to do. */
export interface IGroupWish extends Pick<Attempt, 'strategy' | 'node' | 'devices' | 'planned'> {
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
): [ISession, Command] {
  const [attempt, body] = startOf(session, task, wish, time);
  const { run } = session.state;
  const started = withTask(withState(session, { run: begun(run, time) }), task.spec.name, {
    status: 'starting',
    attempts: [...task.attempts, attempt],
    progress: { step: task.checkpointStep ?? 0 }
  });
  return [started, { kind: 'start', node: wish.node, body }];
}

/** The attempt at a wish, and what the agent is told to begin it. */
export function startOf(
  session: ISession,
  task: TaskState,
  { until, ...place }: IGroupWish,
  time: number
): [Attempt, GroupStart] {
  const { strategy, devices } = place;
  const { spec, inspection, target } = task;
  const steps = inspection?.steps ?? 1;
  const model = modelAt(session.state.cluster ?? { nodes: [] }, place);
  const on = model === undefined ? {} : { model };
  const cell = measuredCell(session.state.cells, task, strategy, model);
  const { checkpointSeconds, rankSeconds } = patience(session.state, task, { strategy, ...on });
  const number = (lastAttempt(task)?.number ?? 0) + 1;
  const leaves = until < steps ? { until } : {};
  const explores = cell === undefined ? { explores: true } : {};
  const attempt: Attempt = {
    number,
    ...place,
    ...on,
    requestedAt: time,
    fromStep: task.checkpointStep ?? 0,
    ...leaves,
    ...explores
  };
  const body: GroupStart = {
    task: spec,
    attempt: number,
    steps,
    ...leaves,
    ...(until === target && { evaluates: true }),
    ...(session.state.keeps && { keeps: true }),
    ...explores,
    strategy,
    ...(inspection && { signature: inspection.signature }),
    devices,
    checkpointSeconds,
    patienceSeconds: rankSeconds,
    ...(cell?.stepSeconds !== undefined && { stepSeconds: cell.stepSeconds }),
    ...techniquesOf(session)
  };
  return [attempt, body];
}

/** A run in which training begins: it goes on with one that was over, and does not count the time between. */
function begun(run: RunState | undefined, time: number): RunState {
  if (run?.endedAt === undefined) {
    return run ?? { startedAt: time };
  }
  const { startedAt, plannedAt, endedAt, idleSeconds = 0 } = run;
  const planned = plannedAt === undefined ? {} : { plannedAt };
  return { startedAt, ...planned, idleSeconds: idleSeconds + Math.max(0, time - endedAt) };
}
