import { describe, expect, it } from 'vitest';
import {
  actualSeconds,
  higherIsBetter,
  plannedSeconds,
  ranking
} from '../../../../src/core/view/results/leaderboard.js';
import type { Result, TaskState } from '../../../../src/core/wire/messages.js';
import { definedSession, finishedSession } from '../sessionStates.js';

function trained(results: (Result | undefined)[]): TaskState[] {
  return definedSession()
    .tasks.slice(0, results.length)
    .map((task, i) => ({ ...task, result: results[i] }));
}

const order = (tasks: TaskState[]): (number | null | undefined)[] =>
  ranking(tasks).map(task => task.result?.loss);

describe('ranking', () => {
  it('puts the highest accuracy first, and what is not a number last', () => {
    const tasks = trained([
      { loss: 1, metrics: { accuracy: 0.9 } },
      { loss: 2, metrics: { accuracy: null } },
      { loss: 3, metrics: { accuracy: 0.95 } },
      undefined
    ]);
    expect(order(tasks)).toEqual([3, 1, 2]);
  });

  it('puts the lowest loss first, also for a metric that is a loss', () => {
    const loss = (value: number | null): Result => ({ loss: value, metrics: {} });
    expect(order(trained([loss(2), loss(null), loss(1)]))).toEqual([1, 2, null]);
    const perplexity = (value: number): Result => ({ loss: -value, metrics: { perplexity: value } });
    expect(order(trained([perplexity(20), perplexity(11)]))).toEqual([-11, -20]);
  });

  it.each([
    ['accuracy', true],
    ['val_acc', true],
    ['f1', true],
    ['ROUGE-L', true],
    ['eval_loss', false],
    ['error_score', false],
    ['perplexity', false],
    ['mae', false]
  ])('%s', (name, better) => expect(higherIsBetter(name)).toBe(better));
});

describe('times', () => {
  it('adds up segments and attempts', () => {
    const state = finishedSession();
    const task = state.tasks[7]!;
    expect(task.attempts).toHaveLength(2);
    const held = task.attempts[1]!.endedAt! - task.attempts[0]!.requestedAt;
    expect(actualSeconds(task)).toBeCloseTo(held);
    expect(plannedSeconds(state, task.spec.name)).toBeGreaterThan(0);
    expect(plannedSeconds(state, 'unknown')).toBeUndefined();
  });
});
