import { expect, it } from 'vitest';
import type { Command } from '../../../src/core/session/command.js';
import { idleBesideWork } from './deviceUse.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

const PLANNED = ['a', 'b', 'c', 'd'];
const ADDED = ['x', 'y', 'z'];

/** The answers that come from outside, in whatever order. */
const isAnswerable = ({ kind }: Command): boolean =>
  kind === 'inspect' || kind === 'trial' || kind === 'plan';

/** Four tasks have a plan, and wait. */
function planned(): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: PLANNED.map(name => spec(name)) });
  sim.feed({ kind: 'plan-requested' });
  sim.settle(() => 'known');
  expect(sim.session.state).toMatchObject({ goal: 'none', plan: { fresh: true } });
  return sim;
}

/** Answer what was asked, the one at a place first; false when there are not so many questions. */
function answer(sim: SessionHarness, place: number): boolean {
  const asked = sim.pending.filter(isAnswerable);
  const command = asked[place];
  if (!command) {
    return false;
  }
  sim.pending = sim.pending.filter(one => one !== command);
  sim.perform(command, name => (ADDED.includes(name) ? 'new' : 'known'));
  return true;
}

/** Every order of so many answers. */
function orders(length: number): number[][] {
  return length === 0 ? [[]] : orders(length - 1).flatMap(order => [0, 1, 2].map(next => [...order, next]));
}

const WAYS: [string, (sim: SessionHarness) => void][] = [
  [
    'before the run',
    sim => {
      sim.feed({ kind: 'tasks-added', tasks: ADDED.map(name => spec(name)) });
      sim.feed({ kind: 'run-requested' });
    }
  ],
  [
    'before a run of the kind that moves nothing',
    sim => {
      sim.feed({ kind: 'tasks-added', tasks: ADDED.map(name => spec(name)) });
      sim.feed({ kind: 'run-requested', switches: 'never' });
    }
  ],
  [
    'just after the run began',
    sim => {
      sim.feed({ kind: 'run-requested' });
      sim.feed({ kind: 'tasks-added', tasks: ADDED.map(name => spec(name)) });
    }
  ],
  [
    'after a run that was stopped',
    sim => {
      sim.feed({ kind: 'run-requested' });
      sim.feed({ kind: 'stop-requested' });
      const [start] = sim.take('start');
      sim.group(start!.body.task.name, start!.body.attempt, 'stopped', { step: 3 });
      sim.pending = [];
      sim.feed({ kind: 'tasks-added', tasks: ADDED.map(name => spec(name)) });
      sim.feed({ kind: 'run-requested' });
    }
  ]
];

it.each(WAYS)('no device waits beside a planned task for tasks that are added %s', (_way, begin) => {
  for (const order of orders(4)) {
    const sim = planned();
    begin(sim);
    for (const place of order) {
      if (!answer(sim, place)) {
        break;
      }
      expect(idleBesideWork(sim), `${order}`).toEqual([]);
    }
  }
});

it('a run begins by a plan of what is known while others are built still', () => {
  const sim = planned();
  sim.feed({ kind: 'tasks-added', tasks: ADDED.map(name => spec(name)) });
  sim.feed({ kind: 'run-requested' });
  expect(sim.pending.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['inspect', 'plan']));
  sim.perform(sim.take('plan').at(-1)!);
  expect(sim.take('start').map(({ body }) => body.task.name)).toEqual(['a']);
  expect(PLANNED.map(name => sim.status(name))).toEqual(['starting', 'ready', 'ready', 'ready']);
});

it('a plan that is being made is taken though one more task is known meanwhile', () => {
  const sim = planned();
  sim.feed({ kind: 'tasks-added', tasks: ADDED.map(name => spec(name)) });
  sim.feed({ kind: 'run-requested' });
  const plans = sim.take('plan');
  for (const task of ADDED) {
    sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: inspection('new') } }, 0.1);
  }
  expect(sim.take('plan')).toEqual([]);
  sim.perform(plans.at(-1)!);
  expect(sim.session.state.plan?.madeAt).toBe(sim.time);
  expect([...(sim.session.question?.causes ?? []), ...sim.session.news]).toEqual([
    { kind: 'added', tasks: ADDED }
  ]);
  expect(idleBesideWork(sim)).toEqual([]);
});
