import { expect, it } from 'vitest';
import type { PlanRequest, SweepSpec } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, serialPlan, spec } from './sessionHarness.js';

const NAMES = ['a', 'b', 'c', 'd'];

/** Each task on a device of its own, from the start of the plan. */
function beside(request: PlanRequest) {
  const plan = serialPlan(request);
  const segments = plan.segments.map(segment => ({
    ...segment,
    devices: request.tasks.find(({ name }) => name === segment.task)!.running?.devices ?? [
      `cpu${NAMES.indexOf(segment.task)}`
    ],
    start: 0,
    end: segment.end - segment.start
  }));
  return { ...plan, segments };
}

function training(): SessionHarness {
  const sim = new SessionHarness();
  const stop = { kind: 'asha', first: 9 } as const;
  const sweep: SweepSpec = { name: 'fn', space: { x: { values: [1] } }, search: 'grid', seed: 0, stop };
  sim.connect(NAMES.length);
  sim.feed({ kind: 'tasks-added', tasks: NAMES.map(name => spec(name)), sweep });
  for (const task of NAMES) {
    sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: inspection('sig', 81) } });
  }
  const strategy = { technique: 'single', devices: 1 };
  const cell = { signature: 'sig', strategy, status: 'ok', source: 'measured' } as const;
  sim.feed({ kind: 'cells-recalled', cells: [{ ...cell, stepSeconds: 1, startSeconds: 1 }] });
  sim.feed({ kind: 'run-requested' });
  while (sim.pending.length > 0) {
    const command = sim.pending.shift()!;
    if (command.kind === 'start') {
      sim.group(command.body.task.name, command.body.attempt, 'started', { step: 0 });
    } else if (command.kind === 'plan') {
      sim.feed({ kind: 'plan-made', plan: beside(command.request), basis: command.planRevision });
    } else {
      sim.perform(command, () => 'sig');
    }
  }
  sim.group('a', 1, 'rung', { step: 9, loss: 0.1 });
  return sim;
}

it('a task that a rule gives up is news: a plan that is being made is taken, and another answers the rest', () => {
  const sim = training();
  sim.feed({ kind: 'clock' }, 30);
  sim.group('b', 1, 'rung', { step: 9, loss: 0.2 });
  const [asked] = sim.take('plan');
  expect(asked?.request.tasks.map(({ name }) => name)).toEqual(['a', 'c', 'd']);
  sim.group('c', 1, 'rung', { step: 9, loss: 0.3 });
  expect(sim.take('stop').map(({ body }) => body.task)).toEqual(['b', 'c']);
  expect(sim.session.planRevision).toBe(asked!.planRevision);
  expect(sim.session.news).toEqual([{ kind: 'stopped', tasks: ['c'] }]);
  sim.feed({ kind: 'plan-made', plan: beside(asked!.request), basis: asked!.planRevision });
  expect(sim.take('plan')).toEqual([]); // it took a second or two: not at once again
  sim.feed({ kind: 'clock' }, 20);
  expect(sim.session.question?.causes).toEqual([{ kind: 'stopped', tasks: ['c'] }]);
  const [next] = sim.take('plan');
  expect(next?.request.tasks.map(({ name }) => name)).toEqual(['a', 'd']);
});

it('a task that a rule gave up is no news once more when it has left', () => {
  const sim = training();
  sim.group('b', 1, 'rung', { step: 9, loss: 0.2 });
  const { planRevision } = sim.session;
  sim.group('b', 1, 'stopped', { step: 10 });
  expect(sim.session.news).toEqual([{ kind: 'stopped', tasks: ['b'] }]);
  expect(sim.session.planRevision).toBe(planRevision);
  expect(sim.take('plan')).toEqual([]);
});

it('news is answered soon where a device is idle though a task waits', () => {
  const answered = (waits: boolean): number => {
    const sim = training();
    sim.feed({ kind: 'clock' }, 60);
    if (waits) {
      sim.feed({ kind: 'tasks-added', tasks: [spec('e')] }, 0.1);
      sim.feed({ kind: 'inspected', result: { task: 'e', hash: 'h', inspection: inspection('sig', 81) } });
    }
    sim.group('b', 1, 'rung', { step: 9, loss: 0.2 });
    const [asked] = sim.take('plan');
    const { segments, ...plan } = beside(asked!.request);
    const later = segments.map(one =>
      one.task === 'e' ? { ...one, devices: ['cpu0'], start: 99, end: 180 } : one
    );
    sim.feed(
      {
        kind: 'plan-made',
        plan: { ...plan, segments: later as typeof segments },
        basis: asked!.planRevision
      },
      0.3
    );
    sim.take('plan');
    sim.group('b', 1, 'stopped', { step: 10 });
    sim.group('c', 1, 'rung', { step: 9, loss: 0.3 });
    return sim.take('plan').length;
  };
  expect([answered(false), answered(true)]).toEqual([0, 1]);
});

it('a plan that somebody gave is followed though a rule gives up tasks of it', () => {
  const sim = training();
  sim.take('plan');
  const { plan } = sim.session.state.plan!;
  sim.feed({ kind: 'plan-given', plan: { ...plan, method: 'given' } });
  sim.group('b', 1, 'rung', { step: 9, loss: 0.2 });
  sim.group('b', 1, 'stopped', { step: 10 });
  expect(sim.take('plan')).toEqual([]);
  expect(sim.session.state.plan).toMatchObject({ given: true, fresh: true });
});
