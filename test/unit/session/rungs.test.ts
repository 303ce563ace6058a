import { describe, expect, it } from 'vitest';
import type { GroupStart } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, serialPlan, spec } from './sessionHarness.js';

/** Tasks of 20 steps on one device, built. */
function session(...names: string[]): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(1);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.take('inspect');
  for (const name of names) {
    const found = inspection(`sig-${name}`, 20);
    sim.feed({ kind: 'inspected', result: { task: name, hash: 'h', inspection: found } });
  }
  sim.feed({ kind: 'profile-requested' });
  sim.settle();
  return sim;
}

/** Have everything done as asked, a group up to where it is to leave. Which groups there were: `a 2`, `b`. */
function settle(sim: SessionHarness): string[] {
  const groups: string[] = [];
  for (let guard = 0; sim.pending.length > 0 && guard < 200; guard++) {
    const command = sim.pending.shift()!;
    if (command.kind !== 'start') {
      sim.perform(command);
      continue;
    }
    const { task, until } = command.body;
    groups.push(until === undefined ? task.name : `${task.name} ${until}`);
    leave(sim, command.body);
  }
  return groups;
}

function leave(sim: SessionHarness, start: GroupStart): void {
  const { task, attempt, until, steps } = start;
  sim.group(task.name, attempt, 'started', { step: 0 });
  sim.measure(start);
  if (until !== undefined) {
    // It has saved, but not left.
    sim.group(task.name, attempt, 'checkpoint', { step: until });
  }
  sim.group(task.name, attempt, until === undefined ? 'finished' : 'stopped', { step: until ?? steps });
}

describe('a run in which all tasks reach a share of their steps first', () => {
  it('has none go on before all are there, without another plan in between', () => {
    const sim = session('a', 'b', 'c');
    sim.feed({ kind: 'run-requested', early: 0.1 });
    const plans: string[][] = [];
    const groups: string[] = [];
    for (let guard = 0; sim.pending.length > 0 && guard < 200; guard++) {
      const command = sim.pending.shift()!;
      if (command.kind === 'plan' && command.request.explain) {
        plans.push(command.request.tasks.map(task => `${task.name} ${task.steps}+${task.later ?? 0}`));
      }
      if (command.kind === 'start') {
        const { task, until, evaluates = false } = command.body;
        groups.push(`${task.name} ${until} ${evaluates}`);
        leave(sim, command.body);
      } else {
        sim.perform(command);
      }
    }
    expect(plans.slice(0, 2)).toEqual([
      ['a 2+18', 'b 2+18', 'c 2+18'],
      ['a 18+0', 'b 18+0', 'c 18+0']
    ]);
    expect(groups).toEqual([
      'a 2 true',
      'b 2 true',
      'c 2 true',
      'a undefined false',
      'b undefined false',
      'c undefined false'
    ]);
    expect(sim.session.state.early).toBeUndefined();
    expect(sim.session.state.tasks.map(({ target }) => target)).toEqual([undefined, undefined, undefined]);
  });

  it('does not wait for what is stopped, has failed, or cannot be run', () => {
    const sim = session('a', 'b', 'c', 'd');
    sim.feed({ kind: 'run-requested', early: 0.1 });
    const started: string[] = [];
    for (let guard = 0; sim.pending.length > 0 && guard < 200; guard++) {
      const command = sim.pending.shift()!;
      if (command.kind === 'plan') {
        const plan = serialPlan(command.request);
        const segments = plan.segments.filter(({ task }) => task !== 'd');
        const unplanned = [{ task: 'd', reason: 'No.' }];
        sim.feed({ kind: 'plan-made', plan: { ...plan, segments, unplanned }, basis: command.planRevision });
      } else if (command.kind === 'start') {
        const { task, attempt, until } = command.body;
        started.push(`${task.name} ${until}`);
        if (task.name === 'b' && until !== undefined) {
          sim.feed({ kind: 'stop-requested', tasks: ['b'] });
        } else if (task.name === 'c') {
          sim.group('c', attempt, 'failed', { error: { code: 'no', message: 'No.' } });
        } else {
          leave(sim, command.body);
        }
      } else {
        sim.perform(command);
      }
    }
    expect(started).toEqual(['a 2', 'b 2', 'c 2', 'a undefined']);
    expect(['a', 'b', 'c', 'd'].map(name => sim.status(name))).toEqual([
      'finished',
      'stopped',
      'failed',
      'ready'
    ]);
  });

  it('gathers what trains already, and holds what is further', () => {
    const sim = session('a', 'b');
    sim.feed({ kind: 'run-requested' });
    for (let guard = 0; !sim.pending.some(({ kind }) => kind === 'start') && guard < 50; guard++) {
      sim.perform(sim.pending.shift()!);
    }
    sim.take('start');
    sim.group('a', 1, 'started', { step: 0 });
    sim.feed({ kind: 'run-requested', early: 0.1 });
    expect(sim.take('stop').map(({ body }) => body.task)).toEqual(['a']);
    sim.group('a', 1, 'stopped', { step: 7 });
    expect(settle(sim)).toEqual(['b 2', 'a', 'b']);
  });

  it('is forgotten by the next run, and begins as it was planned', () => {
    const sim = session('a', 'b');
    sim.feed({ kind: 'plan-requested', early: 0.5 });
    expect(settle(sim)).toEqual([]);
    const { planRevision } = sim.session;
    sim.feed({ kind: 'run-requested', early: 0.5 });
    expect(sim.session.planRevision).toBe(planRevision);
    expect(sim.take('start').map(({ body }) => [body.task.name, body.until])).toEqual([['a', 10]]);
    sim.group('a', 1, 'stopped', { step: 10 });
    sim.take('start');
    sim.feed({ kind: 'stop-requested' });
    sim.settle();
    sim.feed({ kind: 'run-requested' });
    expect(sim.session.state.early).toBeUndefined();
    expect(settle(sim)).toEqual(['a', 'b']);
  });
});
