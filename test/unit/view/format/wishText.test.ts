import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { clockTime } from '../../../../src/core/view/format/format.js';
import { sessionWishWords, taskWishWords } from '../../../../src/core/view/format/wishText.js';
import { render } from '../../../../src/core/view/render.js';
import type {
  Attempt,
  Pin,
  SessionWishes,
  TaskStatus,
  TaskWishes
} from '../../../../src/core/wire/messages.js';
import { explainedState } from '../../../fixtures/sessionStates.js';

const noon = new Date(2026, 0, 31, 12).getTime() / 1000;
const state = explainedState();
const words = (wishes: TaskWishes): string[] =>
  taskWishWords({ wishes }, state.cluster, noon, ENGLISH).map(({ text }) => text);

it('says a time by the clock, with its date on other days', () => {
  expect(clockTime(noon + 3660, noon)).toBe('13:01');
  expect(clockTime(noon + 86400, noon)).toBe('2026-02-01 12:00');
});

it.each<[Pin, string]>([
  [{ technique: 'fsdp' }, 'only fsdp'],
  [{ count: 2 }, 'only 2 devices'],
  [{ technique: 'fsdp', count: 1 }, 'only fsdp on 1 device'],
  [{ strategy: { technique: 'ddp', devices: 2 } }, 'only ddp x2'],
  [{ node: 'local' }, 'only on node local'],
  [{ technique: 'ddp', node: 'local', devices: ['cpu0', 'cpu1'] }, 'only ddp on cpu0, cpu1'],
  [{ node: 'local', devices: ['cpu7'] }, 'only on cpu7 (not there)'],
  [{ node: 'gone' }, 'only on node gone (not there)']
])('says a pin as people would: %j', (pin, text) => {
  expect(words({ pin })).toEqual([text]);
});

it('says all that is asked, part by part', () => {
  expect(words({ deadline: noon + 60, earliestStart: noon, weight: 2.5 })).toEqual([
    'by 12:01',
    'not before 12:00',
    'priority 2.5'
  ]);
  const wishes: SessionWishes = {
    objective: 'makespan',
    concurrent: 2,
    deviceSeconds: 7200,
    cost: 30,
    prices: { local: 2.5 },
    freeDevices: [{ node: 'local', devices: ['cpu1'] }]
  };
  expect(sessionWishWords({ wishes, tasks: [] }, ENGLISH).map(({ text }) => text)).toEqual([
    'all done as soon as can be',
    'at most 2 at once',
    'at most 2 h of device time',
    'at a cost of at most 30',
    'a device costs 2.5 an hour on local',
    'cpu1 kept free'
  ]);
});

it('says of a device that is to be kept free what holds it still', () => {
  const wishes: SessionWishes = { freeDevices: [{ node: 'local', devices: ['cpu0', 'cpu1'] }] };
  const [first] = state.tasks;
  const held = (status: TaskStatus, more: Partial<Attempt> = {}): string | undefined => {
    const place = { strategy: { technique: 'single', devices: 1 }, node: 'local', devices: ['cpu1'] };
    const attempts = [{ number: 1, requestedAt: 0, ...place, ...more }];
    const task = { ...first!, spec: { ...first!.spec, name: 'a' }, status, attempts };
    return sessionWishWords({ wishes, tasks: [task] }, ENGLISH)[0]?.text;
  };
  expect(held('stopping')).toBe('cpu0, cpu1 kept free as soon as a has left');
  expect(held('running')).toBe('cpu0, cpu1 kept free as soon as a is moved or done');
  expect(held('ready', { endedAt: 1 })).toBe('cpu0, cpu1 kept free');
  expect(held('running', { devices: ['cpu2'] })).toBe('cpu0, cpu1 kept free');
  expect(held('running', { node: 'other' })).toBe('cpu0, cpu1 kept free');
});

it('tells with the plan which wishes it meets, and everywhere which not, with what would help', () => {
  const [first, ...others] = state.tasks;
  const name = first!.spec.name;
  const conflict = { constraint: 'deadline' as const, task: name, message: 'Too late.', relax: 'Later.' };
  const wished = {
    ...state,
    wishes: { concurrent: 2 },
    tasks: [{ ...first!, wishes: { deadline: noon, weight: 3 } }, ...others],
    plan: { ...state.plan!, plan: { ...state.plan!.plan, conflicts: [conflict] } }
  };
  const shown = (view: 'plan' | 'status' | 'tasks'): string => render(view, wished, noon - 60, ENGLISH).text;
  expect(shown('plan')).toContain(`It heeds what you asked for: ${name} priority 3; at most 2 at once.`);
  expect(shown('plan')).toContain('What would help: Later.');
  expect(shown('status')).toContain('Too late.');
  expect(shown('status')).toContain('Asked for: at most 2 at once.');
  expect(shown('tasks')).toContain('by 12:00, priority 3');
  // Nothing helps a task that is over.
  const over = { ...wished, tasks: [{ ...wished.tasks[0]!, status: 'finished' as const }, ...others] };
  expect(render('status', over, noon - 60, ENGLISH).text).not.toContain('Too late.');
});
