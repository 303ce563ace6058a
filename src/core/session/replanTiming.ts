import { freeDevices } from './dispatch.js';
import { awaitsNodes } from './nodes.js';
import { followsGiven, type ISession, isHeld, isStaying } from './session.js';
import { activeTasks } from './taskTable.js';

/**
 * News is answered at once, then not again before this share of what was left has passed, within limits in seconds; nor before
 * so many times what the last answer took, as the planner works on a core that others train on.
 */
const PAUSE_SHARE = 0.01;
const PAUSE_LEAST = 1;
const PAUSE_MOST = 30;
const PAUSE_ANSWERS = 10;

/** The same where a device is idle though tasks wait: it may be that another plan has something for it. */
const IDLE_ANSWERS = 4;

/** Without any news, one look in so many parts of what was left, but not more often than this, in seconds. */
const INTERVAL_PARTS = 30;
const INTERVAL_LEAST = 10;

/** Whether something that happened while tasks train is to be answered by a plan now, or it is time to look anyway. */
export function isReplanDue(session: ISession, time: number): boolean {
  const { state, question, news, learning } = session;
  const { goal, planning, plan, tasks } = state;
  if (
    goal !== 'run' ||
    awaitsNodes(state) ||
    planning ||
    learning ||
    !question ||
    !plan ||
    !activeTasks(tasks).some(isStaying)
  ) {
    return false;
  }
  if (followsGiven({ state })) {
    return false;
  }
  const { makespan } = plan.plan;
  const since = time - question.time;
  if (news.length === 0) {
    return since >= Math.max(INTERVAL_LEAST, makespan / INTERVAL_PARTS);
  }
  const taken = Math.max(0, plan.madeAt - question.time);
  const pause = Math.max(PAUSE_LEAST, PAUSE_SHARE * makespan, PAUSE_ANSWERS * taken);
  return (
    since >= Math.min(PAUSE_MOST, pause) ||
    (since >= Math.max(PAUSE_LEAST, IDLE_ANSWERS * taken) && isAnyIdle(session))
  );
}

/** Whether a device is idle though tasks wait for one. */
function isAnyIdle(session: ISession): boolean {
  return (
    session.state.tasks.some(task => task.status === 'ready' && !isHeld(task)) &&
    freeDevices(session).some(({ devices }) => devices.length > 0)
  );
}
