import type { Attempt, GroupStart, RunState, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { measuredCell, patience } from './patience.js';
import { type ISession, techniquesOf, withState, withTask } from './session.js';

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
  { until, ...place }: IGroupWish,
  time: number
): [ISession, Command] {
  const { strategy, node, devices } = place;
  const { cells, run } = session.state;
  const steps = task.inspection?.steps ?? 1;
  const leaves = until < steps ? { until } : {};
  const cell = measuredCell(cells, task, strategy);
  const explores = cell === undefined ? { explores: true } : {};
  const number = task.attempts.length + 1;
  const fromStep = task.checkpointStep ?? 0;
  const attempt: Attempt = { number, ...place, requestedAt: time, fromStep, ...leaves, ...explores };
  const { checkpointSeconds, rankSeconds } = patience(session.state, task, strategy);
  const body: GroupStart = {
    task: task.spec,
    attempt: number,
    steps,
    ...leaves,
    ...(until === task.target && { evaluates: true }),
    ...explores,
    strategy,
    ...(task.inspection ? { signature: task.inspection.signature } : {}),
    devices,
    checkpointSeconds,
    patienceSeconds: rankSeconds,
    ...(cell?.stepSeconds === undefined ? {} : { stepSeconds: cell.stepSeconds }),
    ...techniquesOf(session)
  };
  const started = withTask(withState(session, { run: begun(run, time) }), task.spec.name, {
    status: 'starting',
    attempts: [...task.attempts, attempt],
    progress: { step: fromStep }
  });
  return [started, { kind: 'start', node, body }];
}

/** A run in which training begins: it goes on with one that was over, and does not count the time between. */
function begun(run: RunState | undefined, time: number): RunState {
  if (run?.endedAt === undefined) {
    return run ?? { startedAt: time };
  }
  const { startedAt, endedAt, idleSeconds = 0 } = run;
  return { startedAt, idleSeconds: idleSeconds + Math.max(0, time - endedAt) };
}
