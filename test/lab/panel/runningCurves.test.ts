import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RunningCurves } from '../../../src/lab/panel/runningCurves.js';
import type { Incoming } from '../../../src/lab/session/messageChannel.js';
import { runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

let store: FakeStore;
let curves: RunningCurves;

const asked = () => store.sent.map(([, body]) => (body as { tasks: string[] }).tasks.join());

beforeEach(() => {
  vi.useFakeTimers();
  store = new FakeStore();
  store.answer = (_, body) => {
    const { tasks } = body as { tasks: string[] };
    const curve = {
      metrics: ['loss'],
      steps: [0, 1],
      values: [2, 1],
      times: [0, 1],
      segments: [],
      last: 1,
      edition: 'one'
    };
    return {
      v: 1,
      id: '1',
      type: 'curves',
      body: { curves: tasks.map(task => ({ task, ...curve })) }
    } as unknown as Incoming;
  };
  curves = new RunningCurves(store);
});

afterEach(() => {
  curves.dispose();
  vi.useRealTimers();
});

it('asks for what is looked at, every two seconds and not more often', async () => {
  curves.tasks = ['a', 'b'];
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked()).toEqual([]);
  curves.isShown = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked()).toEqual(['a,b', 'a,b', 'a,b']);
  expect([...curves.curves.keys()]).toEqual(['a', 'b']);
  curves.tasks = ['b'];
  curves.tasks = ['b', 'c'];
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked().slice(3)).toEqual(['b,c']);
});

it('forgets the curves of a session when another one is looked at, whose tasks have the same names', async () => {
  const inFolder = (folder: string) => store.set({ state: { ...runningState(), folder } });
  inFolder('/a');
  curves.isShown = true;
  curves.tasks = ['a'];
  await vi.advanceTimersByTimeAsync(0);
  inFolder('/a');
  expect(curves.curves.size).toBe(1);
  inFolder('/b');
  expect(curves.curves.size).toBe(0);
  await vi.advanceTimersByTimeAsync(0);
  expect([curves.curves.size, asked()]).toEqual([1, ['a', 'a']]);
});

it('takes no answer of the session that was looked at before', async () => {
  let answer: (incoming: Incoming) => void = () => undefined;
  const { answer: now } = store;
  store.answer = () => new Promise<Incoming>(resolve => (answer = resolve)) as never;
  store.set({ state: { ...runningState(), folder: '/a' } });
  curves.isShown = true;
  curves.tasks = ['a'];
  await vi.advanceTimersByTimeAsync(0);
  store.set({ state: { ...runningState(), folder: '/b' } });
  answer(now('curves.read', { tasks: ['a'] }));
  store.answer = now;
  curves.changed.connect(() => expect(asked()).toHaveLength(2));
  await vi.advanceTimersByTimeAsync(0);
  expect([curves.curves.size, asked()]).toEqual([1, ['a', 'a']]);
});

it('asks nothing while it is hidden, nothing trains, or once it is gone', async () => {
  curves.isShown = true;
  curves.tasks = ['a'];
  await vi.advanceTimersByTimeAsync(0);
  curves.isShown = false;
  await vi.advanceTimersByTimeAsync(20_000);
  curves.isShown = true;
  curves.tasks = [];
  await vi.advanceTimersByTimeAsync(20_000);
  curves.tasks = ['a'];
  curves.dispose();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked()).toEqual(['a']);
  expect(vi.getTimerCount()).toBe(0);
});

it('leaves a session that cannot tell alone for a while', async () => {
  store.answer = () => {
    throw new Error('out of reach');
  };
  curves.isShown = true;
  curves.tasks = ['a'];
  await vi.advanceTimersByTimeAsync(9000);
  expect(asked()).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked()).toHaveLength(2);
  expect(curves.curves.size).toBe(0);
});
