import { printableLines } from '../../core/view/format/escape.js';

/** Data whose texts are all printable: nothing in them hides or reorders what is beside them. */
export function printed<T>(value: T): T;
export function printed(value: unknown): unknown {
  if (typeof value === 'string') {
    return printableLines(value);
  }
  if (Array.isArray(value)) {
    return value.map(one => printed(one));
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, one]) => [printed(key), printed(one)]));
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, printed(one)]))
    : value;
}
