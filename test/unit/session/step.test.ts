import { describe, expect, it } from 'vitest';
import { admit } from '../../../src/core/session/admission.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { SaturnError } from '../../../src/core/wire/failure.js';
import { cpuNode, SessionHarness, serialPlan, spec } from './sessionHarness.js';

function ready(names: string[], devices = 2): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.settle();
  return sim;
}

const code = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as SaturnError).failure.code;
  }
  return 'nothing thrown';
};

describe('adding tasks', () => {
  it('has them inspected once devices are known', () => {
    const sim = new SessionHarness();
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    expect(sim.pending).toEqual([]);
    sim.connect(2);
    const [command] = sim.take('inspect');
    expect(command?.body.tasks.map(t => t.name)).toEqual(['a', 'b']);
    expect(command?.body.maxDevices).toBe(2);
  });

  it('keeps the other tasks when one factory raises', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: [spec('good'), spec('bad')] });
    sim.take('inspect');
    const error = { code: 'factory-failed', message: 'ValueError: no such model', traceback: 'File ...' };
    sim.feed({ kind: 'inspected', result: { task: 'bad', hash: 'h', error } });
    expect(sim.status('good')).toBe('inspecting');
    expect(sim.status('bad')).toBe('invalid');
    expect(sim.session.state.tasks[1]?.error).toEqual(error);
  });

  it('tells a task that is the same where its notebook is now', () => {
    const sim = ready(['a', 'b']);
    const moved = { ...spec('a'), world: `${'0'.repeat(32)}.json` };
    sim.feed({ kind: 'tasks-added', tasks: [moved, spec('c')] });
    expect(sim.status('a')).toBe('ready');
    expect(sim.session.state.tasks[0]?.spec).toEqual(moved);
    expect(sim.take('inspect').flatMap(({ body }) => body.tasks.map(task => task.name))).toEqual(['c']);
  });

  it('drops the inspection of a spec that was replaced meanwhile', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: [spec('a', 'old')] });
    sim.feed({ kind: 'tasks-added', tasks: [spec('a', 'new')] });
    sim.feed({
      kind: 'inspected',
      result: { task: 'a', hash: 'old', error: { code: 'x', message: 'old code' } }
    });
    expect(sim.status('a')).toBe('inspecting');
  });
});

describe('admit', () => {
  it('leaves equal specs alone and refuses other specs of the same name', () => {
    const { session } = ready(['a']);
    expect(admit(session, [spec('a')], false).unchanged).toHaveLength(1);
    expect(code(() => admit(session, [spec('a', 'other')], false))).toBe('duplicate-task');
    expect(code(() => admit(session, [spec('b'), spec('b')], false))).toBe('duplicate-task');
    expect(admit(session, [spec('a', 'other')], true).replaced).toHaveLength(1);
  });

  it('has what could not be built tried again', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    const error = { code: 'factory-failed', message: 'no such file' };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', error } });
    expect(sim.status('a')).toBe('invalid');
    const { replaced } = admit(sim.session, [spec('a')], false);
    sim.feed({ kind: 'tasks-added', tasks: [...replaced] });
    sim.settle();
    expect(sim.status('a')).toBe('ready');
  });

  it('lets a cell that runs again replace its own tasks until they were trained', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: [spec('a', 'h1', 'cell')] });
    sim.settle();
    expect(admit(sim.session, [spec('a', 'h2', 'cell')], false).replaced).toHaveLength(1);
    expect(code(() => admit(sim.session, [spec('a', 'h2', 'another cell')], false))).toBe('duplicate-task');
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    expect(code(() => admit(sim.session, [spec('a', 'h2', 'cell')], false))).toBe('already-trained');
    expect(admit(sim.session, [spec('a', 'h2', 'cell')], true).replaced).toHaveLength(1);
  });

  it('lets a correction from anywhere take the place of what could not be built', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: [spec('a', 'wrong')] });
    const error = { code: 'bad-task', message: 'It returned a NoneType.' };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'wrong', error } });
    expect(admit(sim.session, [spec('a', 'right')], false).replaced).toHaveLength(1);
  });

  it('never replaces a task that is being trained', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'run-requested' });
    while (sim.pending[0]?.kind !== 'start') {
      sim.perform(sim.pending.shift()!);
    }
    expect(code(() => admit(sim.session, [spec('a', 'other')], true))).toBe('task-running');
  });
});

