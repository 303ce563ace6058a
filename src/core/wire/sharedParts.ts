/**
 * A value in which every part that is as it was before is the very same object: who knows what was made of a part need not
 * make it again.
 */
export function sharedParts<T>(before: T, after: T): T {
  if (before === after || !isObject(before) || !isObject(after)) {
    return after;
  }
  if (Array.isArray(before) || Array.isArray(after)) {
    return Array.isArray(before) && Array.isArray(after) ? (sharedEntries(before, after) as T) : after;
  }
  const known = before as Record<string, unknown>;
  const entries = Object.entries(after).map(([key, value]) => [key, sharedParts(known[key], value)] as const);
  const isSame =
    entries.length === Object.keys(known).length && entries.every(([key, value]) => value === known[key]);
  return isSame ? before : (Object.fromEntries(entries) as T);
}

function sharedEntries(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const shared = after.map((entry, place) => sharedParts(before[place], entry));
  const isSame = shared.length === before.length && shared.every((entry, place) => entry === before[place]);
  return isSame ? before : shared;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
