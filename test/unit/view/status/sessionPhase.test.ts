import { expect, it } from 'vitest';
import { nextStep, sessionPhase } from '../../../../src/core/view/status/sessionPhase.js';
import type { SessionState, TaskStatus } from '../../../../src/core/wire/messages.js';
import * as states from '../../../fixtures/sessionStates.js';

const all = (state: SessionState, status: TaskStatus): SessionState => ({
  ...state,
  goal: 'none',
  tasks: state.tasks.map(task => (task.status === 'running' ? { ...task, status } : task))
});
const unmeasured: SessionState = { ...states.plannedState(), plan: undefined, cells: [] };
const refused: SessionState = {
  ...unmeasured,
  tasks: states.runningState().tasks.filter(({ status }) => status === 'invalid')
};
const stale: SessionState = { ...states.plannedState() };
stale.plan = { ...stale.plan!, fresh: false };
const failed = states.finishedState();
failed.tasks = failed.tasks.map((task, i) => (i === 0 ? { ...task, status: 'failed' } : task));

it.each<[string, SessionState, string, string]>([
  ['nothing defined', states.emptyState(), 'define', 'define'],
  ['none can be built', refused, 'define', 'define'],
  ['some can be built', { ...refused, tasks: [...refused.tasks, ...unmeasured.tasks] }, 'prepare', 'measure'],
  ['nothing measured', unmeasured, 'prepare', 'measure'],
  ['measuring', states.profilingState(), 'prepare', 'stop'],
  ['measured', { ...states.plannedState(), plan: undefined }, 'prepare', 'plan'],
  ['planned, and something changed', stale, 'prepare', 'plan'],
  ['planned', states.plannedState(), 'prepare', 'train'],
  ['training', states.runningState(), 'train', 'stop'],
  ['leaving', all(states.runningState(), 'stopping'), 'train', 'stop'],
  ['stopped', all(states.runningState(), 'stopped'), 'stopped', 'continue'],
  ['all trained', states.finishedState(), 'done', 'compare'],
  ['one failed', failed, 'done', 'retry']
])('%s', (_, state, phase, next) => {
  expect([sessionPhase(state), nextStep(state)]).toEqual([phase, next]);
});
