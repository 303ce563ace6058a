import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, expect, it, vi } from 'vitest';
import { DashboardPart } from '../../../src/lab/components/dashboardPart.js';
import { TaskSelection } from '../../../src/lab/context/taskSelection.js';
import { useVisible } from '../../../src/lab/context/visibilityContext.js';
import { EPOCH, finishedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

// React asks for it before it lets `act` batch updates.
Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

afterEach(() => vi.restoreAllMocks());

it('draws nothing while the page is hidden, and what has come once it is seen again', () => {
  const session = new FakeStore();
  const drawn: [tasks: number | undefined, isVisible: boolean][] = [];
  const part = new DashboardPart({
    context: {
      session,
      selection: new TaskSelection(),
      commands: new CommandRegistry(),
      trans: nullTranslator.load(''),
      clock: () => EPOCH
    },
    className: 'jp-Part',
    label: 'part',
    component: ({ view: { state } }) => {
      drawn.push([state?.tasks.length, useVisible()]);
      return null;
    }
  });
  const page = vi.spyOn(document, 'visibilityState', 'get');
  const see = (visibility: DocumentVisibilityState) => {
    page.mockReturnValue(visibility);
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
  };
  see('visible');
  act(() => {
    Widget.attach(part, document.body);
    MessageLoop.flush();
  });
  const set = (state: ReturnType<typeof runningState>) => act(() => session.set({ state }));
  set(runningState());
  const tasks = runningState().tasks.length;
  expect(drawn.at(-1)).toEqual([tasks, true]);
  see('hidden');
  expect(drawn.at(-1)).toEqual([tasks, false]);
  const before = drawn.length;
  set({ ...finishedState(), tasks: [] });
  expect(drawn).toHaveLength(before);
  see('visible');
  expect(drawn.at(-1)).toEqual([0, true]);
  act(() => part.dispose());
});
