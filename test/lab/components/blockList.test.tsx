import { nullTranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, describe, expect, it } from 'vitest';
import type { Blocks } from '../../../src/core/view/display/block.js';
import { checkView } from '../../../src/core/view/tasks/checkView.js';
import { BlockList } from '../../../src/lab/components/blockList.js';
import { ViewContextProvider } from '../../../src/lab/context/viewContext.js';
import { variedSession } from '../../unit/view/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

// React asks for it before it lets `act` batch updates.
Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

const trans = nullTranslator.load('jupyterlab_saturn');

describe('BlockList', () => {
  let widget: Widget;
  let host: HTMLElement;
  const show = (blocks: Blocks) => {
    widget = ReactWidget.create(
      <ViewContextProvider value={{ session: new FakeStore(), commands: new CommandRegistry(), trans }}>
        <BlockList blocks={blocks} />
      </ViewContextProvider>
    );
    host = widget.node;
    act(() => {
      Widget.attach(widget, document.body);
      MessageLoop.flush();
    });
  };
  const texts = (selector: string) => [...host.querySelectorAll(selector)].map(node => node.textContent);

  afterEach(() => act(() => widget.dispose()));

  it('draws sentences as they are meant, with code, and leaves out what does not apply', () => {
    show([{ kind: 'sentence', text: 'Run `%saturn plan` now.', look: 'warning' }, false]);
    expect(host.innerHTML).toBe(
      '<p class="jp-SaturnSentence jp-mod-warning">Run <code>%saturn plan</code> now.</p>'
    );
  });

  it('puts what a narrow table has no column for below a name or in its tooltip', () => {
    const table = {
      label: 'Fruit',
      columns: [
        { label: 'Name' },
        { label: 'Kind', narrow: 'below' as const },
        { label: 'Price', align: 'right' as const },
        { label: 'From', narrow: 'tooltip' as const }
      ],
      rows: [
        { heading: 'Summer', note: 'June to August' },
        ['cherry', 'stone fruit', { text: '5', note: '± 1', spoken: '(cheapest)' }, 'here'],
        ['sloe', '–', '7', '–'],
        [{ text: '2 more', folded: ['plum', 'fig'] }]
      ]
    };
    show([{ kind: 'table', table }]);
    expect(texts('caption')).toEqual(['Fruit']);
    expect(texts('thead th')).toEqual(['Name', 'Price']);
    expect(texts('tbody tr')).toEqual([
      'Summer',
      'cherrystone fruit5 (cheapest)± 1',
      'sloe7',
      '2 moreplumfig'
    ]);
    const [group, cherry, sloe, more] = host.querySelectorAll<HTMLTableCellElement>('tbody th');
    expect([group?.title, cherry?.title, sloe?.title]).toEqual(['June to August', 'From: here', '']);
    expect([more?.colSpan, more?.title]).toEqual([2, '']);
    expect(host.querySelector('td')?.className).toBe('jp-mod-number');
  });

  it('draws curves as the static displays do', () => {
    const chart = {
      title: 'Loss',
      description: 'It falls.',
      lines: [{ label: 'a', steps: [1, 2], values: [2, 1] }],
      marks: [],
      isLog: false
    };
    show([{ kind: 'curves', chart, size: { width: 400, height: 200 } }]);
    expect(texts('svg[role="img"] > title')).toEqual(['Loss']);
    expect(texts('svg > desc')).toEqual(['It falls.']);
  });

  it('draws lists, and folds away what is too much', () => {
    const items = ['a', 'b', 'c'].map(text => ({ mark: '✕', about: 'it', text, more: 'so' }));
    show([{ kind: 'list', list: { text: 'Not met:', tone: 'warning', items, most: 1 } }]);
    expect(texts('.jp-SaturnList.jp-mod-warning > ul > li')).toEqual(['✕ it: aso']);
    expect(texts('details > summary')).toEqual(['and 2 more']);
    expect(texts('details li')).toHaveLength(2);
  });

  it('tells equal failures once, of all they befell', () => {
    const error = { code: 'x', message: 'It broke.', hint: 'Run `it` again.' };
    show([
      {
        kind: 'failures',
        failures: [
          { where: ['a'], error },
          { where: ['b'], error }
        ]
      }
    ]);
    expect(texts('.jp-SaturnFailure')).toEqual(['a and b: It broke.Run it again.']);
  });

  it('folds remarks and whatever is to be folded', () => {
    show([
      { kind: 'remarks', title: 'Why not', remarks: new Map([['too large', ['a', 'b']]]) },
      { kind: 'fold', title: 'More', blocks: [{ kind: 'heading', text: 'Inside' }] }
    ]);
    expect(texts('.jp-SaturnFold > summary')).toEqual(['Why not (1)', 'More']);
    expect(texts('.jp-SaturnFold li, .jp-SaturnFold h4')).toEqual(['too large (a and b)', 'Inside']);
  });

  it('draws a static display', () => {
    show(checkView(variedSession(), trans));
    expect(host.textContent).toContain('2 tasks can be trained.');
    expect(texts('.jp-SaturnList li')).toContain(
      '✕ not with hsdp on 2 devices: it needs at least 4 devices.'
    );
  });
});
