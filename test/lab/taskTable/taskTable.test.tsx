import { MessageLoop } from '@lumino/messaging';
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import { emptyState, finishedState, plannedState, runningState } from '../../fixtures/sessionStates.js';
import { openTable } from './tableHarness.js';

/** A session of a thousand tasks. */
function manyTasks(): SessionState {
  const state = plannedState();
  const [task] = state.tasks;
  const tasks = Array.from({ length: 1000 }, (_, i) => ({
    ...task!,
    spec: {
      ...task!.spec,
      name: `t${i}`,
      params: { lr: (i % 10) / 1000, width: i },
      seed: i % 4
    }
  }));
  return { ...state, tasks };
}

describe('the table of tasks', () => {
  let table: ReturnType<typeof openTable>;

  beforeEach(() => {
    localStorage.clear();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  afterEach(() => {
    table.close();
    vi.useRealTimers();
    document.body.replaceChildren();
  });

  describe('of a thousand tasks', () => {
    beforeEach(() => {
      table = openTable(manyTasks());
    });

    it('draws those in sight, and says how many there are', () => {
      expect(table.rows().slice(0, 3)).toEqual(['t0', 't1', 't2']);
      expect(table.rows().length).toBeLessThan(40);
      expect(table.grid().getAttribute('aria-rowcount')).toBe('1001');
      expect(table.row('t2').getAttribute('aria-rowindex')).toBe('4');
      expect(table.find('.jp-SaturnTaskTable-tools [role="status"]')?.textContent).toBe('1,000 tasks');
    });

    it('goes to its end and back by keys, always with the focus in what is drawn', () => {
      act(() => table.cell('t0', 0).focus());
      table.key('End', { ctrlKey: true });
      expect(document.activeElement?.closest<HTMLElement>('[data-task]')?.dataset.task).toBe('t999');
      expect(table.rows().length).toBeLessThan(60);
      table.key('Home', { ctrlKey: true });
      expect(document.activeElement).toBe(table.cell('t0', 0));
    });

    it('selects all that is shown, and reports how much of it is hidden later', () => {
      act(() => table.cell('t0', 0).focus());
      table.key('a', { ctrlKey: true });
      expect(table.selection.tasks).toHaveLength(1000);
      table.write(table.find('input[type="search"]'), 'lr=0.003');
      expect(table.find('.jp-SaturnTaskTable-bulk [role="status"]')?.textContent).toBe(
        '1,000 tasks selected, 900 of them not shown'
      );
    });
  });

  describe('by keyboard', () => {
    beforeEach(() => {
      table = openTable(plannedState());
      act(() => table.cell('digits-mlp-32-1e-3', 0).focus());
    });

    it('is one stop in the tab order', () => {
      expect(table.grid().querySelectorAll('[tabindex="0"]')).toHaveLength(1);
    });

    it('selects what it goes to, so that details follow', () => {
      table.key('ArrowDown');
      expect(table.selection.tasks).toEqual(['digits-mlp-32-3e-3']);
      expect(table.row('digits-mlp-32-3e-3').getAttribute('aria-selected')).toBe('true');
      table.key('ArrowRight');
      expect(document.activeElement).toBe(table.cell('digits-mlp-32-3e-3', 1));
      expect(table.selection.tasks).toEqual(['digits-mlp-32-3e-3']);
    });

    it('with Ctrl goes without selecting, Space selects one more', () => {
      table.key('Enter');
      table.key('ArrowDown', { ctrlKey: true });
      table.key('ArrowDown', { ctrlKey: true });
      table.key(' ');
      expect(table.selection.tasks).toEqual(['digits-mlp-32-1e-3', 'digits-mlp-64-1e-3']);
      table.key(' ');
      expect(table.selection.tasks).toEqual(['digits-mlp-32-1e-3']);
    });

    it('with Shift selects from where it began, and looks at the last', () => {
      table.key('ArrowDown');
      table.key('ArrowDown', { shiftKey: true });
      table.key('ArrowDown', { shiftKey: true });
      expect(table.selection.tasks).toEqual([
        'digits-mlp-32-3e-3',
        'digits-mlp-64-1e-3',
        'digits-mlp-64-3e-3'
      ]);
      table.key('ArrowUp', { shiftKey: true });
      table.key('ArrowUp', { shiftKey: true });
      table.key('ArrowUp', { shiftKey: true });
      expect(table.selection.tasks).toEqual(['digits-mlp-32-3e-3', 'digits-mlp-32-1e-3']);
      expect(table.selection.current).toBe('digits-mlp-32-1e-3');
    });

    it('Escape selects none', () => {
      table.key('a', { metaKey: true });
      expect(table.selection.tasks).toHaveLength(12);
      table.key('Escape');
      expect(table.selection.tasks).toEqual([]);
    });

    it('sorts from the header, to which the arrow leads up', () => {
      table.key('ArrowUp');
      for (let i = 0; i < 5; i++) {
        table.key('ArrowRight');
      }
      expect(document.activeElement?.textContent).toContain('model');
      table.key('Enter');
      expect(table.rows()[0]).toBe('digits-cnn-32-1e-3');
      expect(table.header('model').getAttribute('aria-sort')).toBe('ascending');
      table.key(' ');
      expect(table.rows()[0]).toBe('digits-vit-32-1e-3');
      expect(table.header('model').getAttribute('aria-sort')).toBe('descending');
    });

    it('opens the menu of what is selected', () => {
      table.key('ArrowDown');
      table.key('ArrowDown', { shiftKey: true });
      table.key('F10', { shiftKey: true });
      const labels = [...document.querySelectorAll('.jp-SaturnTaskMenu .lm-Menu-itemLabel')].map(
        one => one.textContent
      );
      expect(labels).toContain('Stop 2 Tasks');
      expect(labels).toContain('Clone 2 Tasks with Edits…');
      const menu = document.querySelector('.jp-SaturnTaskMenu') as HTMLElement;
      const leave = { keyCode: 27, bubbles: true, cancelable: true };
      act(() => void menu.dispatchEvent(new KeyboardEvent('keydown', leave)));
      expect(document.activeElement).toBe(table.cell('digits-mlp-64-1e-3', 0));
    });
  });

  describe('by mouse', () => {
    beforeEach(() => {
      table = openTable(runningState());
    });

    it('selects one, more with Ctrl or at its box, all between with Shift', () => {
      table.click(table.cell('digits-mlp-32-1e-3', 0));
      table.click(table.cell('digits-cnn-32-1e-3', 2), { ctrlKey: true });
      expect(table.selection.tasks).toEqual(['digits-mlp-32-1e-3', 'digits-cnn-32-1e-3']);
      table.click(table.row('digits-vit-32-1e-3').querySelector('.jp-SaturnGrid-check')!);
      expect(table.selection.tasks).toHaveLength(3);
      table.click(table.cell('digits-mlp-64-1e-3', 0));
      table.click(table.cell('digits-cnn-32-1e-3', 0), { shiftKey: true });
      expect(table.selection.tasks).toEqual([
        'digits-mlp-64-1e-3',
        'digits-mlp-64-3e-3',
        'digits-cnn-32-1e-3'
      ]);
    });

    it('with Shift leaves the text of the lines alone', () => {
      const down = (shiftKey: boolean) =>
        table
          .cell('digits-mlp-64-1e-3', 0)
          .dispatchEvent(new MouseEvent('mousedown', { shiftKey, bubbles: true, cancelable: true }));
      expect([down(false), down(true)]).toEqual([true, false]);
    });

    it('opens a menu for the row, or for all selected when the row is of them', () => {
      table.selection.select(['digits-mlp-32-1e-3']);
      table.click(table.cell('digits-vit-32-3e-3', 0), { clientX: 5, clientY: 5 }, 'contextmenu');
      expect(table.selection.tasks).toEqual(['digits-vit-32-3e-3']);
      const items = [...document.querySelectorAll('.jp-SaturnTaskMenu .lm-Menu-item')];
      const of = (label: string) => items.find(one => one.textContent?.startsWith(label));
      expect(of('Retry')?.classList.contains('lm-mod-disabled')).toBe(false);
      expect(of('Stop')?.classList.contains('lm-mod-disabled')).toBe(true);
    });

    it('does what is chosen of the menu, which is gone then', async () => {
      table.click(table.cell('digits-vit-32-3e-3', 0), { clientX: 5, clientY: 5 }, 'contextmenu');
      const node = document.querySelector('.jp-SaturnTaskMenu') as HTMLElement;
      const press = (keyCode: number) => {
        node.dispatchEvent(new KeyboardEvent('keydown', { keyCode, bubbles: true, cancelable: true }));
        MessageLoop.flush();
      };
      for (let i = 0; i < 20; i++) {
        press(40);
        const active = node.querySelector<HTMLElement>('.lm-mod-active');
        if (active?.dataset.command === CommandIDs.retryTasks) {
          break;
        }
      }
      await act(async () => {
        press(13);
      });
      expect(table.store.sent).toEqual([['retry', { tasks: ['digits-vit-32-3e-3'] }]]);
      expect(document.querySelector('.jp-SaturnTaskMenu')).toBeNull();
    });

    it('leaves the menu of the browser to Shift', () => {
      table.click(table.cell('digits-vit-32-3e-3', 0), { shiftKey: true }, 'contextmenu');
      expect(document.querySelector('.jp-SaturnTaskMenu')).toBeNull();
    });
  });

  describe('what is shown', () => {
    beforeEach(() => {
      table = openTable(runningState());
    });

    it('tells progress, rate and what is planned', () => {
      const cell = (label: string) =>
        table.cell('digits-vit-64-1e-3', Number(table.header(label).dataset.column)).textContent;
      expect(cell('State')).toBe('training');
      expect(cell('Progress')).toBe('50 %');
      expect(cell('Strategy')).toBe('ddp x2');
      expect(cell('Samples/s')).toBe('771');
    });

    it('keeps by chips the states that are wanted, with their numbers', () => {
      const chip = (group: string) => table.find(`[data-group="${group}"]`) as HTMLElement;
      expect(table.all('.jp-SaturnChip').map(one => one.textContent)).toEqual([
        'Failed 2',
        'Training 1',
        'Waiting 9',
        'Trained 1'
      ]);
      table.click(chip('failed'));
      table.click(chip('trained'));
      expect(table.rows()).toEqual(['digits-vit-32-1e-3', 'digits-vit-32-3e-3', 'digits-rnn-32-1e-3']);
      expect(chip('failed').getAttribute('aria-pressed')).toBe('true');
      expect(table.find('.jp-SaturnTaskTable-tools [role="status"]')?.textContent).toBe('3 of 13 tasks');
    });

    it('says that nothing is found, and how to see all again', () => {
      table.write(table.find('input[type="search"]'), 'nobody');
      expect(table.find('.jp-SaturnPanel-hint')?.textContent).toContain('No task is like that.');
      table.click(table.find('.jp-SaturnPanel-hint button')!);
      expect(table.rows()).toHaveLength(13);
    });

    it('groups with mean and spread, and folds', () => {
      table.close();
      table = openTable(finishedState());
      table.write(table.find('label select'), 'param:model');
      expect(table.grid().getAttribute('role')).toBe('treegrid');
      const [first] = table.all('.jp-mod-group');
      expect(first?.textContent).toContain('model=mlp: 4 tasks');
      expect(first?.textContent).toContain('0.8650 ± 0.0129');
      expect(first?.getAttribute('aria-expanded')).toBe('true');
      table.click(first!.querySelector('[data-column="0"]')!);
      expect(table.rows()).toHaveLength(8);
      expect(table.all('.jp-mod-group')[0]?.getAttribute('aria-expanded')).toBe('false');
      table.key('ArrowRight');
      expect(table.rows()).toHaveLength(12);
      table.key(' ');
      expect(table.selection.tasks).toHaveLength(4);
    });

    it('has a column chosen by its name, and closes as the focus leaves', () => {
      table.part.node.tabIndex = -1; // as the dashboard around it
      const fold = table.find('.jp-SaturnColumns') as HTMLDetailsElement;
      fold.open = true;
      act(() => fold.querySelector('summary')?.focus());
      const names = table.all('.jp-SaturnColumns-list label');
      const before = table.all('[role="columnheader"]').length;
      for (const name of names.slice(0, 2)) {
        // As browsers do: a press moves the focus to what is nearest of those that can have it.
        act(() => name.closest<HTMLElement>('[tabindex], input, summary')?.focus());
        act(() => void vi.advanceTimersByTime(1));
        expect(fold.open).toBe(true);
        act(() => name.click());
      }
      expect(table.all('[role="columnheader"]')).toHaveLength(before - 2);
      act(() => table.part.node.focus());
      act(() => void vi.advanceTimersByTime(1));
      expect(fold.open).toBe(false);
    });

    it('hides columns, and remembers it', () => {
      const box = table
        .all('.jp-SaturnColumns-list label')
        .find(one => one.textContent === 'Strategy')
        ?.querySelector('input');
      table.click(box!);
      expect(table.header('Strategy')).toBeUndefined();
      table.close();
      table = openTable(runningState());
      expect(table.header('Strategy')).toBeUndefined();
      expect(table.header('Devices')).toBeDefined();
    });

    it('takes what is remembered only as far as it makes sense', () => {
      localStorage.setItem('jupyterlab-saturn:task-table', '{"columns":{"strategy":"no","devices":false}}');
      table.close();
      table = openTable(runningState());
      expect(table.header('Strategy')).toBeDefined();
      expect(table.header('Devices')).toBeUndefined();
    });

    it('brings into sight what another part looks at', () => {
      act(() => table.selection.select(['digits-rnn-32-1e-3']));
      expect(table.row('digits-rnn-32-1e-3').getAttribute('aria-current')).toBe('true');
      expect(table.cell('digits-rnn-32-1e-3', 0).tabIndex).toBe(0);
    });

    it('says what to do where there are no tasks', () => {
      table.close();
      table = openTable(emptyState());
      expect(table.find('.jp-SaturnPanel-hint')?.textContent).toContain('%%saturn task');
    });
  });

  it('is drawn twice a second at most, and then as it is', () => {
    table = openTable(plannedState());
    const renamed = (name: string): SessionState => {
      const state = plannedState();
      return {
        ...state,
        tasks: state.tasks.map((task, i) => (i === 0 ? { ...task, spec: { ...task.spec, name } } : task))
      };
    };
    table.show(renamed('a'));
    expect(table.rows()[0]).toBe('a');
    table.show(renamed('b'));
    table.show(renamed('c'));
    expect(table.rows()[0]).toBe('a');
    act(() => vi.advanceTimersByTime(500));
    expect(table.rows()[0]).toBe('c');
    table.show(renamed('d'));
    expect(table.rows()[0]).toBe('c');
    act(() => vi.advanceTimersByTime(500));
    expect(table.rows()[0]).toBe('d');
  });

  it('leaves no timer behind', () => {
    table = openTable(plannedState());
    table.show({ ...plannedState(), rev: 41 });
    table.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
