// @vitest-environment jsdom
import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { markup } from '../../../../src/core/view/format/escape.js';
import { type IList, listPart } from '../../../../src/core/view/format/list.js';

const LIST: IList = {
  about: 'a & b',
  each: ['a', 'b'],
  text: 'run `it` again',
  items: [
    { mark: '✕', about: 'c', text: '<d>', more: 'then e' },
    { text: 'f\u0007', tone: 'warning' },
    { text: 'g' }
  ],
  most: 2
};

it('tells all as text', () => {
  expect(listPart(LIST, ENGLISH).text).toBe(
    ['', 'a & b: run it again', '  ✕ c: <d>', '    then e', '  f ', '  g'].join('\n')
  );
});

it('folds away the rest as HTML, escaped', () => {
  const html = markup`${listPart(LIST, ENGLISH).html}`.source;
  const document = new DOMParser().parseFromString(html, 'text/html');
  expect(document.querySelector('p')?.title).toBe('a\nb');
  expect(document.querySelector('p code')?.textContent).toBe('it');
  const shown = [...document.querySelectorAll('body > ul > li')];
  expect(shown.map(item => item.textContent)).toEqual(['✕ c: <d>then e', 'f ']);
  expect(shown[1]?.className).toBe('jp-saturn-warning');
  expect(document.querySelector('details > summary')?.textContent).toBe('and 1 more');
  expect(document.querySelector('details li')?.textContent).toBe('g');
});
