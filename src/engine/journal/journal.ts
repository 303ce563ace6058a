import {
  closeSync,
  copyFileSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SaturnError } from '../../core/wire/failure.js';
import type { SessionEvent, SessionRecord } from '../../core/wire/messages.js';
import { syncFolder, writeDurably } from './durableFile.js';
import { type IArchivedPart, JournalArchive } from './journalArchive.js';
import { FORMAT } from './migrations.js';
import { DamagedRecord, isIntact, RecordReader, recordLine } from './recordLine.js';
import { SharedParts } from './sharedParts.js';

const force = promisify(fdatasync);

/** A part of the journal is long once it has so many records, or bytes: then another is begun. */
const LONG = { records: 2048, bytes: 16 << 20 };

/** A damaged part of a journal, and all after it. */
export interface IDamage {
  /** Number of the first record that is lost. */
  readonly seq: number;
  /** About so many records are lost. */
  readonly records: number;
  /** Where they are kept. */
  readonly folder: string;
}

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
      throw failed(path, error);
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
    let last = after?.seq ?? 0;
    try {
      for (const { first, read } of this._parts(last)) {
        if (first > last + 1) {
          throw new DamagedRecord(last + 1, 'is not there');
        }
        for (const record of this._reader.records(read(), first, last)) {
          last = record.seq;
          yield record;
        }
      }
    } catch (error) {
      if (!(error instanceof DamagedRecord)) {
        throw error;
      }
      this._setAside(error.seq);
    }
  }

  /**
   * Records that are on disk, oldest first.
   *
   * @param after - number of the record before the first.
   * @param last - number of the last.
   * @throws SaturnError `journal-damaged` when some cannot be read.
   */
  *read(after: number, last: number): Generator<SessionRecord> {
    try {
      for (const { first, read } of this._parts(after)) {
        for (const record of first > last ? [] : new RecordReader().records(read(), first, after)) {
          if (record.seq > last) {
            return;
          }
          yield record;
        }
      }
    } catch (error) {
      throw error instanceof DamagedRecord ? unreadable(this._path, error) : error;
    }
  }

  /**
   * Write one event; {@link forced} tells when it survives a crash of the machine.
   *
   * @param time - seconds since the epoch.
   * @throws SaturnError `disk-full` or `journal-failed`; the journal is then as before.
   */
  append(event: SessionEvent, time: number): void {
    const seq = this.seq + 1;
    const { refs, written, ...folded } = this._shared.fold(seq, event);
    const line = recordLine({ v: FORMAT, seq, time, ...folded, ...(refs && { refs }) });
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
      throw failed(this._path, error);
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

  /** The parts of the journal with records after one, oldest first. */
  private _parts(after: number): { first: number; read: () => Buffer }[] {
    const archived = this._archive.parts.filter(({ last }) => last > after);
    return [
      ...archived.map(part => ({ first: part.first, read: () => this._archive.read(part) })),
      { first: this._before + 1, read: () => readFileSync(this._path) }
    ];
  }

  private async _force(seq: number): Promise<void> {
    try {
      await force(this._file);
      this._forcedSeq = Math.max(this._forcedSeq, seq);
    } catch (error) {
      this._onUnforced(failed(this._path, error));
      // Whoever waits does so for good.
      await new Promise(() => undefined);
    }
  }

  /** End the journal before a record. What follows is kept in a folder of its own. */
  private _setAside(seq: number): void {
    const records = this.seq - seq + 1;
    try {
      const folder = this._archive.damaged(seq);
      copyFileSync(this._path, join(folder, basename(this._path)));
      const part = this._archive.parts.find(({ first, last }) => first <= seq && seq <= last);
      this._archive.moveAfter(part?.last ?? seq - 1, folder);
      writeDurably(this._path, this._headOf(part, seq));
      this._archive.moveAfter(seq - 1, folder);
      closeSync(this._file);
      this._file = openSync(this._path, 'a+', 0o600);
      this._before = this._archive.last;
      this._reopen();
      this._damage = { seq, records, folder };
    } catch (error) {
      throw failed(this._path, error);
    }
  }

  /** What is sound of the part with a damaged record. */
  private _headOf(part: IArchivedPart | undefined, seq: number): Buffer {
    try {
      const text = part ? this._archive.read(part) : readFileSync(this._path);
      const sound = seq - (part?.first ?? this._before + 1);
      return text.subarray(0, endsOf(text)[sound - 1] ?? 0);
    } catch (error) {
      if (error instanceof DamagedRecord) {
        return Buffer.alloc(0);
      }
      throw error;
    }
  }
}

const NEWLINE = 0x0a;

/** Where each line of a text ends. */
function endsOf(text: Buffer): number[] {
  const ends: number[] = [];
  for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, end + 1)) {
    ends.push(end + 1);
  }
  return ends;
}

function unreadable(path: string, { message }: DamagedRecord): SaturnError {
  return new SaturnError({
    code: 'journal-damaged',
    message: `What happened then cannot be read from the journal ${path}: ${message}`,
    hint: 'The session goes on: what it is now does not depend on it.'
  });
}

function failed(path: string, error: unknown): SaturnError {
  const code = (error as NodeJS.ErrnoException).code;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new SaturnError({
    code: full ? 'disk-full' : 'journal-failed',
    message: full
      ? `The disk is full: nothing more can be written to ${path}. Nothing was changed.`
      : `The session's journal ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
    hint: full
      ? 'Free some space; training goes on meanwhile, and what happens is noted once there is room.'
      : 'Check that the folder exists and is yours to write to.'
  });
}
