import { modelAt } from '../model/deviceModels.js';
import { strategyKey } from '../model/strategy.js';
import { isEqual } from '../wire/equality.js';
import type { AgentHello, Attempt, GroupOrder, HistoryLostEvent, TaskState } from '../wire/messages.js';
import { replaceLast } from './attemptEnds.js';
import { trainedIn } from './begun.js';
import type { Command } from './command.js';
import { type ISession, isActive, lastAttempt, mapTasks, withNotice, withStaleProfile } from './session.js';
import { nodesOf } from './stopping.js';
import { taskNamed } from './taskTable.js';

const NO_TASK: Pick<TaskState, 'attempts'> = { attempts: [] };

/** Seconds for a group that nobody knows to save and leave. */
const GRACE_SECONDS = 60;

/** Note that a part of the history is lost: tasks go on from what they have saved meanwhile. */
export function noteLostHistory(session: ISession, { error, saved }: HistoryLostEvent): ISession {
  const steps = new Map(saved.map(({ task, step }) => [task, step]));
  const known = mapTasks(session, task => {
    const step = steps.get(task.spec.name) ?? 0;
    return step <= (task.checkpointStep ?? 0)
      ? task
      : {
          ...task,
          checkpointStep: step,
          progress: { ...task.progress, step: Math.max(step, task.progress.step) }
        };
  });
  return withStaleProfile(withNotice(known, error));
}

/**
 * The session that knows of the groups that an agent has what that says, though their start is forgotten. In a run a task goes on
 * in its group; else that saves and leaves. So do groups of tasks that are to be inspected first, and those over several
 * nodes, of which an agent has a part.
 *
 * @param time - when the agent told of them, in seconds since the epoch.
 */
export function withForgottenGroups(session: ISession, { node, groups }: AgentHello, time: number): ISession {
  const isRun = session.state.goal === 'run';
  const ordered = ({ strategy, devices, fused }: GroupOrder): Ordered => {
    const model = modelAt({ nodes: [node] }, { node: node.id, devices });
    return {
      strategy,
      node: node.id,
      devices,
      ...(model !== undefined && { model }),
      ...(fused && { fusion: `${fused.join(' ')} ${time}` })
    };
  };
  return mapTasks(session, known => {
    const task = asOrdered(known, groups, ordered);
    const [first, next] = forgotten(task, groups).map(
      ({ attempt, order }): Attempt => ({
        number: attempt,
        ...ordered(order),
        requestedAt: time,
        startedAt: time,
        fromStep: task.checkpointStep ?? 0
      })
    );
    if (!first || !task.inspection) {
      return task;
    }
    if (isActive(task)) {
      // It trains, and the other is to take over from it: perhaps that has said already that it is ready.
      return {
        ...task,
        next: first,
        ...(task.status === 'stopping' ? {} : { status: 'stopping', moving: true })
      };
    }
    return {
      ...trainedIn(task, first, time),
      ...(next ? { next } : {}),
      ...(isRun && !next ? { status: 'running' } : { status: 'stopping', moving: isRun || undefined })
    };
  });
}

type Ordered = Pick<Attempt, 'strategy' | 'node' | 'devices' | 'model' | 'fusion'>;

/** A task whose attempts are what an agent was told to begin: the rules may have been others then than those that are known. */
function asOrdered(
  task: TaskState,
  groups: AgentHello['groups'],
  ordered: (order: GroupOrder) => Ordered
): TaskState {
  const last = lastAttempt(task);
  if (!last || !isActive(task)) {
    return task;
  }
  const right = (attempt: Attempt): Attempt => {
    const { order } = groups.find(one => one.task === task.spec.name && one.attempt === attempt.number) ?? {};
    if (order?.hash !== task.spec.hash || order.strategy.nodes !== undefined || attempt.elsewhere) {
      return attempt;
    }
    const told = ordered(order);
    const { until: _, fusion: __, model: ___, ...rest } = attempt;
    return told.node !== attempt.node || isLike(told, attempt) ? attempt : { ...rest, ...told };
  };
  const next = task.next && right(task.next);
  const now = right(last);
  return now === last && next === task.next ? task : { ...task, next, attempts: replaceLast(task, now) };
}

function isLike(one: Ordered, other: Ordered): boolean {
  return strategyKey(one.strategy) === strategyKey(other.strategy) && isEqual(one.devices, other.devices);
}

type Forgotten = AgentHello['groups'][number] & Required<Pick<AgentHello['groups'][number], 'order'>>;

/** The groups of a task of which it knows nothing, the oldest first. */
function forgotten(task: TaskState, groups: AgentHello['groups']): Forgotten[] {
  const last = task.next?.number ?? lastAttempt(task)?.number ?? 0;
  return groups
    .filter(
      (group): group is Forgotten =>
        group.task === task.spec.name &&
        group.attempt > last &&
        group.order?.hash === task.spec.hash &&
        group.order.strategy.nodes === undefined
    )
    .sort((a, b) => a.attempt - b.attempt);
}

/** Have the groups leave that train for no task of the session; at once where another has begun since, as they save no more. */
export function stopForgottenGroups({ state }: ISession, { node, groups }: AgentHello): Command[] {
  const known = new Set(
    state.tasks
      .filter(isActive)
      .flatMap(task =>
        [lastAttempt(task), task.next]
          .filter(attempt => attempt && nodesOf(attempt).includes(node.id))
          .map(attempt => `${task.spec.name} ${attempt?.number}`)
      )
  );
  return groups
    .filter(({ task, attempt, order }) => order && !known.has(`${task} ${attempt}`))
    .map(({ task, attempt }) => {
      const isPast = attempt < (lastAttempt(taskNamed(state.tasks, task) ?? NO_TASK)?.number ?? 0);
      return {
        kind: 'stop',
        node: node.id,
        body: { task, attempt, graceSeconds: isPast ? 0 : GRACE_SECONDS }
      };
    });
}
