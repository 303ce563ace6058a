import type { SessionRecord } from '../wire/messages.js';
import { withBegun } from './begun.js';
import { withGuess } from './guessedAttempts.js';
import type { ISession, IStep } from './session.js';
import { step } from './step.js';

/** What a journal tells of an event. */
export type Told = Pick<SessionRecord, 'event' | 'time' | 'begun'>;

/** A step of a session as its journal tells it, by whatever rules it was decided what to begin. */
export function replay(session: ISession, { event, time, begun }: Told): IStep {
  return begun
    ? withBegun(session, step(session, event, time), begun)
    : step(withGuess(session, event), event, time);
}
