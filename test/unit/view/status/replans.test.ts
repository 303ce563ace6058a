import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { outcomeBlock, replanSentence } from '../../../../src/core/view/status/replans.js';
import type { Replan, SessionState } from '../../../../src/core/wire/messages.js';

const single = { strategy: { technique: 'single', devices: 1 }, node: 'here', devices: ['cpu0'] };
const ddp = { strategy: { technique: 'ddp', devices: 2 }, node: 'here', devices: ['cpu1', 'cpu2'] };
const noon = new Date(2026, 0, 31, 12, 0).getTime() / 1000;
const slow: Replan = {
  number: 1,
  at: noon,
  adoptedAt: noon + 1,
  causes: [{ kind: 'speed', tasks: ['vit-64'], factor: 2.9 }],
  moves: [{ task: 'mlp-8', before: single, after: ddp, start: 0 }],
  makespan: 319,
  carryOn: 360
};

const told = (replan: Replan): string => replanSentence(replan, noon + 5, ENGLISH);

it('says why, what moves, and what is saved', () => {
  expect(told(slow)).toBe(
    '12:00 vit-64 takes 2.9x as long as planned; mlp-8 goes on as ddp x2 on cpu1, cpu2: saves 41 s of 6 min.'
  );
});

it('says no reason where there is none, as for a plan that was given', () => {
  expect(told({ ...slow, causes: [], moves: [], makespan: 60, carryOn: undefined })).toBe(
    '12:00 everything that trains stays where it is: 1 min are left.'
  );
});

it('says what came of it once all is over', () => {
  expect(told({ ...slow, took: 325 })).toMatch(/All was over after 5 min 25 s\.$/);
});

it('says what a wish costs', () => {
  const longer: Replan = { ...slow, causes: [{ kind: 'wishes' }], makespan: 400 };
  expect(told(longer)).toMatch(/: 6 min 40 s are left, 40 s more than before, as wishes come first\.$/);
});

it('says what came of all of them, against the first plan where that can be told', () => {
  const words = (outcome: NonNullable<SessionState['run']>['outcome']): string => {
    const block = outcomeBlock({ run: { startedAt: noon, endedAt: noon + 58, outcome } }, ENGLISH);
    return block && block.kind === 'sentence' ? block.text : '';
  };
  expect(words(undefined)).toBe('');
  expect(words({ seconds: 58, plans: 3, moves: 2, firstPlanSeconds: 66 })).toBe(
    'Planned anew 3 times, with 2 moves: all took 58 s. ' +
      'The first plan alone would have taken about 1 min 6 s, by what is known now.'
  );
  expect(words({ seconds: 58, plans: 1, moves: 0 })).toBe(
    'Planned anew 1 time, without a move: all took 58 s.'
  );
});

it('says that a task makes room, and when nothing moves', () => {
  const later = { ...slow, moves: [{ ...slow.moves[0]!, start: 20 }] };
  expect(told(later)).toContain('mlp-8 makes room, and goes on as ddp x2');
  const ended: Replan['causes'] = [
    { kind: 'ended', tasks: ['a'] },
    { kind: 'ended', tasks: ['b'] },
    { kind: 'speed', tasks: ['c'], factor: 0.8 }
  ];
  expect(told({ ...slow, causes: ended, moves: [], makespan: 60, carryOn: undefined })).toBe(
    '12:00 c takes 20 % less than planned, a and b ended; everything that trains stays where it is: 1 min are left.'
  );
});
