/** Widths in em of a wide sans-serif (DejaVu Sans), so that narrower fonts fit as well. */
const NARROW = /[ijlI.,:;|!'`]/;
const SLIM = /[frt()[\]{}/\\ -]/;
const WIDE = /[mwMW@%]/;

/** Of characters that were measured: the same few come again and again. */
const KNOWN = new Map<string, number>();

function em(char: string): number {
  let width = KNOWN.get(char);
  if (width === undefined) {
    width = measured(char);
    if (char.charCodeAt(0) < 128) {
      KNOWN.set(char, width);
    }
  }
  return width;
}

function measured(char: string): number {
  if (NARROW.test(char)) {
    return 0.34;
  }
  if (SLIM.test(char)) {
    return 0.41;
  }
  if (WIDE.test(char)) {
    return 0.97;
  }
  return char.charCodeAt(0) < 128 ? 0.64 : 1;
}

/** About how wide a text is, in pixels; a little more rather than less. */
export function textWidth(text: string, fontSize: number): number {
  let width = 0;
  for (const char of text) {
    width += em(char);
  }
  return width * fontSize;
}

/**
 * The text, or its beginning with an ellipsis, within a width; empty when fewer than three of its
 * characters would be left.
 */
export function fitText(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) {
    return text;
  }
  const chars = [...text];
  let room = width - textWidth('…', fontSize);
  let kept = 0;
  while (kept < chars.length) {
    room -= em(chars[kept] as string) * fontSize;
    if (room < 0) {
      break;
    }
    kept += 1;
  }
  return kept < 3 ? '' : `${chars.slice(0, kept).join('').trimEnd()}…`;
}
