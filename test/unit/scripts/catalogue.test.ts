import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const catalogue = await import(resolve('scripts/catalogue.mjs'));

interface IText {
  readonly text: string;
  readonly many: string | undefined;
}

const texts = catalogue.extract() as ReadonlyMap<string, IText>;
const languages = catalogue.languages() as ReadonlyMap<string, Record<string, string[]>>;

/** The gaps of a text that are filled, each once. */
const gapsOf = (text: string) => [...new Set(text.match(/%(?:%|\d+)/g))].sort();

it('has every text in the template; `node scripts/catalogue.mjs` writes it', () => {
  expect(catalogue.readTemplate()).toBe(catalogue.potOf(texts));
});

it('finds texts in both quotes, with plurals and of the settings', () => {
  expect(texts.get('No plan yet.')?.many).toBeUndefined();
  expect(texts.get('%2 task')?.many).toBe('%2 tasks');
  expect(texts.has('settings\u0004Notifications')).toBe(true);
  expect(texts.has('menu\u0004Export Saturn Session')).toBe(true);
});

it('names magics of cells by both their percent signs, which are doubled in a text', () => {
  const cells = [...texts.values()].filter(({ text }) => /saturn (?:task|technique NAME)\b/.test(text));
  expect(cells.length).toBeGreaterThan(1);
  expect(cells.filter(({ text }) => !/%%%%saturn (?:task|technique NAME)\b/.test(text))).toEqual([]);
});

describe.each([...languages])('%s', (_, { '': head, ...known }) => {
  it('is of this domain, by the rules of JupyterLab', () => {
    expect(head).toMatchObject({ domain: catalogue.DOMAIN });
    expect(Object.keys(head!).sort()).toEqual(['domain', 'language', 'plural_forms']);
  });

  it('has every text and no other', () => {
    expect([...texts.keys()].filter(key => !(key in known))).toEqual([]);
    expect(Object.keys(known).filter(key => !texts.has(key))).toEqual([]);
  });

  it('fills the same gaps, and has as many forms', () => {
    for (const [key, { text, many }] of texts) {
      const forms = known[key] ?? [];
      expect({ key, forms: forms.length }).toEqual({ key, forms: many === undefined ? 1 : 2 });
      const wanted = many === undefined ? [text] : [text, many];
      expect({ key, gaps: forms.map(gapsOf) }).toEqual({ key, gaps: wanted.map(gapsOf) });
      expect(
        forms.every(form => form !== ''),
        key
      ).toBe(true);
    }
  });
});
