import { emptySession, type ISession } from '../core/session/session.js';
import type { SessionEvent } from '../core/wire/messages.js';
import { forgetClaims } from './attemptClaims.js';
import type { IEngineOptions } from './engineOptions.js';
import { Journal } from './journal/journal.js';
import { SessionSnapshots } from './journal/sessionSnapshots.js';
import { type IRestoredSession, openingEvents, restoreSession } from './restoredSession.js';
import { unarchived } from './taskArchive.js';

/** A session with the journal that tells it, opened to be gone on with. */
export interface IOpenedSession extends Pick<IRestoredSession, 'history' | 'replayed'> {
  readonly journal: Journal;
  readonly snapshots: SessionSnapshots;
  readonly session: ISession;
  /** What it has to learn first: see {@link openingEvents}. */
  readonly events: readonly SessionEvent[];
  /** Names of tasks whose folders are still to be archived. */
  readonly unarchived: string[];
}

/**
 * Open the journal of a session, and read what no snapshot tells.
 *
 * @throws SaturnError when it cannot be opened or read.
 */
export function openSession(options: IEngineOptions): IOpenedSession {
  const { now, folder } = options;
  const journal = Journal.open(options.journal, options.abort);
  const snapshots = new SessionSnapshots(Journal.archiveOf(options.journal), options.build);
  const restored = restoreSession(journal, snapshots, emptySession(options.session, folder));
  const { session, history, replayed, archived } = restored;
  if (journal.damage || journal.seq === 0) {
    forgetClaims(folder);
  }
  // Revisions grow across restarts, so that a client never waits for one that is past.
  const rev = Math.max(session.state.rev, Math.floor(now() * 1000));
  return {
    ...{ journal, snapshots, history, replayed },
    session: { ...session, state: { ...session.state, rev } },
    events: openingEvents(journal, restored, now()),
    unarchived: journal.damage ? [] : unarchived(folder, session, archived)
  };
}
