import { beforeAll, describe, expect, it } from 'vitest';
import { plan } from '../../../src/core/planner/plan.js';
import type { Command } from '../../../src/core/session/command.js';
import { MAX_LOST } from '../../../src/core/session/rankGroups.js';
import { emptySession, isActive } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { GroupEvent, ProfileCell, Strategy } from '../../../src/core/wire/messages.js';
import { devicesInUse } from './deviceUse.js';
import { inspection, SessionHarness, STRATEGIES, serialPlan, spec } from './sessionHarness.js';

const STEPS = 100;

function cell(name: string, strategy: Strategy, stepSeconds: number): ProfileCell {
  const times = { stepSeconds, startSeconds: 0.1, saveSeconds: 0.1, spreadSeconds: 0.001 };
  return { signature: `sig-${name}`, strategy, status: 'ok', source: 'measured', ...times };
}

/** A session in which `a` trains on one device and is to move to both, which another has left; `b` is finished. */
async function moving(): Promise<SessionHarness> {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
  for (const task of ['a', 'b']) {
    const found = inspection(`sig-${task}`, STEPS);
    sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: found } });
  }
  const [single, ddp] = STRATEGIES as [Strategy, Strategy];
  sim.feed({
    kind: 'cells-recalled',
    cells: ['a', 'b'].flatMap(name => [cell(name, single, 1), cell(name, ddp, 0.6)])
  });
  sim.feed({ kind: 'run-requested' });
  const answer = async (): Promise<void> => {
    const { request, planRevision } = sim.take('plan').at(-1)!;
    const made = await plan({ ...request, budget: { iterations: 2000 } });
    sim.feed({ kind: 'plan-made', plan: made, basis: planRevision }, 0);
  };
  while (sim.status('a') !== 'starting') {
    await answer();
  }
  sim.group('a', 1, 'started', { step: 0 });
  sim.group('b', 1, 'started', { step: 0 });
  sim.pending = [];
  sim.time += 50;
  sim.group('a', 1, 'step', { step: 20, stepSeconds: 1 });
  sim.group('a', 1, 'measured', { cell: cell('a', single, 1) });
  sim.group('b', 1, 'finished', { step: STEPS });
  await answer();
  return sim;
}

/** A rank group of `a`, as the agent has it. */
interface IGroup {
  readonly number: number;
  readonly after?: number | undefined;
  readonly state: 'held' | 'ready' | 'starting' | 'training';
  readonly leaving: boolean;
}

type Ending = 'stopped' | 'finished' | 'failed' | 'lost' | 'oom';

/** A session with an agent that does to `a` what the protocol allows, in any order. */
class Scene {
  constructor(
    readonly sim: SessionHarness,
    readonly groups: readonly IGroup[],
    readonly done: readonly string[] = []
  ) {}

  /** What can happen next: its name, and what is then. */
  next(): [string, () => Scene][] {
    const { groups, done } = this;
    const events = groups.flatMap((group): [string, () => Scene][] => {
      const { number, state, leaving } = group;
      const end = (kind: Ending, step?: number): [string, () => Scene] => [
        `${kind} ${number}`,
        () => this._ends(group, kind, step)
      ];
      const isHeld = state === 'held' || state === 'ready';
      const own: [string, () => Scene][] = isHeld
        ? leaving
          ? [end('stopped')]
          : []
        : [end('finished', STEPS), ...(leaving ? [end('stopped', 40 + number)] : []), end('oom')];
      const turn: [string, () => Scene][] =
        state === 'held'
          ? [[`ready ${number}`, () => this._tells(group, 'ready')]]
          : state === 'starting'
            ? [[`started ${number}`, () => this._tells(group, 'started')]]
            : [];
      return [...own, ...turn, end('failed'), end('lost')];
    });
    const alive = groups.map(({ number }) => ({ task: 'a', attempt: number }));
    const once: [string, () => Scene][] = [
      ['stop', () => this._after(sim => sim.feed({ kind: 'stop-requested', tasks: ['a'] }))],
      ['resume', () => this._after(sim => sim.feed({ kind: 'resume-requested', tasks: ['a'] }))],
      ['remove', () => this._after(sim => sim.feed({ kind: 'tasks-removed', tasks: ['a'] }))],
      ['engine dies', () => this._after(sim => sim.connect(2, alive))],
      ['agent dies', () => this._after(sim => sim.connect(2), [])]
    ];
    return [...events, ...once.filter(([name]) => !done.includes(name))].map(([name, go]) => [
      name,
      () => {
        const scene = go();
        return new Scene(scene.sim, scene.groups, [...done, name]);
      }
    ]);
  }

  private _tells(group: IGroup, kind: 'ready' | 'started'): Scene {
    const state = kind === 'ready' ? 'ready' : 'training';
    const groups = this.groups.map(one => (one === group ? { ...one, state } : one) as IGroup);
    const from = this.sim.session.state.tasks[0]?.checkpointStep ?? 0;
    return this._after(
      sim => sim.group('a', group.number, kind, kind === 'ready' ? {} : { step: from }),
      groups
    );
  }

