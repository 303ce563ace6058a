import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { ranking, ruleOf } from '../../../../src/core/view/results/criterion.js';
import { bestSentences } from '../../../../src/core/view/results/winner.js';
import type { Criterion, Result, TaskState } from '../../../../src/core/wire/messages.js';
import { definedSession } from '../sessionStates.js';

function trained(results: (Result | undefined)[]): TaskState[] {
  return definedSession()
    .tasks.slice(0, results.length)
    .map((task, i) => ({ ...task, result: results[i] }));
}

const of = (metrics: Result['metrics'], loss: number | null = 1): Result => ({ loss, metrics });
const order = (tasks: TaskState[]): (number | null | undefined)[] =>
  ranking(tasks).map(task => task.result?.loss);
const said = (tasks: TaskState[], ...best: (Criterion | undefined)[]): TaskState[] =>
  tasks.map((task, i) => ({ ...task, spec: { ...task.spec, ...(best[i] && { best: best[i] }) } }));
const words = (tasks: TaskState[]): string[] =>
  bestSentences(ranking(tasks), ENGLISH).map(block => (block.kind === 'sentence' ? block.text : ''));

describe('without a word of the user', () => {
  it('puts the highest accuracy first, what is not a number after it, what was not evaluated last', () => {
    const error = { code: 'x', message: 'No.' };
    const tasks = trained([
      of({ accuracy: 0.9 }, 1),
      { loss: 0, metrics: {}, evaluationError: error },
      of({ accuracy: null }, 2),
      of({ accuracy: 0.95 }, 3),
      undefined
    ]);
    expect(order(tasks).slice(0, 2)).toEqual([3, 1]);
    expect(order(trained([{ loss: 0, metrics: {}, evaluationError: error }, of({}, 5)]))).toEqual([5, 0]);
  });

  it('knows no best among losses that were not told, or are not numbers', () => {
    expect(words(trained([{ metrics: {} }, { metrics: {} }]))).toEqual(['Best: not known.']);
    expect(words(trained([of({}, null)]))).toEqual(['Best: not known.']);
  });

  it('ranks a correlation by more, and says that it is a guess', () => {
    const tasks = trained([of({ mcc: -0.0413, loss: 0.1 }, 1), of({ mcc: 0.1596, loss: 0.2 }, 2)]);
    expect(order(tasks)).toEqual([2, 1]);
    expect(words(tasks)).toEqual([
      'Best: digits-mlp-32-3e-3, mcc 0.1596.',
      'Best by mcc (a guess: more is better; say it with `--by max:mcc`).'
    ]);
  });

  it('ranks by the held-out loss when it knows no other metric, and by that of training when there is none', () => {
    const unknown = trained([of({ zing: 1, loss: 0.2 }, 1), of({ zing: 2, loss: 0.1 }, 2)]);
    expect(order(unknown)).toEqual([2, 1]);
    expect(words(unknown)[1]).toBe(
      'Best by loss: whether more or less is better of zing is not known; say it with `--by max:zing` or `min`.'
    );
    expect(order(trained([of({}, 2), of({}, null), of({}, 1)]))).toEqual([1, 2, null]);
    expect(words(trained([of({}, 2), of({}, 1)]))).toEqual([
      'Best: digits-mlp-32-3e-3, training loss 1.000.'
    ]);
    expect(words(trained([of({ loss: 2 }), of({ loss: 1 })]))).toEqual([
      'Best: digits-mlp-32-3e-3, loss 1.000.'
    ]);
  });
});

describe('what is said', () => {
  const accuracy: Criterion = { metric: 'accuracy', goal: 'max' };
  const zing: Criterion = { metric: 'zing', goal: 'min' };
  const results = [
    of({ accuracy: 0.5, zing: 1 }, 1),
    of({ accuracy: 0.9, zing: 2 }, 2),
    of({ accuracy: 0.7, zing: 0 }, 3)
  ];

  it('by the user goes before what the task says, and both before a guess', () => {
    const tasks = trained(results).map(task => ({
      ...task,
      inspection: { ...task.inspection!, best: zing }
    }));
    expect(order(tasks)).toEqual([3, 1, 2]);
    expect(words(tasks)).toEqual(['Best: digits-mlp-64-1e-3, zing 0.0000.']);
    expect(order(said(tasks, accuracy, accuracy, accuracy))).toEqual([2, 3, 1]);
  });

  it('by most counts for all, and the difference is told', () => {
    const tasks = said(trained(results), accuracy, zing, accuracy);
    expect(order(tasks)).toEqual([2, 3, 1]);
    expect(words(tasks)[1]).toBe(
      'Not all are to be compared by the same: digits-mlp-32-3e-3 by `zing:min`. All are ranked by `accuracy:max`, as most of them say.'
    );
  });

  it('of a metric that nobody reports is told', () => {
    const tasks = said(trained(results), { metric: 'f1', goal: 'max' });
    expect(words(tasks)).toEqual([
      'Best: not known.',
      'No task reports `f1`, by which they are to be compared; there are: accuracy and zing.'
    ]);
  });

  it.each([
    ['eval_accuracy', 'accuracy'],
    ['accuracy', 'eval_accuracy']
  ])('%s is what is reported as %s', (metric, name) => {
    const [task] = said(trained([of({ [name]: 1 })]), { metric, goal: 'max' });
    expect(ruleOf([task!])).toMatchObject({ metric: name, goal: 'max', source: 'said' });
  });

  it('of the loss is of that of training where there is no other', () => {
    const tasks = said(trained([of({}, 2), of({}, 1)]), { metric: 'loss', goal: 'min' });
    expect(order(tasks)).toEqual([1, 2]);
  });
});
