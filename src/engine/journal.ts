import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { SaturnError } from '../core/wire/failure.js';
import { asRecord, type SessionEvent, type SessionRecord } from '../core/wire/messages.js';

/**
 * The session on disk: an append-only file of JSON lines. A record that {@link append} returned
 * for survives a crash of the machine; a torn last line, from a crash in mid-write, is cut off
 * when the journal is opened.
 */
export class Journal {
  private constructor(
    private readonly _path: string,
    private readonly _file: number,
    /** Where each record ends in the file, in bytes. */
    private readonly _ends: number[]
  ) {}

  /** Number of its last record; 0 while there is none. */
  get seq(): number {
    return this._ends.length;
  }

  /**
   * Open or create a journal.
   *
   * @returns the journal and all its records, oldest first.
   * @throws SaturnError `journal-failed` when the file cannot be opened, `journal-damaged` when a
   * record other than the last is unreadable.
   */
  static open(path: string): { journal: Journal; records: SessionRecord[] } {
    let file: number;
    let text: Buffer;
    try {
      file = openSync(path, 'a+', 0o600);
      text = readFileSync(path);
    } catch (error) {
      throw failed(path, error);
    }
    const { records, ends } = parse(path, text);
    const size = ends.at(-1) ?? 0;
    if (size < text.length) {
      ftruncateSync(file, size);
    }
    // The folder entry of a new file must be on disk as well.
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
    return { journal: new Journal(path, file, ends), records };
  }

  /**
   * Write one event and force it to disk.
   *
   * @param time - seconds since the epoch.
   * @throws SaturnError `disk-full` or `journal-failed`; the journal is then as before.
   */
  append(event: SessionEvent, time: number): void {
    const record: SessionRecord = { v: 1, seq: this.seq + 1, time, event };
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      for (let written = 0; written < line.length; ) {
        written += writeSync(this._file, line, written);
      }
      fsyncSync(this._file);
    } catch (error) {
      try {
        ftruncateSync(this._file, this._size);
      } catch {
        // The torn line stays; opening the journal cuts it off.
      }
      throw failed(this._path, error);
    }
    this._ends.push(this._size + line.length);
  }

  /**
   * Records that are on disk, oldest first.
   *
   * @param after - number of the record before the first.
   * @param last - number of the last.
   * @throws SaturnError `journal-damaged` when somebody else has written into the file.
   */
  read(after: number, last: number): SessionRecord[] {
    const start = this._ends[after - 1] ?? 0;
    const text = Buffer.alloc(Math.max(0, (this._ends[last - 1] ?? 0) - start));
    readSync(this._file, text, 0, text.length, start);
    return parse(this._path, text, after).records;
  }

  /** Close the file. */
  dispose(): void {
    closeSync(this._file);
  }

  private get _size(): number {
    return this._ends.at(-1) ?? 0;
  }
}

/** @param before - number of the record before the first. */
function parse(path: string, text: Buffer, before = 0): { records: SessionRecord[]; ends: number[] } {
  const records: SessionRecord[] = [];
  const ends: number[] = [];
  let size = 0;
  while (size < text.length) {
    const end = text.indexOf(0x0a, size);
    if (end < 0) {
      break;
    }
    const last = before + records.length;
    try {
      const record = asRecord(JSON.parse(text.subarray(size, end).toString('utf8')));
      if (record.seq !== last + 1) {
        throw new Error(`record ${record.seq} follows record ${last}`);
      }
      records.push(record);
    } catch (error) {
      if (end + 1 < text.length) {
        throw new SaturnError({
          code: 'journal-damaged',
          message: `Line ${last + 1} of ${path} cannot be read: ${String(error)}.`,
          hint: 'Restore the file from a backup, or start another session with %saturn session NAME.'
        });
      }
      break;
    }
    size = end + 1;
    ends.push(size);
  }
  return { records, ends };
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
