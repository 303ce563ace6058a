import type { CommandRegistry } from '@lumino/commands';
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientMessages, SessionState, TaskState } from '../../../src/core/wire/messages.js';
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import { EPOCH, finishedState, runningState } from '../../fixtures/sessionStates.js';
import { curveOf, openDetail, reply } from './detailHarness.js';

/** Charts that were made: what they draw, without a canvas. */
const charts: FakeChart[] = [];

class FakeChart {
  constructor(
    readonly options: {
      hooks: { setSelect: ((plot: unknown) => void)[]; setCursor: ((plot: unknown) => void)[] };
    },
    public data: unknown[],
    host: HTMLElement
  ) {
    this.over = document.createElement('div');
    host.append(this.over);
    charts.push(this);
  }

  readonly over: HTMLElement;
  readonly cursor = { left: 0, top: 0 };
  select = { left: 0, top: 0, width: 0, height: 0 };
  isDestroyed = false;

  /** A pixel is a step. */
  posToVal = (left: number) => left;
  valToPos = (value: number) => value;
  drawings = 0;
  setData(data: unknown[]): void {
    this.data = data;
    this.drawings += 1;
  }
  setScale(): void {}
  setSeries(): void {}
  setCursor(): void {}
  setSize(): void {}
  setSelect(): void {}
  batch(work: () => void): void {
    work();
  }
  redraw(): void {}
  destroy(): void {
    this.isDestroyed = true;
  }
}

vi.mock('uplot', () => ({ default: FakeChart }));

let view: ReturnType<typeof openDetail>;
let state: SessionState;
let running: TaskState;
let failed: TaskState;

/** Let timers, answers and the library come in. */
const settle = (milliseconds = 0) => act(async () => void (await vi.advanceTimersByTimeAsync(milliseconds)));

function open(session: SessionState) {
  state = session;
  view = openDetail(session);
  view.store.answer = (type, body) => {
    switch (type) {
      case 'curves.read': {
        const { tasks, from = 1, to } = body as ClientMessages['curves.read'];
        return reply('curves', { curves: tasks.map(task => curveOf(task, 50, Math.max(1, from), to)) });
      }
      case 'output.read': {
        const { rank = 0, attempt } = body as ClientMessages['output.read'];
        return reply('output', {
          text: `rank ${rank} of attempt ${attempt ?? 'last'}\n\u001b[31mloss\u001b[0m 0.5\nLoss 0.4\n`,
          ranks: [0, 1],
          attempts: [0, 1],
          cut: true,
          path: '/s/tasks/a/attempt-1/rank0.log'
        });
      }
      case 'checkpoints.read':
        return reply('checkpoints', {
          checkpoints: [
            { step: 20, path: '/s/a/step-20', bytes: 2048, savedAt: EPOCH, kind: 'checkpoint' },
            { step: 40, path: '/s/a/final/step-40', bytes: 1024, savedAt: EPOCH + 10, kind: 'final' }
          ]
        });
      default:
        throw new Error(`Nobody was to ask for ${type}.`);
    }
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(300);
  charts.length = 0;
  open(runningState());
  running = state.tasks.find(({ status }) => status === 'running') as TaskState;
});

