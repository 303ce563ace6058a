import { describe, expect, it } from 'vitest';
import { admit } from '../../../src/core/session/admission.js';
import { cpuNode, SessionHarness, spec } from './sessionHarness.js';

const DEVICES = 4;

/** Tasks whose name up to a dash is their signature, inspected. */
function inspected(...names: string[]): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(DEVICES);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.settle(name => name.split('-')[0]!);
  return sim;
}

/** What trials are there, and how far they are. */
const trials = (sim: SessionHarness) =>
  sim.session.state.trials.map(trial => `${trial.task} ${trial.status}`);

it.each([true, undefined])('has the last checkpoints kept of what a run starts: %s', keeps => {
  const sim = inspected('a');
  sim.feed({ kind: 'profile-requested' });
  sim.settle();
  sim.feed({ kind: 'run-requested', ...(keeps && { keeps }) });
  sim.perform(sim.take('plan')[0]!);
  expect(sim.take('start').map(({ body }) => body.keeps)).toEqual([keeps]);
  sim.feed({ kind: 'run-requested' });
  expect(sim.session.state.keeps).toBeUndefined();
});

describe('stopping a trial', () => {
  it('ends those that run and forgets those that wait', () => {
    const sim = inspected('a', 'b', 'c');
    sim.feed({ kind: 'profile-requested', full: true });
    const running = sim.take('trial');
    expect(running.length).toBeGreaterThan(0);
    sim.feed({ kind: 'stop-requested' });
    expect(sim.take('stop-trial').map(({ node, body }) => [node, body.trial])).toEqual(
      running.map(({ node, body }) => [node, body.trial])
    );
    expect(new Set(sim.session.state.trials.map(trial => trial.status))).toEqual(new Set(['stopping']));
  });

  it('leaves no measurement, also when it was done before the stop came', () => {
    const sim = inspected('a');
    sim.feed({ kind: 'profile-requested' });
    const [trial] = sim.take('trial');
    sim.feed({ kind: 'stop-requested' });
    sim.perform(trial!);
    expect(sim.session.state.cells.filter(cell => cell.source === 'measured')).toEqual([]);
    expect(sim.session.state.trials).toEqual([]);
    expect(sim.session.state.trialsDone).toBe(0);
  });

  it('keeps its devices until its node says that it is over', () => {
    const sim = inspected('a');
    sim.feed({ kind: 'profile-requested' });
    const [trial] = sim.take('trial');
    sim.feed({ kind: 'stop-requested' });
    sim.feed({ kind: 'run-requested' });
    expect(sim.take('start')).toEqual([]);
    sim.feed({ kind: 'trial-finished', trial: trial!.body.trial });
    expect(sim.take('start').map(({ body }) => body.strategy)).toEqual([trial!.body.strategy]);
  });

  it('of one task lets it go on where another task waits for the same measurement', () => {
    const sim = inspected('s-1', 's-2', 't-1');
    sim.feed({ kind: 'profile-requested' });
    const ids = new Map(sim.take('trial').map(({ body }) => [body.task.name, body.trial]));
    sim.feed({ kind: 'stop-requested', tasks: ['s-1'] });
    expect(sim.take('stop-trial')).toEqual([]);
    sim.feed({ kind: 'stop-requested', tasks: ['t-1'] });
    expect(sim.take('stop-trial').map(({ body }) => body.trial)).toEqual([ids.get('t-1')]);
    sim.feed({ kind: 'stop-requested', tasks: ['s-2'] });
    expect(sim.take('stop-trial').map(({ body }) => body.trial)).toEqual([ids.get('s-1')]);
  });

  it('by name is not undone by the measuring that goes on, only by being asked for again', () => {
    const sim = inspected('a', 'b');
    sim.feed({ kind: 'profile-requested', full: true });
    sim.feed({ kind: 'stop-requested', tasks: ['a'] });
    sim.settle();
    const measured = () => new Set(sim.session.state.cells.map(cell => cell.signature));
    expect(measured()).toEqual(new Set(['b']));
    expect(sim.session.state.goal).toBe('none');
    sim.feed({ kind: 'profile-requested' });
    sim.settle();
    expect(measured()).toEqual(new Set(['a', 'b']));
  });

  it('is repeated to an agent that may not have heard of it', () => {
    const sim = inspected('a');
    sim.feed({ kind: 'profile-requested' });
    const [trial] = sim.take('trial');
    sim.feed({ kind: 'stop-requested' });
    sim.pending = [];
    const hello = { node: cpuNode(DEVICES), groups: [], trials: [trial!.body.trial], inspecting: [] };
    sim.feed({ kind: 'agent-connected', hello });
    expect(sim.take('stop-trial').map(({ body }) => body.trial)).toEqual([trial!.body.trial]);
    expect(trials(sim)).toEqual(['a stopping']);
    sim.feed({ kind: 'agent-connected', hello: { ...hello, trials: [] } });
    expect(trials(sim)).toEqual([]);
  });

  it('comes with the removal, or the replacement, of the only task that it measures for', () => {
    const sim = inspected('a', 'b');
    sim.feed({ kind: 'profile-requested' });
    const ids = new Map(sim.take('trial').map(({ body }) => [body.task.name, body.trial]));
    expect(ids.size).toBe(2);
    sim.feed({ kind: 'tasks-removed', tasks: ['a'] });
    expect(sim.take('stop-trial').map(({ body }) => body.trial)).toEqual([ids.get('a')]);
    sim.feed({ kind: 'tasks-added', tasks: [spec('b', 'other')] });
    expect(sim.take('stop-trial').map(({ body }) => body.trial)).toEqual([ids.get('b')]);
  });
});