describe('from tasks to trained models', () => {
  it('profiles, plans and trains when asked to run', () => {
    const sim = ready(['a', 'b', 'c']);
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    const { tasks, goal, run, cells } = sim.session.state;
    expect(tasks.map(t => t.status)).toEqual(['finished', 'finished', 'finished']);
    expect(tasks.map(t => t.progress.step)).toEqual([10, 10, 10]);
    expect(new Set(cells.map(cell => cell.signature)).size).toBe(3);
    expect(goal).toBe('none');
    expect(run?.endedAt).toBeGreaterThan(run?.startedAt ?? Infinity);
  });

  it('measures one task for all of its signature', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: ['m-1', 'm-2', 'n-1'].map(name => spec(name)) });
    sim.settle(name => name[0]!);
    sim.feed({ kind: 'profile-requested', full: true });
    sim.settle();
    expect(sim.session.state.cells).toHaveLength(4);
    expect(sim.session.state.trialsDone).toBe(4);
    expect(sim.session.state.goal).toBe('none');
  });

  it('stops at the goal asked for', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'plan-requested' });
    sim.settle();
    expect(sim.session.state.plan?.fresh).toBe(true);
    expect(sim.status('a')).toBe('ready');
    sim.feed({ kind: 'tasks-added', tasks: [spec('b')] });
    expect(sim.session.state.plan?.fresh).toBe(false);
  });

  it('ignores the answer to an older planning question', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'plan-requested' });
    for (const trial of sim.take('trial')) {
      sim.perform(trial);
    }
    for (const trial of sim.take('trial')) {
      sim.perform(trial);
    }
    const [first] = sim.take('plan');
    sim.feed({ kind: 'plan-requested', excludeTechniques: ['ddp'] });
    sim.perform(first!);
    expect(sim.session.state.plan).toBeUndefined();
    sim.settle();
    expect(sim.session.state.plan?.plan.segments[0]?.strategy.technique).toBe('single');
  });

  it('asks again when something changes while the planner works', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'plan-requested' });
    while (sim.pending[0]?.kind !== 'plan') {
      sim.perform(sim.pending.shift()!);
    }
    const [first] = sim.take('plan');
    sim.feed({ kind: 'tasks-added', tasks: [spec('b')] });
    sim.perform(first!);
    expect(sim.session.state.plan).toBeUndefined();
    sim.settle();
    expect(sim.session.state.plan?.plan.segments.map(s => s.task)).toEqual(['a', 'b']);
  });

  it('keeps the plan that was followed when nothing is left to plan', () => {
    const sim = ready(['a', 'b']);
    sim.feed({ kind: 'profile-requested' });
    sim.settle();
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    const followed = sim.session.state.plan?.plan;
    sim.feed({ kind: 'plan-requested' });
    sim.settle();
    expect(sim.session.state.plan?.plan).toEqual(followed);
    expect(sim.session.state.goal).toBe('none');
  });

  it('runs only the tasks asked for', () => {
    const sim = ready(['a', 'b']);
    sim.feed({ kind: 'run-requested', tasks: ['b'] });
    sim.settle();
    expect([sim.status('a'), sim.status('b')]).toEqual(['ready', 'finished']);
  });
});

/** A session in which everything is measured and the first task of the plan has just begun. */
function training(names: string[]): { sim: SessionHarness; task: string } {
  const sim = ready(names);
  sim.feed({ kind: 'profile-requested', full: true });
  sim.settle();
  sim.feed({ kind: 'run-requested' });
  while (sim.pending[0]?.kind !== 'start') {
    sim.perform(sim.pending.shift()!);
  }
  const [start] = sim.take('start');
  const task = start!.body.task.name;
  sim.group(task, 1, 'started', { step: 0 });
  return { sim, task };
}