  /** What takes over from a group that ends goes on, or ends as well. */
  private _ends(group: IGroup, kind: Ending, step?: number): Scene {
    const groups = this.groups.flatMap((one): IGroup[] =>
      one === group
        ? []
        : one.after === group.number
          ? kind === 'finished'
            ? []
            : [{ number: one.number, leaving: one.leaving, state: 'starting' }]
          : [one]
    );
    const gone = this.groups.filter(
      one => one !== group && groups.every(({ number }) => number !== one.number)
    );
    const more: Partial<GroupEvent> = {
      ...(step !== undefined && { step }),
      ...(kind === 'failed' && { error: { code: 'training-failed', message: 'It fails.' } })
    };
    return this._after(sim => {
      sim.group('a', group.number, kind, more);
      for (const { number } of gone) {
        sim.group('a', number, 'stopped');
      }
    }, groups);
  }

  private _after(act: (sim: SessionHarness) => void, groups = this.groups): Scene {
    const sim = new SessionHarness();
    sim.session = this.sim.session;
    sim.time = this.sim.time;
    sim.log.push(...this.sim.log);
    act(sim);
    return new Scene(sim, obeyed(sim, groups));
  }
}

/** The groups after all commands; other tasks are trained at once, and each question answered. */
function obeyed(sim: SessionHarness, before: readonly IGroup[]): IGroup[] {
  let groups = [...before];
  const obey = (command: Command): void => {
    if (command.kind === 'start' && command.body.task.name === 'a') {
      const { attempt: number, after } = command.body;
      const isHeld = groups.some(one => one.number === after);
      if (groups.length > (isHeld ? 1 : 0)) {
        throw new Error('Two groups train one task.');
      }
      groups.push({ number, leaving: false, ...(isHeld ? { after, state: 'held' } : { state: 'starting' }) });
    } else if (command.kind === 'stop') {
      groups = groups.map(one => (one.number === command.body.attempt ? { ...one, leaving: true } : one));
    } else if (command.kind === 'plan') {
      sim.feed({ kind: 'plan-made', plan: serialPlan(command.request), basis: command.planRevision }, 0);
    } else {
      sim.perform(command);
    }
  };
  while (sim.pending.length > 0) {
    obey(sim.pending.shift()!);
    assertSane(sim);
  }
  assertSane(sim);
  return groups;
}

function assertSane({ session: { state } }: SessionHarness): void {
  const used = devicesInUse(state);
  const isSane = state.tasks.every(task => {
    const numbers = [...task.attempts, ...(task.next ? [task.next] : [])].map(({ number }) => number);
    const ascend = numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
    return ascend && (task.next === undefined || isActive(task));
  });
  if (!isSane || new Set(used).size < used.length) {
    throw new Error(JSON.stringify(state.tasks));
  }
}

/** What happens when nothing goes wrong any more; first those that are to leave. */
const CALM = [/^stopped/, /^ready/, /^started/, /^finished/];

function assertComesToRest(scene: Scene): void {
  let last = scene;
  for (let guard = 0; last.groups.length > 0; guard++) {
    expect(guard, last.done.join(', ')).toBeLessThan(20);
    const possible = last.next();
    const chosen = CALM.flatMap(name => possible.filter(([one]) => name.test(one)))[0]!;
    last = chosen[1]();
  }
  const { tasks, goal } = last.sim.session.state;
  const what = last.done.join(', ');
  const [a] = tasks.filter(({ spec: { name } }) => name === 'a');
  expect(goal, what).toBe('none');
  expect(a === undefined, what).toBe(last.done.includes('remove'));
  if (a) {
    const happened = (name: string): number => last.done.filter(one => one.startsWith(name)).length;
    const status = [
      ...(happened('stop') > happened('stopped') ? ['stopped'] : []),
      ...(happened('failed') > 0 || happened('lost') > MAX_LOST ? ['failed'] : []),
      // No strategy is left.
      ...(happened('oom') > 1 ? ['ready'] : [])
    ];
    expect(happened('finished') > 0 ? ['finished'] : status, what).toContain(a.status);
    expect(
      a.attempts.every(({ endedAt }) => endedAt !== undefined),
      what
    ).toBe(true);
  }
}

describe('a group that takes over from another', () => {
  let begin: SessionHarness;

  beforeAll(async () => {
    begin = await moving();
  });

  it('leaves a sane session in whatever order things happen, and a replay gives the same', () => {
    const first = new Scene(begin, [{ number: 1, state: 'training', leaving: false }]);
    const commands = begin.pending;
    expect(commands.map(({ kind }) => kind)).toContain('start');
    const sim = new SessionHarness();
    Object.assign(sim, { session: begin.session, time: begin.time, pending: [...commands] });
    sim.log.push(...begin.log);
    let edge = [new Scene(sim, obeyed(sim, first.groups))];
    let count = 0;
    for (let depth = 0; depth < 4; depth++) {
      edge = edge.flatMap(scene => scene.next().map(([, go]) => go()));
      count += edge.length;
    }
    expect(count).toBeGreaterThan(1000);
    for (const scene of edge) {
      assertComesToRest(scene);
    }
    for (const scene of edge.filter((_, index) => index % 50 === 0)) {
      let replayed = emptySession('test', '/tmp/test');
      for (const { event, time } of scene.sim.log) {
        replayed = step(replayed, event, time).session;
      }
      expect(replayed).toEqual(scene.sim.session);
    }
  });
});