describe('a reset', () => {
  it('ends what runs, whose devices are not free before it is over', () => {
    const sim = inspected('a');
    sim.feed({ kind: 'profile-requested' });
    const [trial] = sim.take('trial');
    sim.feed({ kind: 'tasks-added', tasks: [spec('new')] });
    sim.take('inspect');
    sim.feed({ kind: 'reset' });
    expect(sim.take('stop-trial').map(({ body }) => body.trial)).toEqual([trial!.body.trial]);
    expect(sim.take('stop-inspection').map(({ body }) => body.tasks)).toEqual([['new']]);
    expect(sim.session.state.tasks).toEqual([]);

    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.settle();
    sim.feed({ kind: 'profile-requested', full: true });
    const used = sim.take('trial').flatMap(({ body }) => [body.trial, ...body.devices]);
    expect(used.length).toBeGreaterThan(1);
    for (const held of [trial!.body.trial, ...trial!.body.devices]) {
      expect(used).not.toContain(held);
    }
    sim.feed({ kind: 'trial-finished', trial: trial!.body.trial });
    expect(trials(sim)).toEqual(['a running']);
  });
});

describe('stopping an inspection', () => {
  it('leaves the task stopped, until something needs it', () => {
    for (const wish of ['profile-requested', 'plan-requested', 'run-requested'] as const) {
      const sim = inspected('a');
      sim.feed({ kind: 'tasks-added', tasks: [spec('b')] });
      sim.take('inspect');
      sim.feed({ kind: 'stop-requested' });
      expect(sim.take('stop-inspection').map(({ body }) => body.tasks)).toEqual([['b']]);
      expect(sim.status('b')).toBe('stopped');
      expect(sim.status('a')).toBe('ready');
      sim.feed({ kind: wish });
      expect(sim.status('b')).toBe('inspecting');
      sim.settle();
      expect(sim.session.state.goal).toBe('none');
      expect(sim.status('b')).toBe(wish === 'run-requested' ? 'finished' : 'ready');
    }
  });

  it('lets the others go on', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: [spec('hangs'), spec('fine')] });
    const [inspection] = sim.take('inspect');
    sim.feed({ kind: 'run-requested' });
    sim.feed({ kind: 'stop-requested', tasks: ['hangs'] });
    expect(sim.take('stop-inspection').map(({ body }) => body.tasks)).toEqual([['hangs']]);
    sim.perform(inspection!);
    sim.settle();
    expect(sim.status('fine')).toBe('finished');
    expect(sim.status('hangs')).toBe('stopped');
  });

  it('is made up for when the cell runs again', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.take('inspect');
    sim.feed({ kind: 'stop-requested' });
    const { replaced } = admit(sim.session, [spec('a')], false);
    sim.feed({ kind: 'tasks-added', tasks: [...replaced] });
    sim.settle();
    expect(sim.status('a')).toBe('ready');
  });

  it('comes with the removal, or the replacement, of its task', () => {
    const sim = new SessionHarness();
    sim.connect();
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    sim.take('inspect');
    sim.feed({ kind: 'tasks-added', tasks: [spec('a', 'other')] });
    expect(sim.pending.map(({ kind }) => kind)).toEqual(['stop-inspection', 'inspect']);
    sim.pending = [];
    sim.feed({ kind: 'tasks-removed', tasks: ['b'] });
    expect(sim.take('stop-inspection').map(({ body }) => body.tasks)).toEqual([['b']]);
  });

  it('is said again to an agent that inspects what nobody wants', () => {
    const sim = inspected('a');
    const hello = { node: cpuNode(DEVICES), groups: [], trials: ['trial-9'], inspecting: ['a', 'gone'] };
    sim.feed({ kind: 'agent-connected', hello });
    expect(sim.take('stop-inspection').map(({ body }) => body.tasks)).toEqual([['a', 'gone']]);
    expect(sim.take('stop-trial').map(({ body }) => body.trial)).toEqual(['trial-9']);
  });
});
