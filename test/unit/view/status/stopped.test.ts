import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { render } from '../../../../src/core/view/render.js';
import { outlook, progressLine, standingFacts } from '../../../../src/core/view/status/progressLine.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { EPOCH, plannedState } from '../../../fixtures/sessionStates.js';
import { playedRun } from './playedRun.js';

const run = playedRun(plannedState(), EPOCH);
const now = EPOCH + 0.5 * run.seconds;

/** A run after Stop: what trained has left with its checkpoint, the rest has not begun. */
function stopped(): SessionState {
  const state = run.at(0.5 * run.seconds);
  const tasks = state.tasks.map(task =>
    task.status === 'running' || task.status === 'starting'
      ? { ...task, status: 'stopped' as const, attempts: [{ ...task.attempts[0]!, endedAt: now }] }
      : task
  );
  return { ...state, goal: 'none', run: { startedAt: EPOCH, endedAt: now }, tasks };
}

it('all that is said of a stopped run agrees', () => {
  const state = stopped();
  const count = (status: string) => state.tasks.filter(task => task.status === status).length;
  const facts = `${count('finished')}/12 trained, ${count('stopped')} stopped, ${count('ready')} ready`;
  expect(progressLine(state, now, ENGLISH)).toBe(`Saturn: ${facts}`);
  expect(standingFacts(state, ENGLISH).join(', ')).toBe(facts);
  expect(outlook(state, now, ENGLISH)).toEqual([]);
  const { text } = render('status', state, now, ENGLISH);
  expect(text.split('\n')[0]).toBe(`Saturn: ${facts}`);
  for (const [word, status] of [
    ['trained', 'finished'],
    ['stopped', 'stopped'],
    ['ready', 'ready']
  ] as const) {
    expect(text.split('\n').filter(line => new RegExp(`^digits\\S+ +${word} `).test(line))).toHaveLength(
      count(status)
    );
  }
  expect(render('schedule', state, now, ENGLISH).text.split('\n')[0]).toBe(`Saturn: ${facts}`);
});

it('says of what is told to stop that it stops, and no time left', () => {
  const state = run.at(0.5 * run.seconds);
  const tasks = state.tasks.map(task =>
    task.status === 'running' ? { ...task, status: 'stopping' as const } : task
  );
  const line = progressLine({ ...state, goal: 'none', tasks }, now, ENGLISH);
  expect(line).toMatch(/\d stopping/);
  expect(line).not.toMatch(/running|left/);
});
