const same = (event: unknown): unknown => event;

/**
 * What makes an event of one format an event of the next, beginning with format 1. There, records had no digest, and no
 * part of an event was a reference; those of format 2 do not tell what was begun. Events have been the same since.
 */
export const MIGRATIONS: readonly ((event: unknown) => unknown)[] = [same, same];

/** Format of the records that are written; older ones are migrated as they are read. */
export const FORMAT = 3;

/** Since this format, records tell what was begun. */
export const BEGUN_FORMAT = 3;
