import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { addTaskCommands } from '../../../src/lab/commands/taskCommands.js';
import { TaskSelection } from '../../../src/lab/context/taskSelection.js';
import { taskTablePart } from '../../../src/lab/taskTable/taskTablePart.js';
import { EPOCH } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

// React asks for it before it lets `act` batch updates.
Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

/** So tall is everything that jsdom, which lays nothing out, is asked about. */
const HEIGHT = 520;
for (const [name, value] of [
  ['offsetHeight', HEIGHT],
  ['clientHeight', HEIGHT],
  ['offsetWidth', 900]
] as const) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => value });
}
Element.prototype.scrollTo ??= () => undefined;
// As a browser does, but for the drawing.
Element.prototype.scrollTo = function (this: Element, options?: ScrollToOptions | number) {
  if (typeof options === 'object' && options.top !== undefined) {
    this.scrollTop = options.top;
    this.dispatchEvent(new Event('scroll'));
  }
};

/** The table of tasks in the document, with all it needs. */
export function openTable(state: SessionState, now = EPOCH + 20) {
  const store = new FakeStore();
  store.set({ state });
  const commands = new CommandRegistry();
  const selection = new TaskSelection();
  const trans = nullTranslator.load('jupyterlab_saturn');
  const added = addTaskCommands({
    commands,
    target: () => ({
      session: store,
      selection
    }),
    clock: () => now,
    trans
  });
  const part = taskTablePart({ session: store, commands, selection, trans, clock: () => now });
  act(() => {
    Widget.attach(part, document.body);
    MessageLoop.flush();
  });
  const all = (selector: string) => [...part.node.querySelectorAll<HTMLElement>(selector)];
  const grid = () => part.node.querySelector<HTMLElement>('.jp-SaturnGrid') as HTMLElement;
  return {
    part,
    store,
    commands,
    selection,
    all,
    grid,
    find: (selector: string) => part.node.querySelector<HTMLElement>(selector),
    rows: () => all('[data-task]').map(row => row.dataset.task as string),
    row: (task: string) => part.node.querySelector<HTMLElement>(`[data-task="${task}"]`) as HTMLElement,
    cell: (task: string, column: number) =>
      part.node.querySelector<HTMLElement>(`[data-task="${task}"] [data-column="${column}"]`) as HTMLElement,
    header: (label: string) =>
      all('[role="columnheader"]').find(
        one => one.querySelector('.jp-SaturnGrid-text')?.textContent === label
      ) as HTMLElement,
    key: (key: string, options: KeyboardEventInit = {}) =>
      act(() => {
        const target = grid().contains(document.activeElement) ? document.activeElement : null;
        (target ?? grid()).dispatchEvent(
          new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options })
        );
      }),
    click: (node: Element, options: MouseEventInit = {}, type = 'click') =>
      act(() => {
        node.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, ...options }));
      }),
    write: (node: Element | null, value: string) =>
      act(() => {
        const kind = node instanceof HTMLSelectElement ? HTMLSelectElement : HTMLInputElement;
        Object.getOwnPropertyDescriptor(kind.prototype, 'value')?.set?.call(node, value);
        node?.dispatchEvent(
          new Event(node instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true })
        );
      }),
    show: (next: SessionState) => act(() => store.set({ state: next })),
    close: () =>
      act(() => {
        part.dispose();
        selection.dispose();
        added.dispose();
      })
  };
}
