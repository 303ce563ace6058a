/** What a Markdown file links to, and what can be linked to in it. */
export interface IPage {
  links: { target: string; line: number }[];
  anchors: Set<string>;
}

/** Code is no link; its lines stay, for the others to keep their numbers. */
function withoutCode(text: string): string {
  const blank = (code: string) => code.replace(/[^\n]/g, ' ');
  return text
    .replace(/^( *)(`{3,}|~{3,}).*?^ *\2[`~]*$/gms, blank)
    .replace(/<!--.*?-->/gs, blank)
    .replace(/(`+)(?!`).+?(?<!`)\1(?!`)/gs, blank);
}

/** The anchor that GitHub, and MyST like it, gives to a heading. */
export function anchorOf(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** Reads a page: inline links, images, reference definitions, `href` and `src`; headings and ids. */
export function readPage(text: string): IPage {
  const prose = withoutCode(text);
  const links = [
    ...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...prose.matchAll(/^ {0,3}\[[^\]]+\]:\s+(\S+)/gm),
    ...prose.matchAll(/\b(?:href|src)="([^"]+)"/g)
  ].map(match => ({ target: match[1]!, line: prose.slice(0, match.index).split('\n').length }));
  const anchors = new Set([...prose.matchAll(/\bid="([^"]+)"/g)].map(match => match[1]!));
  const seen = new Map<string, number>();
  // Headings are read with their code, which is part of their anchors; only fences hide any.
  const lines = text.split('\n');
  prose.split('\n').forEach((line, index) => {
    if (/^#{1,6} /.test(line)) {
      const anchor = anchorOf(lines[index]!.replace(/^#+ /, ''));
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      anchors.add(times === 0 ? anchor : `${anchor}-${times}`);
    }
  });
  return { links, anchors };
}
