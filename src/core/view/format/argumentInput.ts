import type { Argument } from '../../wire/messages.js';
import { argument } from './format.js';

const NUMBER = /^[-+]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
const QUOTED = /^(?:'([^']*)'|"([^"]*)")$/;

/**
 * A parameter's value as somebody writes it, much as in `--sweep`: numbers, True, False, None, lists, and texts, which are
 * quoted where they look like something else. Undefined for what is none of these.
 *
 * @param like - what it was: written the same it stays that; a text stays a text.
 */
export function parseArgument(text: string, like?: Argument): Argument | undefined {
  const written = text.trim();
  if (like !== undefined && written === argument(like)) {
    return like;
  }
  const quoted = QUOTED.exec(written);
  if (quoted) {
    return quoted[1] ?? quoted[2];
  }
  if (typeof like === 'string') {
    return written === '' ? undefined : written;
  }
  return plainArgument(written, typeof like !== 'number' && typeof like !== 'boolean');
}

function plainArgument(text: string, takesText: boolean): Argument | undefined {
  if (text === 'None') {
    return null;
  }
  if (/^(?:true|false)$/i.test(text)) {
    return text.toLowerCase() === 'true';
  }
  if (NUMBER.test(text)) {
    const number = Number(text.replaceAll('_', ''));
    return Number.isFinite(number) ? number : undefined;
  }
  if (text.startsWith('[')) {
    return text.endsWith(']') ? list(text.slice(1, -1)) : undefined;
  }
  return takesText && text !== '' && !/^['"]|[[\]]/.test(text) ? text : undefined;
}

function list(text: string): Argument[] | undefined {
  if (text.trim() === '') {
    return [];
  }
  const values: Argument[] = [];
  for (const part of split(text)) {
    const value = parseArgument(part);
    if (value === undefined) {
      return undefined;
    }
    values.push(value);
  }
  return values;
}

/** At commas that are in no brackets and no quotes. */
function split(text: string): string[] {
  const parts = [''];
  let depth = 0;
  let quote = '';
  for (const char of text) {
    if (quote !== '') {
      quote = char === quote ? '' : quote;
    } else if (char === "'" || char === '"') {
      quote = char;
    } else if (char === '[' || char === ']') {
      depth += char === '[' ? 1 : -1;
    }
    if (char === ',' && depth === 0 && quote === '') {
      parts.push('');
    } else {
      parts[parts.length - 1] += char;
    }
  }
  return parts;
}
