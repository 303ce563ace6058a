import type { Failure } from './generated/types.js';

/** Code of the failure that the disk of a session takes nothing, though it is not full. */
export const DISK_FAILED = 'disk-failed';

/** An error meant for people: a code, a sentence, and what to do next. */
export class SaturnError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = 'SaturnError';
  }
}

/** What a reply of type `error` carries for any thrown value. */
export function failureOf(error: unknown): Failure {
  return error instanceof SaturnError
    ? error.failure
    : { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
