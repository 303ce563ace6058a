import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import type { ClientMessages, Curve, SessionState } from '../../../src/core/wire/messages.js';
import { TaskSelection } from '../../../src/lab/context/taskSelection.js';
import { taskDetailPart } from '../../../src/lab/detail/taskDetailPart.js';
import type { Incoming } from '../../../src/lab/session/messageChannel.js';
import { EPOCH } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

// React asks for it before it lets `act` batch updates.
Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

/** A curve whose every step is logged, with a value of one hundredth of what is left of 100 steps. */
export function curveOf(task: string, last: number, from = 1, to = last): Curve {
  const steps = Array.from({ length: Math.max(0, Math.min(last, to) - from + 1) }, (_, i) => from + i);
  return {
    task,
    metrics: ['loss', 'lr', 'eval/accuracy'],
    steps,
    values: steps.map(step => 1 - step / 100),
    times: steps.map(step => EPOCH + step),
    segments: [
      {
        step: 0,
        attempt: 1,
        strategy: { technique: 'single', devices: 1 },
        node: 'local',
        devices: ['cpu0'],
        time: EPOCH
      }
    ],
    last,
    edition: 'one'
  };
}

/** An answer of the engine. */
export function reply<T extends Incoming['type']>(type: T, body: Extract<Incoming, { type: T }>['body']) {
  return { v: 1, id: 'x', type, body } as Incoming;
}

/** The part of a dashboard that shows details, in the document. */
export function openDetail(state: SessionState | null = null) {
  localStorage.clear();
  const store = new FakeStore();
  store.view = { ...store.view, state };
  const selection = new TaskSelection();
  const commands = new CommandRegistry();
  const trans = nullTranslator.load('jupyterlab_saturn');
  const part = taskDetailPart({ session: store, selection, commands, trans, clock: () => EPOCH + 20 });
  act(() => {
    Widget.attach(part, document.body);
    MessageLoop.flush();
  });
  const find = (selector: string) => part.node.querySelector<HTMLElement>(selector);
  return {
    part,
    store,
    selection,
    commands,
    find,
    all: (selector: string) => [...part.node.querySelectorAll<HTMLElement>(selector)],
    /** Let answers come in, and what they change be drawn. */
    settle: () => act(async () => void (await Promise.resolve())),
    /** Change the session and let everything draw. */
    show: (next: SessionState) => {
      act(() => store.set({ state: next }));
      MessageLoop.flush();
    },
    select: (...names: string[]) => act(() => selection.select(names)),
    openTab: (name: string) => act(() => find(`[data-tab="${name}"]`)?.click()),
    press: (element: Element | null, key: string, part: KeyboardEventInit = {}) =>
      act(() => void element?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...part }))),
    openFold: (title: string) => {
      const fold = [...part.node.querySelectorAll('details')].find(
        ({ firstElementChild }) => firstElementChild?.textContent === title
      );
      if (!fold) {
        throw new Error(`Nothing is folded under ${title}.`);
      }
      act(() => {
        fold.open = true;
        fold.dispatchEvent(new Event('toggle'));
      });
      return fold;
    },
    button: (label: string) => {
      const found = [...part.node.querySelectorAll('button')].find(
        ({ textContent }) => textContent === label
      );
      if (!found) {
        throw new Error(`No button says ${label}.`);
      }
      return found;
    },
    /** Bodies of what was asked of one kind. */
    asked: <T extends keyof ClientMessages>(type: T) =>
      store.sent.filter(([sent]) => sent === type).map(([, body]) => body as ClientMessages[T]),
    close: () => act(() => part.dispose())
  };
}
