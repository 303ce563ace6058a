import type { SessionRecord } from '../wire/messages.js';
import { withBegun } from './begun.js';
import { withGuess } from './guessedAttempts.js';
import { judgedBetween } from './judgedTasks.js';
import type { ISession, IStep } from './session.js';
import { step } from './step.js';

/** What a journal tells of an event; by the newest format where that is not said. */
export type Told = Pick<SessionRecord, 'event' | 'time' | 'begun'> & Partial<Pick<SessionRecord, 'v'>>;

/** Since this format, records tell what rules have made of tasks. */
const JUDGED_FORMAT = 4;

/** A step of a session as its journal tells it, by whatever rules it was decided what to begin. */
export function replay(session: ISession, { v = JUDGED_FORMAT, event, time, begun }: Told): IStep {
  if (!begun) {
    return step(withGuess(session, event), event, time);
  }
  const taken = step(session, event, time);
  const judged = v < JUDGED_FORMAT ? judgedBetween(session, taken.session) : {};
  return withBegun(session, taken, { ...begun, ...judged });
}