describe('trouble while training', () => {
  it('goes on with the others when one task fails', () => {
    const { sim, task } = training(['a', 'b']);
    sim.group(task, 1, 'failed');
    sim.settle();
    expect(sim.session.state.tasks.map(t => t.status).sort()).toEqual(['failed', 'finished']);
  });

  it('marks the cell and plans anew when a strategy runs out of memory', () => {
    const { sim, task } = training(['a', 'b']);
    sim.group(task, 1, 'oom');
    expect(sim.session.state.cells.filter(c => c.status === 'oom')).toHaveLength(1);
    sim.settle();
    const again = sim.session.state.tasks.find(t => t.spec.name === task);
    expect(again?.status).toBe('finished');
    expect(again?.attempts.map(a => [a.strategy.technique, a.outcome])).toEqual([
      ['single', 'oom'],
      ['ddp', 'finished']
    ]);
  });

  it('can plan around a running task whose strategy another task found infeasible', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b'), spec('c')] });
    sim.settle(() => 'same');
    sim.feed({ kind: 'profile-requested', full: true });
    sim.settle();
    sim.feed({ kind: 'run-requested' });
    while (sim.pending[0]?.kind !== 'plan') {
      sim.perform(sim.pending.shift()!);
    }
    const [question] = sim.take('plan');
    const plan = serialPlan(question!.request);
    const beside = { ...plan.segments[1]!, start: 0, end: 11, devices: ['cpu1'] };
    plan.segments[1] = beside;
    sim.feed({ kind: 'plan-made', plan, basis: question!.planRevision });
    expect(sim.take('start').map(s => s.body.devices)).toEqual([['cpu0'], ['cpu1']]);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('b', 1, 'oom');
    const [again] = sim.take('plan');
    const running = again?.request.tasks.find(t => t.name === 'a');
    expect(running?.options.map(o => o.strategy.technique)).toContain('single');
    const waiting = again?.request.tasks.find(t => t.name === 'b');
    expect(waiting?.options.map(o => o.strategy.technique)).toEqual(['ddp']);
  });

  it('starts a lost group again from its checkpoint, three times', () => {
    const { sim, task } = training(['a']);
    sim.group(task, 1, 'checkpoint', { step: 4 });
    for (const attempt of [1, 2, 3]) {
      sim.group(task, attempt, 'lost');
      const [start] = sim.take('start');
      expect(start?.body.attempt).toBe(attempt + 1);
    }
    expect(sim.session.state.tasks[0]?.attempts.at(-1)?.fromStep).toBe(4);
    expect(sim.session.state.notices.at(-1)?.message).toContain('goes on from step 4');
    sim.group(task, 4, 'lost', { error: { code: 'rank-lost', message: 'Gone.', hint: 'Look.' } });
    expect(sim.status(task)).toBe('failed');
    expect(sim.session.state.goal).toBe('none');
    expect(sim.session.state.tasks[0]?.error).toEqual({
      code: 'rank-lost',
      message: 'Gone. This was time 4 without a new checkpoint; it is not started again.',
      hint: `Look. Try it again with %saturn retry ${task}.`
    });
  });

  it('starts a group again that was lost with the zygote, ten times, and says so', () => {
    const { sim, task } = training(['a']);
    const error = { code: 'zygote-lost', message: 'Gone.' };
    sim.group(task, 1, 'lost');
    for (let attempt = 2; attempt <= 11; attempt++) {
      sim.group(task, attempt, 'lost', { error });
      expect(sim.status(task)).toBe('starting');
    }
    expect(sim.session.state.notices.at(-1)).toEqual({
      ...error,
      message: `${task}: Gone. It goes on from the beginning.`
    });
    // They do not count as its own.
    sim.group(task, 12, 'lost');
    sim.group(task, 13, 'lost');
    expect(sim.status(task)).toBe('starting');
    sim.group(task, 14, 'lost', { error });
    expect(sim.session.state.tasks[0]).toMatchObject({
      status: 'failed',
      error: {
        code: 'zygote-lost',
        message: 'Gone. This was time 11 without a new checkpoint; it is not started again.',
        hint: `Try it again with %saturn retry ${task}.`
      }
    });
  });

  it('counts losses with the zygote anew after a new checkpoint', () => {
    const { sim, task } = training(['a']);
    for (let attempt = 1; attempt <= 15; attempt++) {
      sim.group(task, attempt, 'started', { step: 0 });
      if (attempt === 8) {
        sim.group(task, attempt, 'checkpoint', { step: 1 });
      }
      sim.group(task, attempt, 'lost', { error: { code: 'sockets-lost', message: 'Gone.' } });
    }
    expect(sim.status(task)).toBe('starting');
  });

  it('counts losses anew once somebody has asked for the task again', () => {
    const { sim, task } = training(['a']);
    for (const attempt of [1, 2, 3, 4]) {
      sim.group(task, attempt, 'lost');
    }
    expect(sim.status(task)).toBe('failed');
    sim.take('start');
    sim.feed({ kind: 'resume-requested', tasks: [task] });
    while (sim.pending[0]?.kind !== 'start') {
      sim.perform(sim.pending.shift()!);
    }
    for (const attempt of [5, 6, 7]) {
      sim.group(task, attempt, 'lost');
      expect(sim.status(task)).toBe('starting');
    }
    sim.group(task, 8, 'lost');
    expect(sim.status(task)).toBe('failed');
  });

  it('counts no checkpoint as new that was there before', () => {
    const { sim, task } = training(['a']);
    for (const attempt of [1, 2, 3, 4]) {
      sim.group(task, attempt, 'started', { step: 0 });
      sim.group(task, attempt, 'checkpoint', { step: 4 });
      sim.group(task, attempt, 'lost');
    }
    expect(sim.status(task)).toBe('failed');
  });

  it('starts a lost group again for as long as it comes to a new checkpoint in between', () => {
    const { sim, task } = training(['a']);
    for (const attempt of [1, 2, 3, 4, 5, 6]) {
      sim.group(task, attempt, 'started', { step: Math.max(0, attempt - 2) });
      if (attempt < 4) {
        sim.group(task, attempt, 'checkpoint', { step: attempt });
      }
      sim.group(task, attempt, 'lost');
    }
    // Three times since the third one saved: one more is the last.
    expect(sim.session.state.tasks[0]?.attempts).toHaveLength(6);
    expect(sim.status(task)).toBe('failed');
    expect(sim.session.state.tasks[0]?.error?.message).toContain('time 4');
  });

  it('stops and resumes with the remaining steps', () => {
    const { sim, task } = training(['a', 'b']);
    sim.feed({ kind: 'stop-requested' });
    expect(sim.status(task)).toBe('stopping');
    expect(sim.session.state.goal).toBe('none');
    const [stop] = sim.take('stop');
    sim.group(task, stop!.body.attempt, 'stopped', { step: 3 });
    expect(sim.status(task)).toBe('stopped');
    expect(sim.pending.filter(c => c.kind === 'start')).toEqual([]);
    sim.feed({ kind: 'run-requested' });
    const [question] = sim.take('plan');
    expect(question?.request.tasks.map(t => [t.name, t.steps])).toEqual([
      ['a', 7],
      ['b', 10]
    ]);
    sim.perform(question!);
    sim.settle();
    expect(sim.session.state.tasks.every(t => t.status === 'finished')).toBe(true);
  });

  it('plans what a run would go on with after all was stopped, and the run follows that plan', () => {
    const { sim, task } = training(['a', 'b']);
    sim.feed({ kind: 'stop-requested' });
    const [stop] = sim.take('stop');
    sim.group(task, stop!.body.attempt, 'stopped', { step: 3 });
    expect(sim.session.state.plan?.fresh).toBe(false);
    sim.feed({ kind: 'plan-requested', excludeTechniques: ['single'] });
    const [question] = sim.take('plan');
    expect(question?.request.excludeTechniques).toEqual(['single']);
    expect(question?.request.tasks.map(t => [t.name, t.steps])).toEqual([
      ['a', 7],
      ['b', 10]
    ]);
    sim.perform(question!);
    sim.settle();
    const planned = sim.session.state.plan;
    expect(sim.status('a')).toBe('stopped');
    sim.feed({ kind: 'run-requested' });
    expect(sim.take('plan')).toEqual([]);
    const [start] = sim.take('start');
    expect(start?.body.strategy.technique).toBe('ddp');
    expect(sim.session.state.plan?.plan).toEqual(planned?.plan);
  });

  it('leaves out of plans what was stopped alone, as long as others train', () => {
    const { sim, task } = training(['a', 'b', 'c']);
    sim.feed({ kind: 'stop-requested', tasks: ['c'] });
    sim.take('plan');
    sim.feed({ kind: 'plan-requested' });
    const [question] = sim.take('plan');
    expect(question?.request.tasks.map(t => t.name)).toEqual([task, 'b']);
  });

  it('keeps running tasks where they are when planning anew', () => {
    const { sim, task } = training(['a', 'b']);
    sim.group(task, 1, 'step', { step: 5 });
    sim.feed({ kind: 'plan-requested' });
    const [question] = sim.take('plan');
    const running = question?.request.tasks.find(t => t.name === task);
    expect(running?.running?.devices).toEqual(['cpu0']);
    expect(running?.steps).toBe(5);
  });

  it('goes on from checkpoints when the agent comes back without its groups', () => {
    const { sim, task } = training(['a']);
    sim.group(task, 1, 'checkpoint', { step: 6 });
    sim.feed({ kind: 'agent-away' });
    sim.connect(2, []);
    const [start] = sim.take('start');
    expect(start?.body.attempt).toBe(2);
    expect(sim.session.state.tasks[0]?.attempts[1]?.fromStep).toBe(6);
  });

  it('leaves groups alone that the agent still has', () => {
    const { sim, task } = training(['a']);
    sim.feed({ kind: 'agent-away' });
    sim.connect(2, [{ task, attempt: 1 }]);
    expect(sim.status(task)).toBe('running');
    expect(sim.take('start')).toEqual([]);
  });

  it('are asked again to stop when the agent may not have heard it', () => {
    const { sim, task } = training(['a']);
    sim.feed({ kind: 'stop-requested' });
    sim.take('stop');
    sim.connect(2, [{ task, attempt: 1 }]);
    expect(sim.take('stop').map(stop => stop.body.task)).toEqual([task]);
    expect(sim.status(task)).toBe('stopping');
  });

  it('drops late words of an attempt that is over', () => {
    const { sim, task } = training(['a']);
    sim.group(task, 1, 'lost');
    const before = sim.session.state.tasks;
    sim.group(task, 1, 'finished', { step: 10 });
    expect(sim.session.state.tasks).toEqual(before);
  });
});

