// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { type ITable, MOST_ROWS, tableHtml, tableText } from '../../../../src/core/view/format/table.js';

const TABLE: ITable = {
  caption: 'Fruit',
  columns: [{ label: 'Name' }, { label: 'Price', align: 'right' }],
  rows: [
    ['apple', '5'],
    [
      { text: 'pear & <b>', tone: 'bad', title: '"quoted"' },
      { text: '12', title: 'a dozen' }
    ]
  ]
};

describe('tableText', () => {
  it('aligns words left and numbers right', () => {
    expect(tableText(TABLE, ENGLISH)).toBe(
      ['Fruit', 'Name        Price', '──────────  ─────', 'apple           5', 'pear & <b>     12'].join('\n')
    );
  });

  it('keeps a row on its line whatever is in it', () => {
    const text = tableText({ columns: [{ label: 'a' }], rows: [['x\ny\u001b[31m']] }, ENGLISH);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).not.toContain('\u001b');
  });

  it('counts what it leaves out', () => {
    const rows = Array.from({ length: MOST_ROWS + 1234 }, (_, i) => [`${i}`]);
    expect(tableText({ columns: [{ label: 'a' }], rows }, ENGLISH).split('\n')).toHaveLength(MOST_ROWS + 3);
    expect(tableText({ columns: [{ label: 'a' }], rows }, ENGLISH)).toMatch(/… and 1,234 more$/);
    expect(tableHtml({ columns: [{ label: 'a' }], rows }, ENGLISH).source).toContain('… and 1,234 more');
  });
});

describe('tableHtml', () => {
  it('is a table with header cells for rows and columns, escaped', () => {
    const document = new DOMParser().parseFromString(tableHtml(TABLE, ENGLISH).source, 'text/html');
    expect(document.querySelector('caption')?.textContent).toBe('Fruit');
    expect([...document.querySelectorAll('th[scope=col]')].map(th => th.textContent)).toEqual([
      'Name',
      'Price'
    ]);
    const rows = [...document.querySelectorAll('th[scope=row]')];
    expect(rows.map(th => th.textContent)).toEqual(['apple', 'pear & <b>']);
    expect(rows[1]?.getAttribute('title')).toBe('"quoted"');
    expect(document.querySelector('td')?.textContent).toBe('5');
  });

  it('draws how much is done, folds what a text sums up, and says what a sign means', () => {
    const table: ITable = {
      columns: [{ label: 'Name' }, { label: 'Sold' }],
      rows: [
        ['apple', { text: '3/12', progress: { done: 3, of: 12, label: 'Apples sold' } }],
        ['pear', { text: '↺ 5', note: '± 1', tone: 'best', spoken: '(most)' }],
        [{ text: '2 more', folded: ['plum: none', 'fig: <none>'] }]
      ]
    };
    expect(tableText(table, ENGLISH).split('\n').slice(2)).toEqual([
      'apple   ██░░░░░░░░ 3/12',
      'pear    ↺ 5 ± 1',
      '2 more'
    ]);
    const document = new DOMParser().parseFromString(tableHtml(table, ENGLISH).source, 'text/html');
    const bar = document.querySelector('progress');
    expect([bar?.value, bar?.max, bar?.getAttribute('aria-label')]).toEqual([3, 12, 'Apples sold']);
    expect(document.querySelector('.jp-saturn-best')?.textContent).toBe('↺ 5 ± 1 (most)');
    expect([...document.querySelectorAll('details li')].map(item => item.textContent)).toEqual([
      'plum: none',
      'fig: <none>'
    ]);
  });
});
