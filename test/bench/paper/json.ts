/** JSON for people: whatever fits on a line is on one. */
export function readable(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value, undefined, 1)?.replace(/\n\s*/g, ' ') ?? 'null';
  if (flat.length + indent.length <= 140 || value === null || typeof value !== 'object') {
    return flat;
  }
  const inner = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map(item => readable(item, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${JSON.stringify(key)}: ${readable(item, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${items.map(item => inner + item).join(',\n')}\n${indent}${close}`;
}
