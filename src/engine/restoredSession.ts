import { replay } from '../core/session/replay.js';
import type { ISession } from '../core/session/session.js';
import { clockTime } from '../core/view/format/format.js';
import type { SessionEvent } from '../core/wire/messages.js';
import { History } from './history.js';
import type { Journal } from './journal/journal.js';
import type { SessionSnapshots } from './journal/sessionSnapshots.js';
import { lastSaved } from './keptWeights.js';
import { VERSION } from './version.js';

/** A session as its journal tells it. */
export interface IRestoredSession {
  readonly session: ISession;
  readonly history: History;
  /** When the last record was written, in seconds since the epoch; undefined when there is none. */
  readonly time: number | undefined;
  /** So many records were read for it. */
  readonly replayed: number;
  /** Names of tasks whose folders were to be archived, by records that are replayed; perhaps they never were. */
  readonly archived: ReadonlySet<string>;
}

/**
 * Read a session from its journal: from the newest snapshot on, or all of it.
 *
 * @param empty - the session before its first record.
 * @throws SaturnError like {@link Journal.recover}.
 */
export function restoreSession(
  journal: Journal,
  snapshots: SessionSnapshots,
  empty: ISession
): IRestoredSession {
  const { session: name, folder } = empty.state;
  // The folder may be another than it was then.
  const here = (session: ISession): ISession => ({
    ...session,
    state: { ...session.state, session: name, folder }
  });
  const snapshot = snapshots.newest();
  const history = new History({
    journal,
    empty,
    load: seq => {
      const past = snapshots.read(seq)?.session;
      return past && here(past);
    },
    ...(snapshot && { index: snapshot.index })
  });
  let session = empty;
  let time: number | undefined;
  if (snapshot) {
    session = here(snapshot.session);
    time = snapshot.time;
    history.noteSnapshot(snapshot.seq, snapshot.time, session);
  }
  let replayed = 0;
  const archived = new Set<string>();
  for (const record of journal.recover(snapshot)) {
    const taken = replay(session, record);
    session = taken.session;
    time = record.time;
    replayed += 1;
    history.note(record.seq, time, session);
    for (const command of taken.commands) {
      if (command.kind === 'archive') {
        for (const task of command.tasks) {
          archived.add(task);
        }
      }
    }
    if (record.event.kind === 'history-lost') {
      // What folders hold may be of a later task than the journal still knows.
      archived.clear();
    }
  }
  return { session, history, time, replayed, archived };
}

/**
 * What a session learns when an engine opens it: which version goes on with it, what was lost, and that no agent is there.
 *
 * @param now - seconds since the epoch.
 */
export function openingEvents(journal: Journal, restored: IRestoredSession, now: number): SessionEvent[] {
  const { session, agent, nodes = [] } = restored.session.state;
  const events: SessionEvent[] = [];
  if (journal.seq === 0) {
    events.push({ kind: 'created', session, version: VERSION });
  } else if (journal.version !== VERSION) {
    events.push({ kind: 'version-changed', version: VERSION });
  }
  const lost = lostHistory(journal, restored, now);
  if (lost) {
    events.push(lost);
  }
  if (agent === 'connected' || nodes.some(({ state }) => state === 'connected')) {
    events.push({ kind: 'agent-away' });
  }
  return events;
}

/**
 * The event by which a session learns that a part of its journal was damaged; undefined when none was. What lies in the
 * tasks' folders is told with it: that is newer than what the journal still says.
 *
 * @param now - seconds since the epoch.
 */
function lostHistory(
  { damage }: Journal,
  { session, time }: IRestoredSession,
  now: number
): (SessionEvent & { kind: 'history-lost' }) | undefined {
  if (!damage) {
    return undefined;
  }
  const { seq, records, folder } = damage;
  const others = records > 1 ? ` and ${records - 1} after it` : '';
  const since = time === undefined ? 'from its beginning on' : `after ${clockTime(time, now, true)}`;
  return {
    kind: 'history-lost',
    error: {
      code: 'journal-damaged',
      message: `Record ${seq} of the session's journal was damaged. It${others} cannot be used: what happened ${since} is forgotten. The damaged part is kept in ${folder}.`,
      hint: 'Checkpoints and models are still there: run the cells of tasks that are missing again, then %saturn run, and training goes on from the last checkpoints.'
    },
    saved: session.state.tasks.flatMap(({ spec }) => {
      const step = lastSaved(session.state.folder, spec);
      return step === undefined ? [] : [{ task: spec.name, step }];
    })
  };
}
