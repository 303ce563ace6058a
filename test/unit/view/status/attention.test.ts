import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { attention, attentionCount } from '../../../../src/core/view/status/attention.js';
import type { Failure, SessionState, TaskState } from '../../../../src/core/wire/messages.js';
import { emptyState, runningState } from '../../../fixtures/sessionStates.js';

const told = (state: SessionState): [string[], string, string][] =>
  attention(state, ENGLISH).map(({ tasks, failure, remedies }) => [
    [...tasks],
    failure.message,
    remedies.join()
  ]);

it('is nothing in a session that goes by itself', () => {
  expect(attention(emptyState(), ENGLISH)).toEqual([]);
  expect(attentionCount([])).toBe('');
});

it('tells what failed and what can be done about it', () => {
  expect(told(runningState())).toEqual([
    [['digits-vit-32-3e-3'], 'ValueError: loss became not a number at step 31.', 'retry,log'],
    [['digits-rnn-32-1e-3'], "KeyError: 'rnn'", 'cell']
  ]);
});

it('tells what befell many once, and that tasks were stopped while others train', () => {
  const state = runningState();
  const error: Failure = { code: 'oom', message: 'Out of memory.' };
  const failed = (task: TaskState, i: number): TaskState =>
    task.status === 'ready'
      ? { ...task, status: i % 2 ? 'stopped' : 'failed', ...(i % 2 ? {} : { error }) }
      : task;
  const items = told({ ...state, tasks: state.tasks.map(failed) });
  const ready = state.tasks.filter(({ status }) => status === 'ready').length;
  const many = items.filter(([tasks]) => tasks.length > 1);
  expect(many.map(([, message, remedies]) => [message, remedies])).toEqual([
    ['Out of memory.', 'retry,log'],
    ['Stopped, while the others train.', 'resume,log']
  ]);
  expect(many.reduce((sum, [tasks]) => sum + tasks.length, 0)).toBe(ready);
  expect(attentionCount(attention({ ...state, tasks: state.tasks.map(failed) }, ENGLISH))).toBe(
    `${ready + 2}`
  );
});

it('tells what is left out, what is wrong with devices and the disk, and the latest troubles first', () => {
  const state = runningState();
  const waiting = state.tasks.find(({ status }) => status === 'ready')!.spec.name;
  const plan = { ...state.plan!.plan, unplanned: [{ task: waiting, reason: 'it fits nowhere' }] };
  const trouble = (message: string): Failure => ({ code: 'trouble', message });
  const items = told({
    ...state,
    plan: { ...state.plan!, plan },
    pause: { error: trouble('The disk is full.'), since: 0 },
    notices: [trouble('first'), trouble('second')]
  });
  expect(items.slice(-3).map(([, message]) => message)).toEqual(['The disk is full.', 'second', 'first']);
  expect(items).toContainEqual([[waiting], 'Left out of the plan: it fits nowhere', 'cell']);
});
