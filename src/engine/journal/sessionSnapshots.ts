import { readFileSync, rmSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { ISession } from '../../core/session/session.js';
import type { IHistoryIndex } from '../history.js';
import { writeDurably } from './durableFile.js';
import { snapshotPath, snapshotsIn } from './journalArchive.js';

/** What came of all records up to one. */
export interface ISnapshot {
  /** Number of the record. */
  readonly seq: number;
  /** When it was written, in seconds since the epoch. */
  readonly time: number;
  /** Version of the product. */
  readonly version: string;
  readonly session: ISession;
  readonly index: IHistoryIndex;
}

/**
 * Snapshots of the session beside its journal, so that not all of it needs to be read. They are only ever a shortcut: one
 * that is damaged, or that another program wrote, is as good as none. gzip has a checksum of what it holds.
 */
export class SessionSnapshots {
  /** @param _build - tells the program that writes and reads them from all others. */
  constructor(
    private readonly _folder: string,
    private readonly _build: string
  ) {}

  /** The newest that can be read. */
  newest(): ISnapshot | undefined {
    for (const { seq } of snapshotsIn(this._folder)) {
      const snapshot = this.read(seq);
      if (snapshot) {
        return snapshot;
      }
    }
    return undefined;
  }

  /** The snapshot of after a record, if it is there and can be read. */
  read(seq: number): ISnapshot | undefined {
    try {
      const read: unknown = deserialize(gunzipSync(readFileSync(snapshotPath(this._folder, seq))));
      const { build, snapshot } = read as { build: string; snapshot: ISnapshot };
      return build === this._build ? snapshot : undefined;
    } catch {
      return undefined;
    }
  }

  /** Remove those but of after some records: once there is one of this program, those of others are of no use to it. */
  keepOnly(seqs: ReadonlySet<number>): void {
    for (const { seq, path } of snapshotsIn(this._folder)) {
      if (!seqs.has(seq)) {
        rmSync(path);
      }
    }
  }

  /** Write one; its folder is there. Throws when that is not possible. */
  write(snapshot: ISnapshot): void {
    const data = serialize({ build: this._build, snapshot });
    writeDurably(snapshotPath(this._folder, snapshot.seq), gzipSync(data, { level: constants.Z_BEST_SPEED }));
  }
}
