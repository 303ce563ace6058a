import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { useKeptFocus } from '../../../src/lab/panel/keptFocus.js';

Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

const changed = new Signal<object, void>({});
let shown: { items: readonly string[]; pending?: string };
let widget: Widget;

function List({ items, pending }: { items: readonly string[]; pending?: string }) {
  const kept = useKeptFocus<HTMLUListElement>();
  return (
    <ul {...kept}>
      {items.map(item => (
        <li key={item}>
          <button type="button" disabled={item === pending}>
            {item}
          </button>
        </li>
      ))}
    </ul>
  );
}

const show = (items: readonly string[], pending?: string) =>
  act(() => {
    shown = { items, pending };
    changed.emit();
  });
const button = (name: string) =>
  [...widget.node.querySelectorAll('button')].find(({ textContent }) => textContent === name)!;
const focused = () => document.activeElement?.textContent;

/** Press a button by key: while that is answered it is disabled, and a browser takes the focus from it. */
const press = (items: readonly string[], name: string) => {
  act(() => button(name).focus());
  show(items, name);
  act(() => button(name).blur());
};

beforeEach(() => {
  shown = { items: ['a', 'b', 'c'] };
  widget = ReactWidget.create(<UseSignal signal={changed}>{() => <List {...shown} />}</UseSignal>);
  act(() => {
    Widget.attach(widget, document.body);
    MessageLoop.flush();
  });
});

afterEach(() => act(() => widget.dispose()));

it('goes to what takes the place of an item that is gone', () => {
  press(['a', 'b', 'c'], 'b');
  show(['a', 'c']);
  expect(focused()).toBe('c');
  press(['a', 'c'], 'c');
  show(['a']);
  expect(focused()).toBe('a');
});

it('comes back to a button that may be pressed again', () => {
  press(['a', 'b', 'c'], 'b');
  show(['a', 'b', 'c']);
  expect(focused()).toBe('b');
});

it('is left where somebody has gone meanwhile', () => {
  press(['a', 'b', 'c'], 'b');
  const elsewhere = document.body.appendChild(document.createElement('input'));
  elsewhere.focus();
  show(['a', 'c']);
  expect(document.activeElement).toBe(elsewhere);
  elsewhere.remove();
});

it('is not called back to a list that was left', () => {
  act(() => button('b').focus());
  act(() => button('b').blur());
  show(['a', 'c']);
  expect(document.activeElement).toBe(document.body);
});

it('does not come back later to a button that was left while it could not be pressed', () => {
  press(['a', 'b', 'c'], 'b');
  const elsewhere = document.body.appendChild(document.createElement('input'));
  elsewhere.focus();
  show(['a', 'b', 'c']);
  elsewhere.remove();
  show(['a', 'b', 'c']);
  expect(document.activeElement).toBe(document.body);
});
