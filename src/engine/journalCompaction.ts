import type { ISession } from '../core/session/session.js';
import { failureOf } from '../core/wire/messages.js';
import type { History } from './history.js';
import type { Journal } from './journal/journal.js';
import type { SessionSnapshots } from './journal/sessionSnapshots.js';
import { VERSION } from './version.js';

/**
 * Keeps what is read when an engine starts short: what a snapshot tells goes to the archive of the journal, and is compressed
 * there. What fails changes nothing, and is tried again later.
 */
export class JournalCompaction {
  private _compressing: Promise<void> = Promise.resolve();

  constructor(private readonly _options: JournalCompaction.IOptions) {}

  /** Begin another part of the journal, before which nothing is to be read when an engine goes on from there. */
  beginPart(session: ISession): void {
    const { journal, snapshots, history, now, log } = this._options;
    const [seq, time] = [journal.seq, now()];
    try {
      journal.beginPart(() =>
        snapshots.write({ seq, time, version: VERSION, session, index: history.index })
      );
      history.noteSnapshot(seq, time, session);
      // Until now those of another program were of use to that one, should it be installed again.
      snapshots.keepOnly(new Set(history.index.moments.map(moment => moment.seq)));
    } catch (error) {
      log(`no snapshot was written: ${failureOf(error).message}`);
      return;
    }
    this.compress();
  }

  /** Compress what is in the archive. */
  compress(): void {
    const { journal, log } = this._options;
    this._compressing = this._compressing
      .then(() => journal.compress())
      .catch((error: unknown) => log(`the archive stays as it is: ${failureOf(error).message}`));
  }

  /** Resolves once nothing is being compressed. */
  settled(): Promise<void> {
    return this._compressing;
  }
}

/** Namespace of {@link JournalCompaction}. */
export namespace JournalCompaction {
  export interface IOptions {
    readonly journal: Pick<Journal, 'seq' | 'beginPart' | 'compress'>;
    readonly snapshots: SessionSnapshots;
    readonly history: History;
    /** Seconds since the epoch. */
    readonly now: () => number;
    /** One line for the engine's log. */
    readonly log: (line: string) => void;
  }
}
