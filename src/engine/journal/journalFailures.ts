import { SaturnError } from '../../core/wire/failure.js';
import type { DamagedRecord } from './recordLine.js';

/** What is told when part of the past cannot be read. */
export function unreadable(path: string, { message }: DamagedRecord): SaturnError {
  return new SaturnError({
    code: 'journal-damaged',
    message: `What happened then cannot be read from the journal ${path}: ${message}`,
    hint: 'The session goes on: what it is now does not depend on it.'
  });
}

/** What is told when a journal cannot be opened or written. */
export function unwritable(path: string, error: unknown): SaturnError {
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
