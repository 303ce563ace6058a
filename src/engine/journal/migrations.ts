/**
 * What makes an event of one format an event of the next, beginning with format 1. There, records had no digest, and no
 * part of an event was a reference; events have been the same since.
 */
export const MIGRATIONS: readonly ((event: unknown) => unknown)[] = [event => event];

/** Format of the records that are written; older ones are migrated as they are read. */
export const FORMAT = 2;
