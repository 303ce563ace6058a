import { SaturnError } from '../wire/failure.js';

/** A planning request that has no meaning, with what to do next. */
export function badRequest(message: string): SaturnError {
  return new SaturnError({
    code: 'bad-plan-request',
    message,
    hint: 'Profile the tasks again, then plan; if it stays, report it with the session folder.'
  });
}

/**
 * @param of - whose measure it is, told only when it is wrong.
 * @throws SaturnError `bad-plan-request` unless it is a number of at least 0.
 */
export function assertMeasure(value: number, what: string, of?: () => string): void {
  if (!Number.isFinite(value) || value < 0) {
    throw badRequest(`${prefix(of)}${what} must be a number of at least 0, not ${value}.`);
  }
}

/**
 * @param of - whose count it is, told only when it is wrong.
 * @throws SaturnError `bad-plan-request` unless it is a whole number of at least 0.
 */
export function assertCount(value: number, what: string, of?: () => string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw badRequest(`${prefix(of)}${what} must be a whole number of at least 0, not ${value}.`);
  }
}

/** @throws SaturnError `bad-plan-request` if a name occurs twice. */
export function assertUnique(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw badRequest(`There are two entries "${name}" for one ${what}.`);
    }
    seen.add(name);
  }
}

function prefix(of?: () => string): string {
  return of === undefined ? '' : `${of()} `;
}
