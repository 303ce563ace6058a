import { describe, expect, it } from 'vitest';
import { refuseUnknownTechniques } from '../../../src/core/session/profileTable.js';
import { wishesEvent } from '../../../src/core/session/wishRequests.js';
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

/** The planner answers what it is asked. */
function planned(sim: SessionHarness): void {
  for (const command of sim.take('plan')) {
    sim.perform(command);
  }
}

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

  it('leaves to the plan what was measured by more than one device before, unless many wait for each', () => {
    const cells = STRATEGIES.map(strategy => cellOf('sig', strategy));
    const begun = (names: readonly string[]): GroupStart[] => {
      const sim = hurried(names, 2, [{ kind: 'cells-recalled', cells }]);
      for (const name of names) {
        first(sim, name, 'sig');
      }
      expect(asked(sim).at(-1)?.[0]).toBe('rest');
      return starts(sim);
    };
    expect(begun(['a', 'b', 'c'])).toEqual([]);
    expect(begun(['a', 'b', 'c', 'd'])).toHaveLength(2);
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

  it.each(['host-out-of-memory', 'factory-failed', 'zygote-lost'])(
    'lets train what cannot be built for the rest: %s',
    code => {
      const sim = hurried(['a', 'b', 'c']);
      for (const name of ['a', 'b', 'c']) {
        first(sim, name);
      }
      sim.group('a', 1, 'started', { step: 0 });
      for (const name of ['a', 'b', 'c']) {
        told(sim, name, { error: { code, message: 'It was killed.' } });
      }
      expect(['a', 'b', 'c'].map(name => sim.status(name))).toEqual(['running', 'starting', 'ready']);
      expect(sim.take('stop')).toEqual([]);
      const { inspection: known, error, look } = taskOf(sim, 'a');
      expect([known?.partial, error, look]).toEqual([undefined, undefined, undefined]);
      expect(known?.warnings.join()).toMatch(/so it is trained on one device: It was killed\./);
      sim.settle();
      expect(sim.session.state.tasks.map(({ status }) => status)).toEqual(Array(3).fill('finished'));
      assertTold(sim, 'builds that are lost');
    }
  );

  it('pauses once while the disk is full, and looks for the rest when there is room', () => {
    const sim = hurried(['a', 'b']);
    first(sim, 'a');
    first(sim, 'b');
    sim.group('a', 1, 'started', { step: 0 });
    expect(asked(sim).at(-1)).toEqual(['rest', ['b', 'a']]);
    told(sim, 'a', { error: { code: 'disk-full', message: 'The disk is full.' } });
    expect(sim.session.state.pause).toBeDefined();
    expect([asked(sim), sim.status('a')]).toEqual([[], 'stopping']);
    sim.group('a', 1, 'stopped', { step: 3 });
    expect(asked(sim)).toEqual([]);
    sim.feed({ kind: 'storage-free' });
    expect(asked(sim)).toEqual([['rest', expect.arrayContaining(['a', 'b'])]]);
  });

  it('leaves finished what ends before it can be stopped', () => {
    const sim = hurried(['a', 'b']);
    first(sim, 'a');
    first(sim, 'b');
    sim.group('a', 1, 'started', { step: 0 });
    told(sim, 'a', { error: { code: 'hidden-state', message: 'It remembers.' } });
    sim.group('a', 1, 'finished', { step: 10 });
    expect(taskOf(sim, 'a')).toMatchObject({ status: 'finished', inspection: { partial: true } });
    expect(taskOf(sim, 'a').look).toBeUndefined();
  });

  it('has the rest of what is stopped looked for no more, and again when it is to be planned', () => {
    const sim = hurried(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) {
      first(sim, name);
    }
    sim.group('a', 1, 'started', { step: 0 });
    asked(sim);
    sim.take('stop-inspection');
    sim.feed({ kind: 'stop-requested' });
    expect(sim.take('stop-inspection')).toMatchObject([{ body: { tasks: ['a', 'b', 'c'] } }]);
    sim.group('a', 1, 'stopped', { step: 3 });
    sim.group('b', 1, 'stopped', { step: 0 });
    expect(asked(sim)).toEqual([]);
    sim.take('plan');
    sim.feed({ kind: 'plan-requested' });
    const names = asked(sim).flatMap(([, tasks]) => tasks);
    expect(names.sort()).toEqual(['a', 'b', 'c']);
    expect(sim.take('plan')).toEqual([]);
    for (const name of ['a', 'b', 'c']) {
      whole(sim, name);
    }
    expect(sim.session.state.tasks.map(({ inspection: one }) => one?.partial)).toEqual(
      Array(3).fill(undefined)
    );
    sim.settle();
    expect(sim.session.state.plan?.plan.unplanned).toEqual([]);
  });

  it('has the rest of what is taken out looked for no more', () => {
    const sim = hurried(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) {
      first(sim, name);
    }
    sim.take('stop-inspection');
    sim.feed({ kind: 'tasks-removed', tasks: ['a'] });
    sim.group('a', 1, 'stopped', { step: 0 });
    expect(sim.take('stop-inspection')).toMatchObject([{ body: { tasks: ['a'] } }]);
  });

  it('begins beside a plan on devices for which that has nothing', () => {
    const sim = hurried(['n', 'a', 'b', 'slow']);
    asked(sim);
    told(sim, 'n', { inspection: { ...inspection('sig-n', 10, [ALONE!]), native: 'It trains by itself' } });
    sim.settle();
    expect(sim.status('n')).toBe('finished');
    first(sim, 'a');
    first(sim, 'b');
    expect(starts(sim).map(({ task }) => task.name)).toEqual(['a', 'b']);
    expect(sim.status('slow')).toBe('inspecting');
  });

  it('looks for all at once when a device of another kind joins', () => {
    const sim = hurried(['a', 'b', 'c']);
    first(sim, 'a');
    asked(sim);
    const gpu = { ...cpuNode(1, 'gpu'), devices: [{ ...cpuNode(1).devices[0]!, kind: 'cuda' as const }] };
    sim.feed({
      kind: 'agent-connected',
      hello: { node: gpu, far: true, groups: [], trials: [], inspecting: [] }
    });
    expect(sim.take('stop-inspection')).toMatchObject([{ body: { tasks: ['b', 'c'] } }]);
    expect(asked(sim)).toEqual(expect.arrayContaining([[undefined, ['b', 'c']]]));
    told(sim, 'b', { kind: 'cuda', inspection: inspection('sig-b') });
    // It was on its way.
    first(sim, 'b');
    whole(sim, 'b');
    const kinds = taskOf(sim, 'b').inspection!.feasibility.map(({ kind, strategy }) => [
      kind,
      strategy.devices
    ]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        ['cuda', 2],
        ['cpu', 2]
      ])
    );
  });

  it('takes no technique for unknown of which nothing was looked for yet', () => {
    const sim = hurried(['a', 'b']);
    first(sim, 'a');
    const set = { pin: { strategy: { technique: 'ddp', devices: 2 } } };
    expect(() => wishesEvent(sim.session, { tasks: [{ tasks: ['a'], set }] }, sim.time)).not.toThrow();
    const exclude = () => refuseUnknownTechniques(sim.session.state.tasks, ['ddp', 'dpd']);
    expect(exclude).not.toThrow();
    first(sim, 'b');
    whole(sim, 'a');
    expect(exclude).toThrow('There is no technique "dpd".');
  });

  it('asks for the rest again of which an engine died before it said so', () => {
    const sim = hurried(['a', 'b']);
    first(sim, 'a');
    first(sim, 'b');
    asked(sim);
    sim.feed({
      kind: 'agent-connected',
      hello: {
        node: cpuNode(2),
        groups: ['a', 'b'].map(task => ({ task, attempt: 1 })),
        trials: [],
        inspecting: ['b']
      }
    });
    expect(asked(sim)).toEqual([['rest', ['a']]]);
    first(sim, 'b');
    expect(asked(sim)).toEqual([['rest', ['b']]]);
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

describe('an agent that is lost before anything was measured', () => {
  it('leaves tasks that begin again, though a plan was made meanwhile', () => {
    const sim = hurried(['a', 'b']);
    first(sim, 'a', 'sig');
    first(sim, 'b', 'sig');
    expect(starts(sim)).toHaveLength(2);
    planned(sim);
    sim.connect(2);
    planned(sim);
    expect(starts(sim).map(({ task, attempt }) => [task.name, attempt])).toEqual([
      ['a', 2],
      ['b', 2]
    ]);
    expect(sim.session.state).toMatchObject({ goal: 'run' });
    expect(sim.session.state.run?.endedAt).toBeUndefined();
    assertTold(sim, 'a lost agent');
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
