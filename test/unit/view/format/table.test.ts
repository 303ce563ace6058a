// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { markup } from '../../../../src/core/view/format/escape.js';
import { type ITable, MOST_ROWS, tableHtml, tableText } from '../../../../src/core/view/format/table.js';

const TABLE: ITable = {
  caption: 'Fruit',
  columns: [{ label: 'Name' }, { label: 'Price', align: 'right' }],
  rows: [
    ['apple', '5'],
    [
      { text: 'pear & <b>', tone: 'bad', title: '"quoted"' },
      { text: '12', html: markup`<b>12</b>` }
    ]
  ]
};

describe('tableText', () => {
  it('aligns words left and numbers right', () => {
    expect(tableText(TABLE)).toBe(
      ['Fruit', 'Name        Price', '──────────  ─────', 'apple           5', 'pear & <b>     12'].join('\n')
    );
  });

  it('keeps a row on its line whatever is in it', () => {
    const text = tableText({ columns: [{ label: 'a' }], rows: [['x\ny\u001b[31m']] });
    expect(text.split('\n')).toHaveLength(3);
    expect(text).not.toContain('\u001b');
  });

  it('counts what it leaves out', () => {
    const rows = Array.from({ length: MOST_ROWS + 1234 }, (_, i) => [`${i}`]);
    expect(tableText({ columns: [{ label: 'a' }], rows }).split('\n')).toHaveLength(MOST_ROWS + 3);
    expect(tableText({ columns: [{ label: 'a' }], rows })).toMatch(/… and 1,234 more$/);
    expect(tableHtml({ columns: [{ label: 'a' }], rows }).source).toContain('… and 1,234 more');
  });
});

describe('tableHtml', () => {
  it('is a table with header cells for rows and columns, escaped', () => {
    const document = new DOMParser().parseFromString(tableHtml(TABLE).source, 'text/html');
    expect(document.querySelector('caption')?.textContent).toBe('Fruit');
    expect([...document.querySelectorAll('th[scope=col]')].map(th => th.textContent)).toEqual([
      'Name',
      'Price'
    ]);
    const rows = [...document.querySelectorAll('th[scope=row]')];
    expect(rows.map(th => th.textContent)).toEqual(['apple', 'pear & <b>']);
    expect(rows[1]?.getAttribute('title')).toBe('"quoted"');
    expect(document.querySelectorAll('td b')).toHaveLength(1);
  });
});
