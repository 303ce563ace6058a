import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { SaturnError } from '../../core/wire/failure.js';
import type { Begun, SessionEvent, SessionRecord } from '../../core/wire/messages.js';
import { type IDamage, setAside } from './damagedPart.js';
import { syncFolder } from './durableFile.js';
import { JournalArchive } from './journalArchive.js';
import { unreadable, unwritable } from './journalFailures.js';
import { FORMAT } from './migrations.js';
import { DamagedRecord, endsOf, isIntact, NEWLINE, RecordReader, recordLine } from './recordLine.js';
import { SharedParts } from './sharedParts.js';

const force = promisify(fdatasync);

/** A part of the journal is long once it has so many records, or bytes: then another is begun. */
const LONG = { records: 2048, bytes: 16 << 20 };

/**
 * The session on disk: an append-only file of JSON lines, and an archive of its older parts. Each line has a digest: what
 * is not as it was written is noticed, and set aside with what follows it. A torn last line, from a crash in mid-write,
 * tells of nothing that was done, and is cut off.
 */
export class Journal {
  private readonly _archive: JournalArchive;
  private _file: number;
  /** Number of the record before the first in the file. */
  private _before: number;
  /** Where each record ends in the file, in bytes. */
  private _ends: number[] = [];
  private _shared = new SharedParts();
  private _reader = new RecordReader();
  private _damage: IDamage | undefined;
  private _forcedSeq = 0;
  private _forcing: Promise<void> = Promise.resolve();
  private _waiting: Promise<void> | undefined;
  private _due = LONG;

  private constructor(
    private readonly _path: string,
    private readonly _onUnforced: (error: SaturnError) => void
  ) {
    this._archive = new JournalArchive(Journal.archiveOf(_path));
    this._before = this._archive.last;
    this._file = openSync(_path, 'a+', 0o600);
    this._reopen();
  }

  /** Folder of the older parts of a journal, and of what else belongs to it. */
  static archiveOf(path: string): string {
    return join(dirname(path), 'history');
  }

