import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskUse } from '../core/wire/messages.js';
import { freeBytesAt } from './diskSpace.js';
import type { IDisposable } from './disposable.js';

/** Folders of a session that nothing bounds: what it took out, which is for people to delete. */
const ARCHIVE = 'archive';

/** Measures what a session takes on disk, when something was written, and seldom enough to cost nothing. */
export class DiskMeter implements IDisposable {
  private _use: DiskUse | undefined;
  private _timer: NodeJS.Timeout | null = null;
  private _isMeasuring = false;
  private _isStale = false;
  private _isDisposed = false;

  constructor(private readonly _options: DiskMeter.IOptions) {}

  /** As measured last; undefined before that, and where it cannot be. */
  get use(): DiskUse | undefined {
    return this._use;
  }

  /** Something was written, or dropped: measure soon. */
  changed(): void {
    if (this._isMeasuring) {
      this._isStale = true;
    } else if (this._timer === null) {
      this._timer = setTimeout(() => void this._measure(), this._options.delay);
    }
  }

  dispose(): void {
    if (this._timer !== null) {
      clearTimeout(this._timer);
    }
    this._isDisposed = true;
  }

  private async _measure(): Promise<void> {
    this._timer = null;
    this._isMeasuring = true;
    const before = JSON.stringify(this._use);
    this._use = await measureDisk(this._options.folder);
    this._isMeasuring = false;
    if (this._isDisposed) {
      return;
    }
    if (JSON.stringify(this._use) !== before) {
      this._options.onChange();
    }
    if (this._isStale) {
      this._isStale = false;
      this.changed();
    }
  }
}

/** Namespace of {@link DiskMeter}. */
export namespace DiskMeter {
  export interface IOptions {
    /** The session's folder. */
    readonly folder: string;
    /** Milliseconds from a change to the measurement, which is of all changes until then. */
    readonly delay: number;
    readonly onChange: () => void;
  }
}

/** What a session takes on disk now; undefined where that cannot be told. A file of several names counts once. */
export async function measureDisk(folder: string): Promise<DiskUse | undefined> {
  const seen = new Set<number>();
  const archived = await sizeOf(join(folder, ARCHIVE), seen);
  const rest = await sizeOf(folder, seen);
  const freeBytes = freeBytesAt(folder);
  return freeBytes === undefined ? undefined : { bytes: archived + rest, archivedBytes: archived, freeBytes };
}

async function sizeOf(folder: string, seen: Set<number>): Promise<number> {
  let size = 0;
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      size += await sizeOf(path, seen);
    } else if (entry.isFile()) {
      const found = await lstat(path).catch(() => undefined); // it may be gone meanwhile
      if (found && !seen.has(found.ino)) {
        seen.add(found.ino);
        size += found.blocks * 512;
      }
    }
  }
  return size;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
