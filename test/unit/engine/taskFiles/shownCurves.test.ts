import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Curve } from '../../../../src/core/wire/messages.js';
import { shownCurves } from '../../../../src/engine/taskFiles/shownCurves.js';
import type { TaskCurves } from '../../../../src/engine/taskFiles/taskCurves.js';
import { Turns } from '../../../../src/engine/taskFiles/turns.js';
import { runningState } from '../../../fixtures/sessionStates.js';

/** How long a kernel waits for an answer, in milliseconds. */
const KERNEL = 20_000;

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));

afterEach(() => vi.useRealTimers());

it('waits for logs, in all, for less than who has asked for a picture', async () => {
  const waits: number[] = [];
  const read: TaskCurves['read'] = async (_, { tasks }, picture) => {
    waits.push(picture!.patience);
    vi.setSystemTime(Date.now() + picture!.patience);
    return tasks.map(task => ({ task, metrics: ['loss', 'eval/a', 'eval/b'] }) as unknown as Curve);
  };
  const [task] = runningState().tasks;
  const shown = await shownCurves('log', runningState(), [task!.spec.name], { read });
  expect(shown.map(({ metric }) => metric)).toEqual(['loss', 'eval/a', 'eval/b']);
  expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(KERNEL / 2);
});

it('has what is preferred done before what waited longer, and nothing left out', async () => {
  const turns = new Turns(1);
  const names = ['first', 'second', 'third', 'fourth'];
  const about = names.map(name => ({ name }));
  const done: string[] = [];
  const all = about.map(each => turns.take(async () => void done.push(each.name), each));
  turns.prefer(new Set([about[3]!, about[0]!]));
  await Promise.all(all);
  expect(done).toEqual(['first', 'fourth', 'second', 'third']);
});
