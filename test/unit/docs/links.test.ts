import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorOf, readPage } from './markdown.js';

/** What is made, installed or kept by tools. */
const SKIPPED = new Set(['node_modules', 'out', 'dist', 'lib', 'engine', 'labextension']);

function pagesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const hidden = entry.name.startsWith('.') && entry.name !== '.github';
      return hidden || SKIPPED.has(entry.name) ? [] : pagesOf(path);
    }
    return entry.isFile() && entry.name.endsWith('.md') ? [path] : [];
  });
}

const pages = pagesOf('.');

/** Why a link of a page leads nowhere; undefined when it leads somewhere, or out of the repository. */
function deadness(page: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) {
    return undefined;
  }
  const [path, anchor] = target.split('#', 2) as [string, string | undefined];
  const file = path === '' ? page : join(dirname(page), decodeURIComponent(path));
  if (relative('.', resolve(file)).startsWith('..') || !existsSync(file)) {
    return 'leads to no file';
  }
  const checked = anchor !== undefined && file.endsWith('.md');
  return checked && !readPage(readFileSync(file, 'utf8')).anchors.has(anchor)
    ? 'leads to no heading'
    : undefined;
}

describe('every link within the repository leads somewhere', () => {
  it.each(pages)('%s', page => {
    const dead = readPage(readFileSync(page, 'utf8')).links.flatMap(({ target, line }) => {
      const why = deadness(page, target);
      return why ? [`${page}:${line}: ${target} ${why}`] : [];
    });
    expect(dead).toEqual([]);
  });

  it('in all pages there are', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/planner.md', 'examples/README.md']));
  });
});

describe('a Markdown page is read', () => {
  it('with its links but not those in code', () => {
    const text = [
      '# A `b` & [c](d.md): e?',
      '![i](i.png "I") `[no](no)` [two',
      'lines](t.md#x)',
      '```md',
      '[no](no)',
      '# no',
      '```',
      '[r]: r.md',
      '<a href="h.md">h</a>',
      '# A `b` & [c](d.md): e?'
    ].join('\n');
    const { links, anchors } = readPage(text);
    expect(links.map(({ target, line }) => `${line} ${target}`).sort()).toEqual(
      ['1 d.md', '10 d.md', '2 i.png', '3 t.md#x', '8 r.md', '9 h.md'].sort()
    );
    expect([...anchors]).toEqual(['a-b--c-e', 'a-b--c-e-1']);
  });

  it('with the anchors that GitHub makes', () => {
    expect(anchorOf('Does it keep its promises?')).toBe('does-it-keep-its-promises');
    expect(anchorOf('Über 5 %: `a_b`')).toBe('über-5--a_b');
  });

  it('and a dead link is found', () => {
    expect(deadness('README.md', 'docs/none.md')).toBe('leads to no file');
    expect(deadness('README.md', '#none')).toBe('leads to no heading');
    expect(deadness('README.md', '../elsewhere')).toBe('leads to no file');
    expect(deadness('docs/planner.md', '../README.md#in-a-notebook')).toBeUndefined();
  });
});
