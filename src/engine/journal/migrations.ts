const same = (event: unknown): unknown => event;

/** For a while, what a rank group told of had what was begun beside it. It is guessed, as with all others of that format. */
function withoutBegun(event: unknown): unknown {
  const { begun: _, ...told } = event as { readonly kind?: unknown; readonly begun?: unknown };
  return told.kind === 'group' ? told : event;
}

/**
 * What makes an event of one format an event of the next, beginning with format 1. There, records had no digest, and no
 * part of an event was a reference; those of format 2 do not tell what was begun, those of format 3 not what rules made of tasks.
 */
export const MIGRATIONS: readonly ((event: unknown) => unknown)[] = [same, withoutBegun, same];

/** Format of the records that are written; older ones are migrated as they are read. */
export const FORMAT = 4;

/** Since this format, records tell what was begun. */
export const BEGUN_FORMAT = 3;
