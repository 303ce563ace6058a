import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { render } from '../../../../src/core/view/render.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { explainedState } from '../../../fixtures/sessionStates.js';

const state = explainedState();
const shown = (more: Partial<SessionState>, view: 'status' | 'tasks' = 'status'): string =>
  render(view, { ...state, ...more }, 0, ENGLISH).text;

it('tells how far tasks may be moved where that is not as usual', () => {
  expect(shown({})).not.toContain('--switch');
  expect(shown({ switches: 'pays' })).not.toContain('--switch');
  expect(shown({ switches: 'never' })).toContain('Tasks that train stay where they are (--switch never).');
  expect(shown({ switches: 'planned' })).toContain('%saturn run --switch pays');
});

it('tells which tasks wait as the run under way is of others, and how they join', () => {
  const tasks = state.tasks.slice(0, 6).map(task => ({ ...task, status: 'ready' as const }));
  const [first, ...others] = tasks.map(({ spec }) => spec.name);
  expect(shown({ tasks, goal: 'run' })).not.toContain('the run under way');
  const one = shown({ tasks, goal: 'run', selected: others });
  expect(one).toContain(`${first} waits: the run under way is of other tasks.`);
  const many = shown({ tasks, goal: 'run', selected: [first!] }, 'tasks');
  expect(many).toContain(`${others.slice(0, 3).join(', ')} and 2 more wait:`);
  expect(many).toContain('They join with %saturn resume');
});

it('tells what the session takes on disk, and what of it may go', () => {
  expect(shown({})).not.toContain('On disk');
  const disk = { bytes: 3 * 2 ** 20, archivedBytes: 0, freeBytes: 2 ** 30 };
  expect(shown({ disk })).toContain('On disk: 3 MiB; 1 GiB are free.');
  const archived = shown({ disk: { ...disk, archivedBytes: 2 ** 20 } });
  expect(archived).toContain('of which 1 MiB in the folder archive may be deleted');
});
