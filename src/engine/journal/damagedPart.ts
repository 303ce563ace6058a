import { copyFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeDurably } from './durableFile.js';
import type { IArchivedPart, JournalArchive } from './journalArchive.js';
import { DamagedRecord, endsOf } from './recordLine.js';

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
 * End a journal before a damaged record. What follows, snapshots of after it as well, is kept in a folder of its own.
 *
 * @param path - of the journal's file, which is another one afterwards.
 * @param seq - number of the record; `last` is that of the last there was.
 */
export function setAside(archive: JournalArchive, path: string, seq: number, last: number): IDamage {
  const folder = archive.damaged(seq);
  copyFileSync(path, join(folder, basename(path)));
  const part = archive.parts.find(({ first, last }) => first <= seq && seq <= last);
  archive.moveAfter(part?.last ?? seq - 1, folder);
  writeDurably(path, headOf(archive, path, part, seq));
  archive.moveAfter(seq - 1, folder);
  return { seq, records: last - seq + 1, folder };
}

/** What is sound of the part with a damaged record, which is in the journal's file where it is in none of the archive. */
function headOf(archive: JournalArchive, path: string, part: IArchivedPart | undefined, seq: number): Buffer {
  try {
    const text = part ? archive.read(part) : readFileSync(path);
    const sound = seq - (part?.first ?? archive.last + 1);
    return text.subarray(0, endsOf(text)[sound - 1] ?? 0);
  } catch (error) {
    if (error instanceof DamagedRecord) {
      return Buffer.alloc(0);
    }
    throw error;
  }
}
