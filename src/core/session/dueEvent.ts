import type { SessionEvent } from '../wire/messages.js';
import { isAnyForgotten } from './nodes.js';
import { isReplanDue } from './replanTiming.js';
import type { ISession } from './session.js';
import { hasTimeCome } from './wishes.js';

/**
 * What the clock alone brings about between two looks at it: the time of a task that waited for it has come, or that of a lost
 * node is over, or it is time to look for another plan; one of them at a time.
 *
 * @param before - the look before, in seconds since the epoch.
 * @param now - this one.
 */
export function dueEvent(session: ISession, before: number, now: number): SessionEvent | undefined {
  if (hasTimeCome(session, before, now) || isAnyForgotten(session, now)) {
    return { kind: 'clock' };
  }
  return isReplanDue(session, now) ? { kind: 'replan-due' } : undefined;
}
