import { describe, expect, it } from 'vitest';
import type { GroupStart, InspectResult, SessionEvent, TaskState } from '../../../src/core/wire/messages.js';
import { assertTold } from './replays.js';
import { cellOf, cpuNode, inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

const [ALONE] = STRATEGIES;

/** Tasks that are inspected when a run of them is asked for. */
function hurried(
  names: readonly string[],
  devices = 2,
  before: readonly SessionEvent[] = []
): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  for (const event of before) {
    sim.feed(event);
  }
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.take('inspect');
  sim.feed({ kind: 'run-requested' });
  return sim;
}

const taskOf = (sim: SessionHarness, name: string): TaskState =>
  sim.session.state.tasks.find(({ spec: one }) => one.name === name)!;

/** What is asked of inspections, and for which tasks. */
const asked = (sim: SessionHarness): [string | undefined, string[]][] =>
  sim.take('inspect').map(({ body }) => [body.part, body.tasks.map(({ name }) => name)]);

const starts = (sim: SessionHarness): GroupStart[] => sim.take('start').map(({ body }) => body);

function told(sim: SessionHarness, task: string, result: Partial<InspectResult>): void {
  sim.feed({ kind: 'inspected', result: { task, hash: 'h', kind: 'cpu', ...result } });
}

const first = (sim: SessionHarness, task: string, signature = `sig-${task}`): void =>
  told(sim, task, { inspection: { ...inspection(signature, 10, [ALONE!]), partial: true } });

const whole = (sim: SessionHarness, task: string, signature = `sig-${task}`): void =>
  told(sim, task, { inspection: inspection(signature) });