afterEach(() => {
  view.close();
  // The document's storage tells of itself a moment later.
  vi.advanceTimersByTime(0);
  expect(vi.getTimerCount()).toBe(0);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('tabs', () => {
  it('are reached by arrow keys, one at a time, and the last one is there again', () => {
    const tabs = view.all('[role="tab"]');
    expect(tabs.map(({ dataset }) => dataset.tab)).toEqual([
      'curves',
      'log',
      'error',
      'attempts',
      'checkpoints',
      'why',
      'devices',
      'parameters'
    ]);
    const current = () => view.find('[role="tab"][aria-selected="true"]');
    expect([current()?.dataset.tab, tabs.filter(({ tabIndex }) => tabIndex === 0)]).toEqual([
      'curves',
      [tabs[0]]
    ]);
    view.press(current(), 'ArrowLeft');
    expect([current()?.dataset.tab, document.activeElement]).toEqual(['parameters', tabs[7]]);
    view.press(current(), 'Home');
    view.press(current(), 'ArrowRight');
    view.press(current(), 'ArrowRight');
    view.press(current(), 'ArrowRight');
    expect(current()?.dataset.tab).toBe('attempts');
    const panel = view.find('[role="tabpanel"]');
    expect(panel?.getAttribute('aria-labelledby')).toBe(current()?.id);
    expect(localStorage.getItem('jupyterlab-saturn:detail-tab')).toBe('"attempts"');
  });

  it('say what to do while no task is selected', () => {
    for (const tab of ['log', 'error', 'attempts', 'checkpoints', 'why', 'devices']) {
      view.openTab(tab);
      expect(view.find('[role="tabpanel"]')?.textContent).toContain('Select a task');
    }
  });

  it('say that there is no session', () => {
    view.close();
    view = openDetail(null);
    expect(view.find('[role="tabpanel"]')?.textContent).toContain('no session to look into yet');
  });

  it('show the task selected last, or another of those selected', () => {
    view.openTab('attempts');
    view.select(state.tasks[3]!.spec.name, running.spec.name);
    const choice = view.find('.jp-SaturnTaskDetail-head select') as HTMLSelectElement;
    expect(choice.value).toBe(running.spec.name);
    act(() => {
      choice.value = state.tasks[3]!.spec.name;
      choice.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect((view.find('.jp-SaturnTaskDetail-head select') as HTMLSelectElement).value).toBe(
      state.tasks[3]!.spec.name
    );
  });

  it('are shown when somebody asks for them', () => {
    view.select(running.spec.name);
    act(() => view.selection.ask('why'));
    expect(view.find('[aria-selected="true"]')?.dataset.tab).toBe('why');
    act(() => view.selection.ask('no such tab'));
    expect(view.find('[aria-selected="true"]')?.dataset.tab).toBe('why');
  });
});

describe('curves', () => {
  it('of all that train are drawn while none is selected, and of those that are', async () => {
    await settle(100);
    const begun = state.tasks.filter(({ attempts }) => attempts.length > 0).map(({ spec }) => spec.name);
    expect(view.find('.jp-SaturnCurves')?.textContent).toContain('No task is selected');
    expect(view.asked('curves.read')[0]?.tasks.toSorted()).toEqual(begun.toSorted());
    expect(charts).toHaveLength(1);
    expect(charts[0]?.data).toHaveLength(1 + begun.length);
    view.select(running.spec.name);
    await settle(1000);
    expect(view.all('.jp-SaturnLegend button')).toHaveLength(1);
    expect(charts.at(-1)?.data).toHaveLength(2);
    expect(charts.slice(0, -1).every(({ isDestroyed }) => isDestroyed)).toBe(true);
  });

  it('are asked for again within a stretch that is dragged, and in full after Escape', async () => {
    view.select(running.spec.name);
    await settle(100);
    const chart = charts.at(-1)!;
    chart.select = { left: 10, top: 0, width: 20, height: 0 };
    act(() => chart.options.hooks.setSelect[0]?.(chart));
    await settle(1000);
    expect(view.asked('curves.read').at(-1)).toMatchObject({ from: 10, to: 30 });
    const count = view.asked('curves.read').length;
    view.press(view.find('[role="slider"]'), 'Escape');
    await settle(2000);
    expect(view.asked('curves.read')).toHaveLength(count);
    expect((charts.at(-1)!.data[1] as number[][])[0]).toHaveLength(50);
  });

  it('are not drawn again for what is told of other things', async () => {
    view.select(running.spec.name);
    await settle(100);
    const chart = charts.at(-1)!;
    const before = [charts.length, chart.drawings];
    for (let i = 0; i < 3; i++) {
      view.show({ ...state, tasks: state.tasks.map(task => ({ ...task, checkpointStep: i })) });
      await settle(10);
    }
    expect([charts.length, chart.drawings]).toEqual(before);
  });

  it('have a cursor that keys move and that is spoken', async () => {
    view.select(running.spec.name);
    await settle(100);
    const slider = view.find('[role="slider"]')!;
    view.press(slider, 'End');
    expect(slider.getAttribute('aria-valuenow')).toBe('50');
    expect(slider.getAttribute('aria-valuetext')).toBe(`step 50, ${running.spec.name} 0.5000`);
    expect(view.find('.jp-SaturnChart-readout')?.textContent).toContain('0.5000');
    view.press(slider, 'Home');
    expect(slider.getAttribute('aria-valuenow')).toBe('1');
    view.press(slider, '+');
    await settle(1000);
    expect(view.asked('curves.read').at(-1)).toMatchObject({ from: 1, to: 14 });
  });

  it('keep chart, focus and cursor where nothing is seen of them', async () => {
    view.store.answer = (_, body) => {
      const { tasks, from = 1, to } = body as ClientMessages['curves.read'];
      const start = to === undefined ? from : 51;
      return reply('curves', { curves: tasks.map(task => curveOf(task, 50, start, to)) });
    };
    view.select(running.spec.name);
    await settle(100);
    const slider = view.find('[role="slider"]')!;
    slider.focus();
    view.press(slider, '+');
    await settle(1000);
    expect(view.find('.jp-SaturnCurves')?.textContent).toContain('no value in what is looked at');
    expect(view.find('[role="slider"]')).toBe(slider);
    expect(document.activeElement).toBe(slider);
    view.press(slider, 'Escape');
    await settle(1000);
    expect(view.find('.jp-SaturnCurves')?.textContent).not.toContain('no value in what is looked at');
  });

  it('of another metric are asked for when it is chosen', async () => {
    view.select(running.spec.name);
    await settle(100);
    const metric = view.find('.jp-SaturnControls select') as HTMLSelectElement;
    expect([...metric.options].map(({ textContent }) => textContent)).toEqual([
      'Training loss',
      'accuracy (evaluated)',
      'Learning rate'
    ]);
    act(() => {
      metric.value = 'lr';
      metric.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await settle(1000);
    expect(view.asked('curves.read').at(-1)?.metric).toBe('lr');
  });

  it('select a task by their legend', async () => {
    await settle(100);
    const entry = view.all('.jp-SaturnLegend button')[1]!;
    const name = entry.querySelector('span')?.textContent as string;
    act(() => entry.click());
    expect(view.selection.tasks).toEqual([name]);
  });

  it('are a table, too', async () => {
    view.select(running.spec.name);
    await settle(100);
    const fold = view.openFold('As a table');
    const field = fold.querySelector('input') as HTMLInputElement;
    act(() => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, '10, 40');
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    expect([...fold.querySelectorAll('th, td')].map(({ textContent }) => textContent)).toEqual([
      'Task',
      'step 10',
      'step 40',
      running.spec.name,
      '0.9000',
      '0.6000'
    ]);
  });

  it('are asked for no more while they are hidden, nor when they are gone', async () => {
    view.select(running.spec.name);
    await settle(100);
    act(() => view.part.hide());
    const count = view.store.sent.length;
    for (let i = 0; i < 5; i++) {
      view.show(runningState());
      await settle(2000);
    }
    expect(view.store.sent).toHaveLength(count);
    act(() => view.part.show());
    await settle(1000);
    expect(view.store.sent.length).toBeGreaterThan(count);
    view.close();
    expect(charts.every(({ isDestroyed }) => isDestroyed)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the log', () => {
  beforeEach(async () => {
    view.select(running.spec.name);
    view.openTab('log');
    await settle();
  });

  it('is read again each second while the task trains, without colours', async () => {
    expect(view.find('pre')?.textContent).toBe('rank 0 of attempt last\nloss 0.5\nLoss 0.4\n');
    const count = view.asked('output.read').length;
    await settle(3000);
    expect(view.asked('output.read')).toHaveLength(count + 3);
    act(() => view.part.hide());
    await settle(5000);
    expect(view.asked('output.read')).toHaveLength(count + 3);
  });

  it('is of the attempt and the rank that are chosen', async () => {
    const [attempt, rank] = view.all('.jp-SaturnLog select') as HTMLSelectElement[];
    expect([...attempt!.options].map(({ textContent }) => textContent)).toEqual([
      'the last one',
      'when it was built',
      '1'
    ]);
    act(() => {
      rank!.value = '1';
      rank!.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await settle();
    expect(view.find('pre')?.textContent).toContain('rank 1 of attempt last');
    act(() => {
      attempt!.value = '0';
      attempt!.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await settle();
    expect(view.find('pre')?.textContent).toContain('rank 0 of attempt 0');
    act(() => view.button('Show more').click());
    await settle();
    expect(view.asked('output.read').at(-1)).toMatchObject({ attempt: 0, rank: 0, bytes: 262_144 });
  });

  it('is searched', () => {
    const field = view.find('input[type="search"]') as HTMLInputElement;
    const type = (text: string) =>
      act(() => {
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, text);
        field.dispatchEvent(new Event('input', { bubbles: true }));
      });
    type('loss');
    expect(view.all('mark').map(({ textContent }) => textContent)).toEqual(['loss', 'Loss']);
    const current = () => view.find('mark.jp-mod-current')?.textContent;
    expect([current(), view.find('[role="status"]')?.textContent]).toEqual(['loss', '1 of 2']);
    view.press(field, 'Enter');
    expect([current(), view.find('[role="status"]')?.textContent]).toEqual(['Loss', '2 of 2']);
    type('<b>');
    expect(view.find('[role="status"]')?.textContent).toBe('not found');
  });
});

describe.each([
  ['log', 'output.read', 'pre'],
  ['checkpoints', 'checkpoints.read', 'table']
] as const)('%s after a lost connection', (tab, question, content) => {
  const retryButton = () => view.all('button').find(({ textContent }) => textContent === 'Try again');

  it('is there again, without a wish', async () => {
    const { answer } = view.store;
    view.show(finishedState());
    view.select(state.tasks[0]!.spec.name);
    view.openTab(tab);
    await settle();
    const known = view.find(content);
    expect(known).not.toBeNull();
    view.store.answer = () => {
      throw new Error('out of reach');
    };
    view.show(runningState());
    await settle();
    expect(view.find('[role="tabpanel"]')?.textContent).toContain('out of reach');
    expect(view.find(content)).toBe(known);
    act(() => view.store.set({ connected: false }));
    await settle();
    const before = view.asked(question).length;
    await settle(5000);
    expect(view.asked(question)).toHaveLength(before);
    view.store.answer = answer;
    act(() => view.store.set({ connected: true }));
    await settle();
    expect(view.find('[role="tabpanel"]')?.textContent).not.toContain('out of reach');
    expect([retryButton(), view.find(content)]).toEqual([undefined, known]);
  });

  it('is asked for once more by a button', async () => {
    const { answer } = view.store;
    view.store.answer = () => {
      throw new Error('out of reach');
    };
    view.show(finishedState());
    view.select(state.tasks[0]!.spec.name);
    view.openTab(tab);
    await settle();
    expect(view.find(content)).toBeNull();
    view.store.answer = answer;
    act(() => retryButton()?.click());
    await settle();
    expect([retryButton(), view.find(content) === null]).toEqual([undefined, false]);
  });
});

describe('an error', () => {
  it('shows the own code first, folds libraries, and is tried again', async () => {
    const done = finishedState();
    failed = {
      ...(done.tasks[0] as TaskState),
      status: 'failed',
      result: undefined,
      error: {
        code: 'training-failed',
        message: 'ValueError: <b>nan</b>',
        hint: 'Lower `lr`.',
        traceback: [
          'Traceback (most recent call last):',
          '  File "/x/lib/python3.12/site-packages/torch/a.py", line 1, in a',
          '  File "<cell>", line 8, in digits',
          '    loss.backward()',
          'ValueError: <b>nan</b>'
        ].join('\n')
      }
    };
    view.show({ ...done, tasks: [failed, ...done.tasks.slice(1)] });
    view.select(failed.spec.name);
    expect(view.find('[data-tab="error"]')?.textContent).toContain('has failed');
    view.openTab('error');
    const panel = view.find('[role="tabpanel"]')!;
    expect(panel.querySelector('b')).toBeNull();
    expect(panel.querySelector('section')?.textContent).toContain('<cell>, line 8, in digits');
    expect([...panel.querySelectorAll('summary')].map(({ textContent }) => textContent)).toEqual([
      '1 call within torch'
    ]);
    act(() => view.button('Retry').click());
    expect(view.store.sent.at(-1)).toEqual(['retry', { tasks: [failed.spec.name] }]);
  });

  it('is in a cell, whatever the kernel calls its source', () => {
    const done = finishedState();
    const traceback = '  File "/tmp/ipykernel_21623/2156242380.py", line 10, in __getitem__';
    const error = { code: 'data-failed', message: 'ValueError', traceback };
    failed = { ...(done.tasks[0] as TaskState), status: 'invalid', result: undefined, error };
    view.show({ ...done, tasks: [failed, ...done.tasks.slice(1)] });
    view.select(failed.spec.name);
    view.openTab('error');
    expect(view.find('[role="tabpanel"] section')?.textContent).toContain(
      'a cell of the notebook, line 10, in __getitem__'
    );
    act(() => view.button('Retry').click());
    expect(view.store.sent.at(-1)).toEqual(['retry', { tasks: [failed.spec.name] }]);
  });

  it('is none where nothing went wrong', () => {
    view.select(running.spec.name);
    view.openTab('error');
    expect(view.find('[role="tabpanel"]')?.textContent).toContain('Nothing has gone wrong');
  });
});

describe('checkpoints', () => {
  it('are copied into code, and cloned from, where there are commands for it', async () => {
    const done: unknown[] = [];
    const add = (id: string, registry: CommandRegistry) =>
      registry.addCommand(id, { execute: args => void done.push([id, args]) });
    add(CommandIDs.insertCode, view.commands);
    add('saturn:task-clone', view.commands);
    view.select(running.spec.name);
    view.openTab('checkpoints');
    await settle();
    expect(view.all('tbody th').map(({ textContent }) => textContent)).toEqual(['40', '20']);
    act(() => view.all('tbody button')[1]!.click());
    act(() => view.all('tbody button')[5]!.click());
    expect(done).toEqual([
      [
        CommandIDs.insertCode,
        { code: expect.stringContaining('torch.load("/s/a/final/step-40/weights.pt"') }
      ],
      ['saturn:task-clone', { session: state.folder, tasks: [running.spec.name], step: 20 }]
    ]);
  });

  it('are those of the session that is shown, whose tasks may have the names of another one', async () => {
    view.select(running.spec.name);
    view.openTab('checkpoints');
    await settle();
    view.show({ ...state, folder: '/other' });
    await settle(1000);
    expect(view.asked('checkpoints.read')).toHaveLength(2);
  });

  it('are looked for again when there is a new one', async () => {
    view.select(running.spec.name);
    view.openTab('checkpoints');
    await settle();
    expect(view.asked('checkpoints.read')).toHaveLength(1);
    view.show({
      ...state,
      tasks: state.tasks.map(task => (task === running ? { ...task, checkpointStep: 99 } : task))
    });
    await settle(1000);
    expect(view.asked('checkpoints.read')).toHaveLength(2);
  });
});

describe('parameters', () => {
  beforeEach(() => {
    view.close();
    open(finishedState());
    view.openTab('parameters');
  });

  it('have an axis each, and a line for each task', () => {
    expect(view.all('[data-axis]').map(({ dataset }) => dataset.axis)).toContain('param:lr');
    expect(view.all('.jp-SaturnParallel path')).toHaveLength(state.tasks.length);
  });

  it('of many tasks are drawn together', () => {
    const [, task] = state.tasks as [TaskState, TaskState];
    const many = Array.from({ length: 300 }, (_, i) => ({
      ...task,
      spec: { ...task.spec, name: `t-${i}`, params: { lr: i } }
    }));
    view.show({ ...state, tasks: many });
    const drawn = view.all('.jp-SaturnParallel path').map(({ dataset }) => Number(dataset.tasks));
    expect(drawn).toEqual([300]);
  });

  it('select the tasks along a stretch that is dragged', () => {
    const hold = view.find('[data-axis="param:lr"] .jp-SaturnAxis-hold')!;
    const at = (type: string, clientY: number) =>
      act(() => void hold.dispatchEvent(new MouseEvent(type, { bubbles: true, clientY })));
    at('pointerdown', 0);
    at('pointermove', 40);
    at('pointerup', 40);
    expect(view.selection.tasks).toEqual(
      state.tasks.filter(({ spec }) => spec.params.lr === 0.003).map(({ spec }) => spec.name)
    );
    at('pointerdown', 0);
    at('pointerup', 0);
    expect(view.selection.tasks).toEqual([]);
  });

  it('select by lists, for those who have no pointer', () => {
    view.openFold('Select by values');
    const from = view.find('[aria-label="First of lr"]') as HTMLSelectElement;
    act(() => {
      from.value = '1';
      from.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect(view.selection.tasks.every(name => name.endsWith('3e-3'))).toBe(true);
    expect(view.selection.tasks).toHaveLength(state.tasks.length / 2);
    act(() => view.button('Select all of every axis').click());
    expect(view.selection.tasks).toEqual([]);
  });

  it('are dots, too', () => {
    const kind = view.find('.jp-SaturnParameters select') as HTMLSelectElement;
    act(() => {
      kind.value = 'scatter';
      kind.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect(view.all('.jp-SaturnScatter circle').length).toBeGreaterThan(0);
  });
});
