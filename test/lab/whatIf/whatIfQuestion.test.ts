import { describe, expect, it } from 'vitest';
import type { IGanttBar, IGanttMove } from '../../../src/core/view/gantt/gantt.js';
import { rowKey } from '../../../src/core/view/gantt/plannedBars.js';
import {
  constraintParts,
  type ITaskConstraints,
  withoutConstraint
} from '../../../src/lab/whatIf/constraintParts.js';
import {
  type IQuestion,
  placesOf,
  plainQuestion,
  withConstraints,
  withMove,
  withStrategy
} from '../../../src/lab/whatIf/whatIfQuestion.js';
import { cluster, plannedState } from '../../fixtures/sessionStates.js';

const plain = plainQuestion(plannedState());
const places = placesOf(cluster, rowKey);
const bar: IGanttBar = {
  ...{ id: 'plan:0:a', task: 'a', label: 'a', rows: ['local/cpu0'], start: 10, end: 20 },
  ...{ kind: 'planned', colour: 0, detail: '' }
};
const ddp = { technique: 'ddp', devices: 2 };
const move = (question: IQuestion, part: Partial<IGanttMove>) =>
  withMove(question, bar, { rows: null, start: null, ...part }, places);
const constraint = (question: IQuestion) => question.constraints.get('a');
const with_ = (asked: ITaskConstraints) => withConstraints(plain, 'a', asked);

describe('withMove', () => {
  it('pins a bar to the devices it is put on', () => {
    const pin = { node: 'local', devices: ['cpu1'] };
    expect(constraint(move(plain, { rows: ['local/cpu1'] }))).toEqual({ pin });
    expect(constraint(move(with_({ pin: { strategy: ddp } }), { rows: ['local/cpu1'] }))).toEqual({
      pin: { strategy: ddp, ...pin }
    });
  });

  it('to the right is not before, to the left done by', () => {
    expect(constraint(move(plain, { start: 15 }))).toEqual({ earliestStart: 15 });
    expect(constraint(move(plain, { start: 5 }))).toEqual({ deadline: 15 });
  });

  it('to the left of an earlier move to the right only takes it back', () => {
    expect(constraint(move(with_({ earliestStart: 10 }), { start: 4 }))).toEqual({ earliestStart: 4 });
    expect(move(with_({ earliestStart: 10 }), { start: 0 }).constraints.size).toBe(0);
    expect(constraint(move(with_({ earliestStart: 3 }), { start: 5 }))).toEqual({
      earliestStart: 3,
      deadline: 15
    });
  });

  it('to the right takes a deadline back that it cannot meet', () => {
    expect(constraint(move(with_({ deadline: 20 }), { start: 12 }))).toEqual({ earliestStart: 12 });
    expect(constraint(move(with_({ deadline: 30 }), { start: 12 }))).toEqual({
      earliestStart: 12,
      deadline: 30
    });
  });
});

it('holds a task to its strategy, and lets it go when asked again', () => {
  const held = withStrategy(plain, 'a', ddp);
  expect(constraint(held)).toEqual({ pin: { strategy: ddp } });
  expect(withStrategy(held, 'a', ddp).constraints.size).toBe(0);
  expect(constraint(withStrategy(held, 'a', { ...ddp, devices: 4 }))?.pin?.strategy?.devices).toBe(4);
});

it('takes constraints apart', () => {
  const all: ITaskConstraints = {
    pin: { strategy: ddp, node: 'local', devices: ['cpu0', 'cpu1'] },
    earliestStart: 1,
    deadline: 30
  };
  expect(constraintParts(all)).toEqual(['strategy', 'place', 'earliestStart', 'deadline']);
  const left = constraintParts(all).reduce(withoutConstraint, all);
  expect(constraintParts(left)).toEqual([]);
  expect(withoutConstraint(all, 'place')).toEqual({ pin: { strategy: ddp }, earliestStart: 1, deadline: 30 });
  expect(withConstraints(with_(all), 'a', left).constraints.size).toBe(0);
});