describe('a run of what is not inspected yet', () => {
  it('has looked for what one device needs, trains by that, and has the rest looked for when it is known of all', () => {
    const sim = hurried(['a', 'b', 'c', 'd']);
    expect(asked(sim)).toEqual([['first', ['a', 'b', 'c', 'd']]]);
    first(sim, 'a');
    expect(starts(sim)).toMatchObject([{ task: { name: 'a' }, strategy: ALONE }]);
    first(sim, 'b');
    expect(starts(sim)).toMatchObject([{ task: { name: 'b' }, strategy: ALONE }]);
    first(sim, 'c');
    expect([asked(sim), starts(sim)]).toEqual([[], []]);
    first(sim, 'd');
    // Those that wait come first.
    expect(asked(sim)).toEqual([['rest', ['c', 'd', 'a', 'b']]]);
    expect(['a', 'c'].map(name => sim.status(name))).toEqual(['starting', 'inspecting']);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'finished', { step: 10 });
    expect(sim.status('c')).toBe('starting');
    for (const name of ['c', 'd', 'b']) {
      whole(sim, name);
    }
    sim.group('b', 1, 'started', { step: 0 });
    sim.group('b', 1, 'finished', { step: 10 });
    sim.settle();
    expect(sim.session.state.tasks.map(({ status }) => status)).toEqual(Array(4).fill('finished'));
    assertTold(sim, 'a hurried run');
  });

  it('takes the longest first of what is known to run', () => {
    const cells = ['short', 'long'].map((signature, place) => ({
      ...cellOf(signature, ALONE!),
      stepSeconds: place + 1
    }));
    const sim = hurried(['a', 'b', 'c', 'd'], 1, [{ kind: 'cells-recalled', cells }]);
    first(sim, 'a', 'short');
    expect(starts(sim)).toMatchObject([{ task: { name: 'a' } }]);
    first(sim, 'b', 'short');
    first(sim, 'c', 'long');
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'finished', { step: 10 });
    expect(starts(sim)).toMatchObject([{ task: { name: 'c' } }]);
  });

  it('stops what the rest shows that cannot be trained, and says why', () => {
    const sim = hurried(['a', 'b']);
    first(sim, 'a');
    first(sim, 'b');
    sim.group('a', 1, 'started', { step: 0 });
    sim.take('stop');
    starts(sim);
    told(sim, 'a', { error: { code: 'hidden-state', message: 'It remembers.' } });
    expect(sim.take('stop')).toMatchObject([{ body: { task: 'a', attempt: 1 } }]);
    expect(sim.status('a')).toBe('stopping');
    sim.group('a', 1, 'stopped', { step: 3 });
    expect(sim.status('a')).toBe('invalid');
    expect(taskOf(sim, 'a').error?.code).toBe('hidden-state');
    expect(starts(sim).filter(({ task }) => task.name === 'a')).toEqual([]);
    assertTold(sim, 'a refusal that comes late');
  });

  it('refuses at once what shows at first', () => {
    const sim = hurried(['a', 'b', 'c']);
    told(sim, 'a', { error: { code: 'hidden-state', message: 'It remembers.' } });
    expect([sim.status('a'), starts(sim)]).toEqual(['invalid', []]);
  });

  it('goes on with what was stopped by what is known of it, and looks for the rest again', () => {
    const sim = hurried(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) {
      first(sim, name);
    }
    starts(sim);
    asked(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.feed({ kind: 'stop-requested', tasks: ['a'] });
    sim.group('a', 1, 'stopped', { step: 3 });
    expect(taskOf(sim, 'a')).toMatchObject({ status: 'stopped', inspection: { partial: true } });
    whole(sim, 'a');
    expect(taskOf(sim, 'a').inspection?.partial).toBe(true);
    sim.feed({ kind: 'resume-requested', tasks: ['a'] });
    expect(asked(sim)).toEqual([['rest', ['a']]]);
    whole(sim, 'a');
    expect(taskOf(sim, 'a').inspection?.partial).toBeUndefined();
  });

  it.each(['oom', 'failed'] as const)('has what does not work on one device wait for the rest: %s', kind => {
    const sim = hurried(['a', 'b']);
    first(sim, 'a');
    first(sim, 'b');
    starts(sim);
    sim.group('a', 1, kind, { error: { code: kind, message: 'It does not.' } });
    expect([sim.status('a'), starts(sim)]).toEqual(['inspecting', []]);
    whole(sim, 'a');
    expect(['inspecting', 'failed', 'invalid']).not.toContain(sim.status('a'));
    assertTold(sim, `one that does not work alone: ${kind}`);
  });

  it('puts the rest of others off for the first of those that come', () => {
    const sim = hurried(['a', 'b', 'c'], 1);
    for (const name of ['a', 'b', 'c']) {
      first(sim, name);
    }
    expect(asked(sim).at(-1)).toEqual(['rest', ['b', 'c', 'a']]);
    sim.feed({ kind: 'tasks-added', tasks: [spec('d')] });
    expect(sim.take('stop-inspection')).toMatchObject([{ body: { tasks: ['a', 'b', 'c'] } }]);
    expect(asked(sim)).toEqual([['first', ['d']]]);
    first(sim, 'd');
    expect(asked(sim)).toEqual([['rest', ['b', 'c', 'd', 'a']]]);
  });

  it('asks a new agent for what is missing', () => {
    const sim = hurried(['a', 'b', 'c'], 1);
    first(sim, 'a');
    asked(sim);
    sim.connect(1, [{ task: 'a', attempt: 1 }]);
    expect(asked(sim)).toEqual([['first', ['b', 'c']]]);
    first(sim, 'b');
    first(sim, 'c');
    asked(sim);
    sim.connect(1, [{ task: 'a', attempt: 1 }]);
    expect(asked(sim)).toEqual([['rest', ['b', 'c', 'a']]]);
  });
});

describe('all is looked for at once', () => {
  const notHurried = (sim: SessionHarness): void => expect(asked(sim)).toEqual([]);

  it('where there are more devices than tasks', () => notHurried(hurried(['a'])));

  it('where only a plan can weigh what is wanted', () => {
    notHurried(
      hurried(['a', 'b', 'c'], 1, [{ kind: 'wishes-set', session: { set: { deviceSeconds: 15 } } }])
    );
  });

  it('where tasks are not to be moved', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b'].map(name => spec(name)) });
    sim.take('inspect');
    sim.feed({ kind: 'run-requested', switches: 'never' });
    notHurried(sim);
  });

  it('for GPUs, whose memory is to be known first', () => {
    const sim = new SessionHarness();
    const node = cpuNode(1);
    const devices = node.devices.map(device => ({ ...device, kind: 'cuda' as const }));
    sim.feed({
      kind: 'agent-connected',
      hello: { node: { ...node, devices }, groups: [], trials: [], inspecting: [] }
    });
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b'].map(name => spec(name)) });
    sim.take('inspect');
    sim.feed({ kind: 'run-requested' });
    notHurried(sim);
  });

  it('before a run is wanted', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b'].map(name => spec(name)) });
    expect(asked(sim)).toEqual([[undefined, ['a', 'b']]]);
    sim.feed({ kind: 'plan-requested' });
    notHurried(sim);
  });
});