describe('devices', () => {
  it('are refused by nobody but measured anew when their kind changes', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'profile-requested' });
    sim.settle();
    const other = cpuNode(2);
    other.devices.forEach(device => {
      device.memoryBytes = 5;
    });
    sim.feed({ kind: 'node-changed', node: other });
    expect(sim.session.state.cells).toEqual([]);
  });

  it('make tasks be inspected again when there are more of them', () => {
    const sim = ready(['a'], 1);
    sim.feed({ kind: 'node-changed', node: cpuNode(4) });
    expect(sim.take('inspect')[0]?.body.maxDevices).toBe(4);
  });
});

it('reset forgets tasks and plan, keeps measurements, and archives what was trained', () => {
  const sim = ready(['a']);
  sim.feed({ kind: 'run-requested' });
  sim.settle();
  const cells = sim.session.state.cells;
  sim.feed({ kind: 'reset' });
  expect(sim.session.state.tasks).toEqual([]);
  expect(sim.session.state.plan).toBeUndefined();
  expect(sim.session.state.cells).toEqual(cells);
  expect(sim.take('archive')[0]?.tasks).toEqual(['a']);
});

it('replaying the events gives the same session', () => {
  const { sim, task } = training(['a', 'b', 'c']);
  sim.group(task, 1, 'lost');
  sim.settle();
  let replayed = emptySession('test', '/tmp/test');
  for (const { event, time } of sim.log) {
    replayed = step(replayed, event, time).session;
  }
  expect(replayed).toEqual(sim.session);
});
