import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { emptySession } from '../../../../src/core/session/session.js';
import { statusView } from '../../../../src/core/view/status/statusView.js';
import type { Goal, TaskState } from '../../../../src/core/wire/messages.js';
import { spec } from '../../session/sessionHarness.js';

const task = (name: string, status: TaskState['status']): TaskState => ({
  spec: spec(name),
  status,
  attempts: [],
  progress: { step: 0 },
  ...(status === 'failed' && { error: { code: 'rank-lost', message: 'Gone.' } })
});

function told(goal: Goal, ...tasks: TaskState[]): string {
  return JSON.stringify(statusView({ ...emptySession('s', '/s').state, goal, tasks }, 0, ENGLISH));
}

it('a run says which failed tasks it passes over, and how they are tried again', () => {
  const some = [task('a', 'failed'), task('b', 'ready'), task('c', 'failed')];
  expect(told('run', ...some)).toContain(
    'The run passes over a and c, which have failed. Try them again with `%saturn retry`.'
  );
  expect(told('none', ...some)).not.toContain('passes over');
  expect(told('run', task('b', 'ready'))).not.toContain('passes over');
});
