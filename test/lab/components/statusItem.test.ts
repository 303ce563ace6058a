import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { describe, expect, it } from 'vitest';
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import { SaturnStatusItem } from '../../../src/lab/components/statusItem.js';
import { EPOCH, plannedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

// React asks for it before it lets `act` batch updates.
Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

describe('SaturnStatusItem', () => {
  it('tells the progress of a session, opens the panel, and is away without one', async () => {
    const store = new FakeStore();
    const commands = new CommandRegistry();
    const opened: string[] = [];
    commands.addCommand(CommandIDs.open, { execute: () => void opened.push('open') });
    const item = new SaturnStatusItem({
      store,
      commands,
      trans: nullTranslator.load(''),
      clock: () => EPOCH + 20
    });
    const activity: boolean[] = [];
    item.activeChanged.connect(() => void activity.push(item.isActive));
    act(() => {
      Widget.attach(item, document.body);
      MessageLoop.flush();
    });
    const show = (state: ReturnType<typeof plannedState> | null) => act(() => store.set({ state }));

    expect(item.isActive).toBe(false);
    show(plannedState());
    expect(item.node.textContent).toBe('Saturn: 12 tasks planned');
    show(runningState());
    expect(item.node.textContent).toContain('1/13 trained');
    expect(item.node.querySelector('.jp-SaturnStatusItem-track')).not.toBeNull();
    item.node.querySelector('button')?.click();
    expect(opened).toEqual(['open']);
    show(null);
    expect(item.node.textContent).toBe('');
    expect(activity).toEqual([true, false]);

    act(() => item.dispose());
    show(plannedState());
    expect(activity).toEqual([true, false]);
  });
});