  /**
   * Open or create a journal; {@link recover} is to be called next.
   *
   * @param onUnforced - told when what was written cannot be forced to disk. Nothing can be promised any more then: the
   * engine is to end, and to be started again on what is on disk.
   * @throws SaturnError `journal-failed` when the file cannot be opened.
   */
  static open(path: string, onUnforced: (error: SaturnError) => void): Journal {
    try {
      return new Journal(path, onUnforced);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** Number of its last record; 0 while there is none. */
  get seq(): number {
    return this._before + this._ends.length;
  }

  /** What {@link recover} has set aside. */
  get damage(): IDamage | undefined {
    return this._damage;
  }

  /** Version of the product that wrote the last record that {@link recover} has read. */
  get version(): string | undefined {
    return this._reader.version;
  }

  /** Whether it is time for {@link beginPart}. */
  get isLong(): boolean {
    return this._ends.length >= this._due.records || this._size >= this._due.bytes;
  }

  /**
   * Read what is there, oldest first. A damaged part, with all after it, is set aside: the journal then ends before it.
   *
   * @param after - number of the record before the first that is wanted, and the version that wrote it.
   * @throws SaturnError `other-version` when another version wrote what this one cannot read, `journal-failed` when what is
   * damaged cannot be set aside.
   */
  *recover(after?: { readonly seq: number; readonly version: string }): Generator<SessionRecord> {
    this._reader = new RecordReader(after?.version);
    try {
      yield* this._records(this._reader, after?.seq ?? 0, this.seq);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) {
        throw error;
      }
      this._setAside(error.seq);
    }
  }

  /**
   * Records that are on disk, oldest first. Another part may be begun, and others compressed, while it goes on.
   *
   * @param after - number of the record before the first.
   * @param last - number of the last.
   * @throws SaturnError `journal-damaged` when some cannot be read.
   */
  *read(after: number, last: number): Generator<SessionRecord> {
    try {
      yield* this._records(new RecordReader(), after, last);
    } catch (error) {
      throw error instanceof DamagedRecord ? unreadable(this._path, error) : error;
    }
  }

  /**
   * Write one event, and what is begun in answer to it; {@link forced} tells when it survives a crash of the machine.
   *
   * @param time - seconds since the epoch.
   * @throws SaturnError `disk-full` or `journal-failed`; the journal is then as before.
   */
  append(event: SessionEvent, time: number, begun: Begun = {}): void {
    const seq = this.seq + 1;
    const { refs, written, ...folded } = this._shared.fold(seq, event);
    const more = { ...(Object.keys(begun).length > 0 && { begun }), ...(refs && { refs }) };
    const line = recordLine({ v: FORMAT, seq, time, ...folded, ...more });
    try {
      for (let done = 0; done < line.length; ) {
        done += writeSync(this._file, line, done);
      }
    } catch (error) {
      try {
        ftruncateSync(this._file, this._size);
      } catch {
        // The torn line stays; opening the journal cuts it off.
      }
      throw unwritable(this._path, error);
    }
    this._ends.push(this._size + line.length);
    written();
  }

  /** Resolves once all that was appended so far is on disk. What comes while the disk is busy is forced together. */
  forced(): Promise<void> {
    if (this._forcedSeq === this.seq) {
      return Promise.resolve();
    }
    this._waiting ??= this._forcing.then(() => {
      this._waiting = undefined;
      this._forcing = this._force(this.seq);
      return this._forcing;
    });
    return this._waiting;
  }

  /**
   * Begin another part: what there is goes to the archive.
   *
   * @param snapshot - writes down what comes of all records so far; opening the journal need not read them then.
   * @throws when either is not possible now; the journal goes on as it was, and is long only after more records.
   */
  beginPart(snapshot: () => void): void {
    this._due = { records: this._ends.length + LONG.records, bytes: this._size + LONG.bytes };
    fsyncSync(this._file);
    this._forcedSeq = this.seq;
    this._archive.ensure();
    snapshot();
    if (this._ends.length === 0) {
      return;
    }
    this._archive.add(this._path, this._before + 1, this.seq);
    const old = this._file;
    try {
      this._file = openSync(this._path, 'a+', 0o600);
    } catch (error) {
      this._archive.takeBack(this._path);
      throw error;
    }
    void this._forcing.then(() => closeSync(old));
    this._before = this._archive.last;
    this._reopen();
  }

  /** Compress the older parts. What fails is tried again after the next start. */
  compress(): Promise<void> {
    return this._archive.compress();
  }

  /** Close the file. */
  dispose(): void {
    void this._forcing.then(() => closeSync(this._file));
  }

  private get _size(): number {
    return this._ends.at(-1) ?? 0;
  }

  /** Look what is in the file. */
  private _reopen(): void {
    const text = readFileSync(this._path);
    const size = text.lastIndexOf(NEWLINE) + 1;
    const tail = text.subarray(size);
    if (tail.length > 0) {
      // Where only its end is damaged, it was written as a whole.
      const whole = [tail, tail.subarray(0, -1)].find(isIntact);
      ftruncateSync(this._file, size);
      if (whole) {
        writeSync(this._file, Buffer.concat([whole, Buffer.of(NEWLINE)]));
        this._reopen();
        return;
      }
    }
    fsyncSync(this._file);
    syncFolder(dirname(this._path));
    this._ends = endsOf(text.subarray(0, size));
    this._forcedSeq = this.seq;
    this._shared = new SharedParts();
    this._due = LONG;
  }

  private *_records(reader: RecordReader, after: number, last: number): Generator<SessionRecord> {
    for (let seq = after; seq < last; ) {
      const before = seq;
      const { first, text } = this._partWith(seq + 1);
      for (const record of first > seq + 1 ? [] : reader.records(text, first, seq)) {
        if (record.seq > last) {
          return;
        }
        seq = record.seq;
        yield record;
      }
      if (seq === before) {
        throw new DamagedRecord(seq + 1, 'is not there');
      }
    }
  }

  /** What a record is in, as it lies there now: once others have had their turn, it may have been moved or compressed. */
  private _partWith(seq: number): { first: number; text: Buffer } {
    const part = this._archive.parts.find(({ last }) => last >= seq);
    return part
      ? { first: part.first, text: this._archive.read(part) }
      : { first: this._before + 1, text: readFileSync(this._path) };
  }

  private async _force(seq: number): Promise<void> {
    try {
      await force(this._file);
      this._forcedSeq = Math.max(this._forcedSeq, seq);
    } catch (error) {
      this._onUnforced(unwritable(this._path, error));
      // Whoever waits does so for good.
      await new Promise(() => undefined);
    }
  }

  /** End the journal before a record. What follows is kept in a folder of its own. */
  private _setAside(seq: number): void {
    try {
      this._damage = setAside(this._archive, this._path, seq, this.seq);
      closeSync(this._file);
      this._file = openSync(this._path, 'a+', 0o600);
      this._before = this._archive.last;
      this._reopen();
    } catch (error) {
      throw unwritable(this._path, error);
    }
  }
}
