import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SaturnError } from '../../../src/core/wire/failure.js';
import type { ClientMessages, Curve, SessionState, TaskState } from '../../../src/core/wire/messages.js';
import { CurveSource } from '../../../src/lab/detail/curveSource.js';
import { runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';
import { curveOf, reply } from './detailHarness.js';

let store: FakeStore;
let source: CurveSource;
/** Last step logged of each task; a task that is not here has no log. */
let lasts: Record<string, number>;
let edition: string;

const names = runningState().tasks.map(({ spec }) => spec.name);
const [first, second] = names as [string, string];

const asked = () => store.sent.map(([, body]) => body as ClientMessages['curves.read']);
const known = (task: string): Curve | undefined => source.view.curves.find(curve => curve.task === task);
const settle = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

/** A state in which some tasks are others, and all else is what it was. */
function stateWith(state: SessionState, ...tasks: string[]): SessionState {
  return {
    ...state,
    tasks: state.tasks.map(
      (task): TaskState =>
        tasks.includes(task.spec.name)
          ? { ...task, progress: { ...task.progress, step: task.progress.step + 1 } }
          : task
    )
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  store = new FakeStore();
  store.view = { ...store.view, state: runningState() };
  lasts = Object.fromEntries(names.map(name => [name, 50]));
  edition = 'one';
  store.answer = (_, body) => {
    const { tasks, from = 1, to } = body as ClientMessages['curves.read'];
    return reply('curves', {
      curves: tasks.flatMap(task => {
        const last = lasts[task];
        return last === undefined ? [] : [{ ...curveOf(task, last, Math.max(1, from), to), edition }];
      })
    });
  };
  source = new CurveSource(store);
});

afterEach(() => {
  source.dispose();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('CurveSource', () => {
  it('asks for nothing while nobody looks', async () => {
    source.want([first], 'loss', null);
    await settle(10_000);
    expect(asked()).toEqual([]);
    source.isActive = true;
    await settle();
    expect(asked()).toEqual([{ tasks: [first], metric: 'loss', points: 800 }]);
    expect(known(first)?.steps).toHaveLength(50);
    expect(source.view.metrics).toEqual(['loss', 'lr', 'eval/accuracy']);
  });

  it('asks again for what is new of tasks that went on, once a second at most', async () => {
    source.isActive = true;
    source.want([first, second], 'loss', null);
    await settle();
    await settle(10_000);
    expect(asked()).toHaveLength(1);
    for (let i = 0; i < 10; i++) {
      lasts[first] = 51 + i;
      store.set({ state: stateWith(store.view.state as SessionState, first) });
      await settle(300);
    }
    expect(asked().length).toBeLessThanOrEqual(5);
    expect(
      asked()
        .slice(1)
        .every(({ tasks, from }) => tasks.join() === first && (from ?? 0) > 50)
    ).toBe(true);
    await settle(2000);
    expect(known(first)?.steps).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  });

  it('stops when nobody looks any more, and goes on when somebody does', async () => {
    source.isActive = true;
    source.want([first], 'loss', null);
    await settle();
    source.isActive = false;
    store.set({ state: stateWith(store.view.state as SessionState, first) });
    await settle(10_000);
    expect(asked()).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    source.isActive = true;
    await settle();
    expect(asked()).toHaveLength(2);
  });

  it('asks for a window that is looked at, and shows the whole until it is there', async () => {
    source.isActive = true;
    source.want([first], 'loss', null);
    await settle();
    source.want([first], 'loss', { from: 10, to: 20 });
    expect(known(first)?.steps).toHaveLength(50);
    await settle();
    expect(asked().at(-1)).toEqual({ tasks: [first], metric: 'loss', points: 800, from: 10, to: 20 });
    expect(known(first)?.steps).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(source.view.whole[0]?.steps).toHaveLength(50);
  });

  it('remembers windows, so that going back asks for nothing', async () => {
    source.isActive = true;
    for (const steps of [null, { from: 10, to: 20 }, null, { from: 10, to: 20 }]) {
      source.want([first], 'loss', steps);
      await settle(2000);
    }
    expect(asked()).toHaveLength(2);
  });

  it('asks for all of it anew when steps are trained again', async () => {
    source.isActive = true;
    source.want([first], 'loss', null);
    await settle();
    for (const last of [30, 60]) {
      lasts[first] = last;
      edition = `trained again up to ${last}`;
      store.set({ state: stateWith(store.view.state as SessionState, first) });
      await settle(1000);
      await settle(1000);
      expect(known(first)?.steps).toHaveLength(last);
      expect(known(first)?.edition).toBe(edition);
    }
    expect(asked().map(({ from }) => from)).toEqual([undefined, 51, undefined, 31, undefined]);
  });

  it('asks for a window again that another attempt may have trained anew', async () => {
    source.isActive = true;
    source.want([first], 'loss', { from: 10, to: 20 });
    await settle();
    const state = store.view.state as SessionState;
    const [attempt] = state.tasks.flatMap(({ attempts }) => attempts);
    const at = (step: number, more: number): SessionState => ({
      ...state,
      tasks: state.tasks.map(task =>
        task.spec.name === first
          ? {
              ...task,
              progress: { ...task.progress, step },
              attempts: [...task.attempts, ...Array(more).fill(attempt)]
            }
          : task
      )
    });
    store.set({ state: at(60, 0) });
    await settle(2000);
    expect(asked()).toHaveLength(1);
    lasts[first] = 70;
    edition = 'another';
    store.set({ state: at(70, 1) });
    await settle(2000);
    expect(known(first)?.edition).toBe('another');
  });

  it('asks for many tasks with fewer points each, in several questions', async () => {
    const [task] = runningState().tasks as [TaskState];
    const many = Array.from({ length: 300 }, (_, i) => ({ ...task, spec: { ...task.spec, name: `t${i}` } }));
    lasts = Object.fromEntries(many.map(({ spec }) => [spec.name, 50]));
    store.set({ state: { ...runningState(), tasks: many } });
    source.isActive = true;
    source.want(
      many.map(({ spec }) => spec.name),
      'loss',
      null
    );
    await settle();
    expect(asked().map(({ points, tasks }) => [points, tasks.length])).toEqual([
      [200, 100],
      [200, 100],
      [200, 100]
    ]);
    expect(source.view.curves).toHaveLength(300);
  });

  it('says why there is no answer, and tries again later or when asked', async () => {
    const answer = store.answer;
    store.answer = () => {
      throw new SaturnError({ code: 'engine-silent', message: 'No answer.' });
    };
    source.isActive = true;
    source.want([first], 'loss', null);
    await settle();
    expect(source.view.failure?.code).toBe('engine-silent');
    await settle(4000);
    expect(asked()).toHaveLength(1);
    store.answer = answer;
    source.retry();
    await settle();
    expect(source.view.failure).toBeNull();
    expect(known(first)?.steps).toHaveLength(50);
  });

  it('waits for a connection', async () => {
    store.set({ connected: false });
    source.isActive = true;
    source.want([first], 'loss', null);
    await settle(5000);
    expect(asked()).toEqual([]);
    store.set({ connected: true });
    await settle(1000);
    expect(asked()).toHaveLength(1);
  });

  it('asks once for what has no log, until its task goes on', async () => {
    lasts = {};
    source.isActive = true;
    source.want([first], 'loss', null);
    await settle(10_000);
    expect(asked()).toHaveLength(1);
    store.set({ state: stateWith(store.view.state as SessionState, first) });
    await settle(1000);
    expect(asked()).toHaveLength(2);
  });
});
