/** Whether two JSON values are equal; a member that is undefined is none. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) {
    return true;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((entry, index) => isEqual(entry, b[index]));
  }
  if (!isObject(a) || !isObject(b)) {
    return false;
  }
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every(key => isEqual(a[key], b[key]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
