import { describe, expect, it } from 'vitest';
import type { IGanttBar, IGanttMove } from '../../../src/core/view/gantt/gantt.js';
import { rowKey } from '../../../src/core/view/gantt/plannedBars.js';
import {
  type IQuestion,
  type IWish,
  partsOf,
  placesOf,
  plainQuestion,
  withMove,
  withoutPart,
  withStrategy,
  withWish
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
const wish = (question: IQuestion) => question.wishes.get('a');
const with_ = (asked: IWish) => withWish(plain, 'a', asked);

describe('withMove', () => {
  it('pins a bar to the devices it is put on', () => {
    const pin = { node: 'local', devices: ['cpu1'] };
    expect(wish(move(plain, { rows: ['local/cpu1'] }))).toEqual({ pin });
    expect(wish(move(with_({ pin: { strategy: ddp } }), { rows: ['local/cpu1'] }))).toEqual({
      pin: { strategy: ddp, ...pin }
    });
  });

  it('to the right is not before, to the left done by', () => {
    expect(wish(move(plain, { start: 15 }))).toEqual({ earliestStart: 15 });
    expect(wish(move(plain, { start: 5 }))).toEqual({ deadline: 15 });
  });

  it('to the left of an earlier move to the right only takes it back', () => {
    expect(wish(move(with_({ earliestStart: 10 }), { start: 4 }))).toEqual({ earliestStart: 4 });
    expect(move(with_({ earliestStart: 10 }), { start: 0 }).wishes.size).toBe(0);
    expect(wish(move(with_({ earliestStart: 3 }), { start: 5 }))).toEqual({ earliestStart: 3, deadline: 15 });
  });

  it('to the right takes a deadline back that it cannot meet', () => {
    expect(wish(move(with_({ deadline: 20 }), { start: 12 }))).toEqual({ earliestStart: 12 });
    expect(wish(move(with_({ deadline: 30 }), { start: 12 }))).toEqual({ earliestStart: 12, deadline: 30 });
  });
});

it('holds a task to its strategy, and lets it go when asked again', () => {
  const held = withStrategy(plain, 'a', ddp);
  expect(wish(held)).toEqual({ pin: { strategy: ddp } });
  expect(withStrategy(held, 'a', ddp).wishes.size).toBe(0);
  expect(wish(withStrategy(held, 'a', { ...ddp, devices: 4 }))?.pin?.strategy?.devices).toBe(4);
});

it('takes a wish apart', () => {
  const all: IWish = {
    pin: { strategy: ddp, node: 'local', devices: ['cpu0', 'cpu1'] },
    earliestStart: 1,
    deadline: 30
  };
  expect(partsOf(all)).toEqual(['strategy', 'place', 'earliestStart', 'deadline']);
  const left = partsOf(all).reduce(withoutPart, all);
  expect(partsOf(left)).toEqual([]);
  expect(withoutPart(all, 'place')).toEqual({ pin: { strategy: ddp }, earliestStart: 1, deadline: 30 });
  expect(withWish(with_(all), 'a', left).wishes.size).toBe(0);
});
