import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { syncFolder } from './durableFile.js';
import { DamagedRecord } from './recordLine.js';

const gzipped = promisify(gzip);

/** A part of the journal that is not written to any more. */
export interface IArchivedPart {
  /** Numbers of its first and last record. */
  readonly first: number;
  readonly last: number;
  readonly path: string;
}

const PART = /^(\d+)-(\d+)\.jsonl(\.gz)?$/;
const SNAPSHOT = /^\d+\.snapshot$/;

/** The older parts of a journal, in a folder of their own; compressed when there is time. */
export class JournalArchive {
  private _parts: readonly IArchivedPart[];

  constructor(readonly folder: string) {
    this._parts = list(folder);
  }

  /** Oldest first. */
  get parts(): readonly IArchivedPart[] {
    return this._parts;
  }

  /** Number of the last record; 0 while there is none. */
  get last(): number {
    return this._parts.at(-1)?.last ?? 0;
  }

  /** Take a file in as the newest part: it is moved. */
  add(path: string, first: number, last: number): void {
    this.ensure();
    renameSync(path, join(this.folder, `${first}-${last}.jsonl`));
    syncFolder(this.folder);
    this._parts = list(this.folder);
  }

  /** Undo {@link add}. */
  takeBack(path: string): void {
    const newest = this._parts.at(-1);
    if (newest) {
      renameSync(newest.path, path);
    }
    this._parts = list(this.folder);
  }

  /**
   * The lines of a part.
   *
   * @throws DamagedRecord when it cannot be decompressed.
   */
  read({ path, first }: IArchivedPart): Buffer {
    const data = readFileSync(path);
    try {
      return path.endsWith('.gz') ? gunzipSync(data) : data;
    } catch (error) {
      throw new DamagedRecord(first, `cannot be read from ${path}: ${String(error)}`);
    }
  }

  /** Compress the parts that are not yet, one after the other. What fails is left as it is. */
  async compress(): Promise<void> {
    for (const { path } of this._parts.filter(part => !part.path.endsWith('.gz'))) {
      const temporary = `${path}.gz.tmp`;
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(await gzipped(await readFile(path)));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, `${path}.gz`);
      syncFolder(this.folder);
      // What was compressed goes, and is read from where it is now, in one: whoever reads finds it.
      this._parts = list(this.folder);
    }
  }

  /** An empty folder for what is set aside from a record on. */
  damaged(seq: number): string {
    this.ensure();
    return mkdtempSync(join(this.folder, `damaged-${seq}-`));
  }

  /** Move the parts with records after one, and snapshots of after it, elsewhere: the newest first. */
  moveAfter(seq: number, to: string): void {
    const snapshots = snapshotsIn(this.folder).filter(one => one.seq > seq);
    const parts = this._parts.filter(({ last }) => last > seq).reverse();
    for (const { path } of [...snapshots, ...parts]) {
      renameSync(path, join(to, basename(path)));
    }
    syncFolder(this.folder);
    this._parts = list(this.folder);
  }

  /** Make the folder. */
  ensure(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }
}

/** Where the snapshot of after a record is kept in the folder of an archive. */
export function snapshotPath(folder: string, seq: number): string {
  return join(folder, `${seq}.snapshot`);
}

/** The snapshots in the folder of an archive, newest first. */
export function snapshotsIn(folder: string): { seq: number; path: string }[] {
  return names(folder)
    .flatMap(name => (SNAPSHOT.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => b - a)
    .map(seq => ({ seq, path: snapshotPath(folder, seq) }));
}

/** The parts in a folder. One that was being compressed when the engine was killed may be there twice. */
function list(folder: string): IArchivedPart[] {
  const parts = new Map<number, IArchivedPart>();
  for (const name of names(folder)) {
    const [, first, last, gz] = PART.exec(name) ?? [];
    if (first === undefined) {
      continue;
    }
    const part = { first: Number(first), last: Number(last), path: join(folder, name) };
    const twin = parts.get(part.first);
    if (twin) {
      rmSync(gz ? twin.path : part.path);
    }
    if (gz || !twin) {
      parts.set(part.first, part);
    }
  }
  return [...parts.values()].sort((a, b) => a.first - b.first);
}

function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
