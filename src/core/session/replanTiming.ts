import type { Plan } from '../wire/messages.js';
import { freeDevices } from './dispatch.js';
import { awaitsNodes } from './nodes.js';
import { followsGiven, type ISession, isStaying } from './session.js';
import { activeTasks, countOf } from './taskTable.js';

/**
 * News is answered at once, then not again before this share of what was left has passed, within limits in seconds; nor before
 * so many times what the last answer took, as the planner works on a core that others train on.
 */
const PAUSE_SHARE = 0.01;
const PAUSE_LEAST = 1;
const PAUSE_MOST = 30;
const PAUSE_ANSWERS = 10;

/** The same where a device is idle though tasks wait: it may be that another plan has something for it. */
const IDLE_LEAST = 0.25;
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
  const pause =
    news.length > 0
      ? pauseAfterNews(session, plan.plan, Math.max(0, plan.madeAt - question.time))
      : Math.max(INTERVAL_LEAST, makespan / INTERVAL_PARTS);
  return time - question.time >= pause;
}

/** @param taken - seconds until the last question was answered. */
function pauseAfterNews(session: ISession, { makespan }: Plan, taken: number): number {
  const isIdle =
    countOf(session.state.tasks, 'ready') > 0 &&
    freeDevices(session).some(({ devices }) => devices.length > 0);
  return isIdle
    ? Math.max(IDLE_LEAST, IDLE_ANSWERS * taken)
    : Math.min(PAUSE_MOST, Math.max(PAUSE_LEAST, PAUSE_SHARE * makespan, PAUSE_ANSWERS * taken));
}
