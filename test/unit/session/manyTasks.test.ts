import { describe, expect, it } from 'vitest';
import { dispatchLists } from '../../../src/core/session/stretches.js';
import type { Plan, TaskSpec, TaskState } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, serialPlan, spec } from './sessionHarness.js';

/** What was looked at of tasks and of the plan. */
interface IReads {
  names: number;
  segments: number;
}

function counted(name: string, reads: IReads): TaskSpec {
  return Object.defineProperty(spec(name), 'name', {
    enumerable: true,
    get: () => {
      reads.names += 1;
      return name;
    }
  });
}

/** A plan of which is counted how often its segments are looked at: tasks in turn on all devices. */
function countedPlan(made: Plan, devices: number, reads: IReads): Plan {
  const segments = made.segments.map((segment, index) => {
    const { task } = segment;
    const length = segment.end - segment.start;
    const start = Math.floor(index / devices) * length;
    return Object.defineProperty(
      { ...segment, devices: [`cpu${index % devices}`], start, end: start + length },
      'task',
      {
        enumerable: true,
        get: () => {
          reads.segments += 1;
          return task;
        }
      }
    );
  });
  return { ...made, segments };
}

/** Train so many tasks of one kind by one plan; how much was looked at from when it was there. */
function run(tasks: number, devices = 4): IReads {
  const reads: IReads = { names: 0, segments: 0 };
  const sim = new SessionHarness();
  sim.connect(devices);
  const names = Array.from({ length: tasks }, (_, index) => `t${index}`);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => counted(name, reads)) });
  sim.pending = [];
  const found = inspection('sig', 10, [{ technique: 'single', devices: 1 }]);
  for (const task of names) {
    sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: found } });
  }
  sim.feed({ kind: 'profile-requested' });
  sim.settle();
  sim.feed({ kind: 'run-requested' });
  const [asked] = sim.take('plan');
  const made = countedPlan(serialPlan(asked!.request), devices, reads);
  dispatchLists(made);
  reads.names = 0;
  reads.segments = 0;
  sim.feed({ kind: 'plan-made', plan: made, basis: asked!.planRevision });
  for (let starts = sim.take('start'); starts.length > 0; starts = sim.take('start')) {
    for (const { body } of starts) {
      sim.finish(body);
    }
  }
  expect(sim.session.state.tasks.every(({ status }) => status === 'finished')).toBe(true);
  return reads;
}

/** Train so many tasks of one kind at once; how many signatures are looked at when one of them tells how fast it is. */
function reported(tasks: number): number {
  let signatures = 0;
  const sim = new SessionHarness();
  sim.connect(tasks);
  const names = Array.from({ length: tasks }, (_, index) => `t${index}`);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name, name)) });
  sim.pending = [];
  for (const task of names) {
    const found = inspection('sig', 10, [{ technique: 'single', devices: 1 }]);
    const counted = Object.defineProperty(found, 'signature', {
      enumerable: true,
      get: () => {
        signatures += 1;
        return 'sig';
      }
    });
    sim.feed({ kind: 'inspected', result: { task, hash: task, inspection: counted } });
  }
  sim.feed({ kind: 'profile-requested' });
  sim.settle();
  sim.feed({ kind: 'run-requested' });
  const [asked] = sim.take('plan');
  const made = countedPlan(serialPlan(asked!.request), tasks, { names: 0, segments: 0 });
  sim.feed({ kind: 'plan-made', plan: made, basis: asked!.planRevision });
  const starts = sim.take('start');
  expect(starts).toHaveLength(tasks);
  for (const { body } of starts) {
    sim.group(body.task.name, body.attempt, 'started', { step: 0 });
  }
  for (const name of names) {
    sim.group(name, 1, 'step', { step: 1, stepSeconds: 1 });
  }
  signatures = 0;
  sim.group('t100', 1, 'step', { step: 2, stepSeconds: 1 });
  return signatures;
}

describe('a run of many tasks', () => {
  it('looks at tasks and plan as often as it has tasks, and not as its square', () => {
    const few = run(50);
    const many = run(200);
    expect(many.segments).toBeLessThan(4 * 1.5 * few.segments);
    expect(many.names).toBeLessThan(4 * 1.5 * few.names);
    expect(many.segments).toBeLessThan(200 * 40);
  });

  it('compares what one task reports with as many others, however many train', () => {
    const few = reported(300);
    const many = reported(1200);
    expect(few).toBeGreaterThan(0);
    expect(many).toBeLessThan(1.2 * few);
  });

  it('leaves what an event does not concern the same', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b', 'c'].map(name => spec(name)) });
    sim.feed({ kind: 'run-requested' });
    while (sim.take('start').length === 0) {
      sim.perform(sim.pending.shift()!);
    }
    const before = sim.session.state;
    const active = before.tasks.find(({ status }) => status === 'starting')!;
    sim.group(active.spec.name, 1, 'started', { step: 0 });
    const { tasks, cells, cluster } = sim.session.state;
    const touched = tasks.filter((task: TaskState, place) => task !== before.tasks[place]);
    expect(touched.map(task => task.spec.name)).toEqual([active.spec.name]);
    expect(cells).toBe(before.cells);
    expect(cluster).toBe(before.cluster);
    // One more spec of the same name and hash changes nothing of the others.
    sim.feed({ kind: 'tasks-added', tasks: [spec('c')] });
    expect(sim.session.state.tasks[0]).toBe(tasks[0]);
  });

  it('asks for a plan now and then, not for each of a thousand tasks that come to it', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b', 'c'].map(name => spec(name)) });
    sim.feed({ kind: 'run-requested', switches: 'never' });
    while (sim.take('start').length === 0) {
      sim.perform(sim.pending.shift()!, () => 'sig');
    }
    sim.pending = [];
    const late = Array.from({ length: 1000 }, (_, index) => `late${index}`);
    sim.feed({ kind: 'tasks-added', tasks: late.map(name => spec(name)) });
    sim.pending = [];
    let asked = 0;
    const begun = sim.time;
    for (const task of late) {
      sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: inspection('sig') } }, 0.02);
      for (const command of sim.take('plan')) {
        asked += 1;
        sim.feed({ kind: 'plan-made', plan: serialPlan(command.request), basis: command.planRevision }, 0);
      }
    }
    expect(sim.session.state.tasks.filter(({ status }) => status === 'ready').length).toBeGreaterThan(999);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(2 + (sim.time - begun));
  });

  it('of one kind is tried by a plan of a few', () => {
    const sim = new SessionHarness();
    sim.connect(4);
    const names = Array.from({ length: 1000 }, (_, index) => `t${index}`);
    sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
    const strategies = [1, 2, 4].map(devices => ({ technique: devices === 1 ? 'single' : 'ddp', devices }));
    for (const task of names) {
      sim.feed({
        kind: 'inspected',
        result: { task, hash: 'h', inspection: inspection('sig', 10, strategies) }
      });
    }
    sim.pending = [];
    sim.feed({ kind: 'profile-requested' });
    let asked = 0;
    while (sim.pending.length > 0) {
      const command = sim.pending.shift()!;
      if (command.kind === 'plan') {
        asked += 1;
        expect(command.request.tasks.length).toBeLessThanOrEqual(48);
        expect(command.request.tasks.reduce((sum, { steps }) => sum + steps, 0)).toBe(10_000);
      }
      sim.perform(command);
    }
    expect(asked).toBeGreaterThan(0);
    expect(sim.session.state.goal).toBe('none');
  });
});
