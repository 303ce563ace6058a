import type { Failure } from './messages.js';

/** An error meant for people: a code, a sentence, and what to do next. */
export class SaturnError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = 'SaturnError';
  }
}
