import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import type { IGanttBar } from '../../../src/core/view/gantt/gantt.js';
import { changeWords } from '../../../src/lab/whatIf/changeWords.js';
import { askedLater, editedQuestion } from '../../../src/lab/whatIf/whatIfEdit.js';
import { plainQuestion } from '../../../src/lab/whatIf/whatIfQuestion.js';
import { cluster, EPOCH, plannedState } from '../../fixtures/sessionStates.js';

const trans = nullTranslator.load('');
const state = plannedState();
const { segments } = state.plan!.plan;
const question = plainQuestion(state);
const [{ task }] = segments as [(typeof segments)[number]];
const bar: IGanttBar = {
  ...{ id: 'a', task, label: task, rows: ['local/cpu0'], kind: 'planned', colour: 0, detail: '' },
  ...{ start: 100, end: 130 }
};

describe('editedQuestion', () => {
  it('takes moments of a chart that began before its plan', () => {
    const plan = { segments, cluster, offset: 90 };
    const later = editedQuestion(question, plan, { kind: 'move', bar, move: { rows: null, start: 120 } });
    expect(later.constraints.get(task)).toEqual({ earliestStart: 30 });
    const earlier = editedQuestion(question, plan, { kind: 'move', bar, move: { rows: null, start: 50 } });
    expect(earlier.constraints.get(task)).toEqual({ deadline: 30 });
  });

  it('is the same after a gesture that changes nothing', () => {
    const plan = { segments, cluster };
    expect(editedQuestion(question, plan, { kind: 'move', bar, move: { rows: null, start: null } })).toBe(
      question
    );
    expect(editedQuestion(question, plan, { kind: 'release', bar })).toBe(question);
  });
});

it('asks later for the same moments', () => {
  const constraints = new Map([
    ['a', { earliestStart: 30, deadline: 50 }],
    ['b', { earliestStart: 5, pin: { node: 'local' } }]
  ]);
  const later = askedLater({ ...question, constraints, deadline: 60 }, 10);
  expect([...later.constraints]).toEqual([
    ['a', { earliestStart: 20, deadline: 40 }],
    ['b', { pin: { node: 'local' } }]
  ]);
  expect(later.deadline).toBe(50);
});

describe('changeWords', () => {
  const words = (asked: Parameters<typeof changeWords>[0]) => changeWords(asked, state, EPOCH, trans);

  it('names tasks together of which the same is asked', () => {
    const tasks = ['a', 'b', 'c', 'd'].map(name => ({ tasks: [name] as [string], set: { weight: 2 } }));
    expect(words({ wishes: { tasks } })).toEqual(['a, b, c and 1 more: priority 2']);
  });

  it('says what is asked of all', () => {
    const free = { freeDevices: [{ node: 'local', devices: ['cpu1'] as [string] }] };
    expect(words({ wishes: { session: { set: free } }, exclude: ['fsdp'] })).toEqual([
      'all tasks: cpu1 kept free',
      'all tasks: without fsdp'
    ]);
    expect(words({ wishes: { session: { clear: ['freeDevices'] } }, exclude: [] })).toEqual([
      'all devices are used again',
      'all techniques may be used again'
    ]);
  });
});
