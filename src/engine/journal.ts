import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
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
    private _size: number,
    private _seq: number
  ) {}

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
    const { records, size } = parse(path, text);
    if (size < text.length) {
      ftruncateSync(file, size);
    }
    // The folder entry of a new file must be on disk as well.
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
    return { journal: new Journal(path, file, size, records.at(-1)?.seq ?? 0), records };
  }

  /**
   * Write one event and force it to disk.
   *
   * @param time - seconds since the epoch.
   * @throws SaturnError `disk-full` or `journal-failed`; the journal is then as before.
   */
  append(event: SessionEvent, time: number): void {
    const record: SessionRecord = { v: 1, seq: this._seq + 1, time, event };
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
    this._seq += 1;
    this._size += line.length;
  }

  /** Close the file. */
  dispose(): void {
    closeSync(this._file);
  }
}

function parse(path: string, text: Buffer): { records: SessionRecord[]; size: number } {
  const records: SessionRecord[] = [];
  let size = 0;
  while (size < text.length) {
    const end = text.indexOf(0x0a, size);
    if (end < 0) {
      break;
    }
    try {
      const record = asRecord(JSON.parse(text.subarray(size, end).toString('utf8')));
      if (record.seq !== records.length + 1) {
        throw new Error(`record ${record.seq} follows record ${records.length}`);
      }
      records.push(record);
    } catch (error) {
      if (end + 1 < text.length) {
        throw new SaturnError({
          code: 'journal-damaged',
          message: `Line ${records.length + 1} of ${path} cannot be read: ${String(error)}.`,
          hint: 'Restore the file from a backup, or start another session with %saturn session NAME.'
        });
      }
      break;
    }
    size = end + 1;
  }
  return { records, size };
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
