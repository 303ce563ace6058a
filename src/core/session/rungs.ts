import type { TaskState } from '../wire/messages.js';
import {
  type ISession,
  type IStep,
  isActive,
  isHeld,
  isOpen,
  isStaying,
  mapTasks,
  withStalePlan,
  withState
} from './session.js';
import { stopGroups } from './stopping.js';

/** All tasks are to reach a share of their steps before any goes on; none waits when it is absent. */
export function withEarly(session: ISession, early: number | undefined): ISession {
  if (early === session.state.early) {
    return session;
  }
  // A plan up to one step is none up to another: it is not followed until there is a new one.
  return withState(withStalePlan(withoutTargets(session)), { early, plan: undefined });
}

/** Have the tasks that train leave where they are: they may be beyond what all are to reach first. */
export function gather(session: ISession): IStep {
  if (session.state.early === undefined) {
    return { session, commands: [] };
  }
  const training = session.state.tasks.filter(task => isStaying(task) && task.target === undefined);
  return {
    session: mapTasks(session, task =>
      training.includes(task) ? { ...task, status: 'stopping', moving: true } : task
    ),
    commands: training.flatMap(task => stopGroups(session.state, task))
  };
}

/**
 * Give each task the step at which it waits for the others; when all have reached theirs, none waits any more. What no
 * strategy can run is not waited for.
 */
export function withRungs(session: ISession): ISession {
  const { early, goal, plan } = session.state;
  if (early === undefined || (goal !== 'run' && goal !== 'plan')) {
    return session;
  }
  const hopeless = new Set(plan?.fresh ? plan.plan.unplanned.map(({ task }) => task) : []);
  const isOf = ({ spec }: TaskState): boolean =>
    goal !== 'run' || (session.selection?.includes(spec.name) ?? true);
  const next = mapTasks(session, task => {
    const steps = task.inspection?.steps ?? 1;
    const target = Math.ceil(early * steps);
    return task.target === undefined && target < steps && isOf(task) && isOpen(task, session.state)
      ? { ...task, target }
      : task;
  });
  const below = next.state.tasks.some(
    task =>
      isOf(task) &&
      (task.status === 'inspecting' ||
        (isOpen(task, next.state) && (isActive(task) || !(isHeld(task) || hopeless.has(task.spec.name)))))
  );
  return below || goal === 'plan' ? next : withEarly(next, undefined);
}

function withoutTargets(session: ISession): ISession {
  return mapTasks(session, task => (task.target === undefined ? task : { ...task, target: undefined }));
}
