import { statfsSync } from 'node:fs';

/** How much a user may still write where a folder is, in bytes; undefined where that cannot be told. */
export function freeBytesAt(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
