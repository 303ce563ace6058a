import { describe, expect, it } from 'vitest';
import { planRequest } from '../../../src/core/session/planRequest.js';
import type {
  DeviceKind,
  InspectResult,
  Node,
  Strategy,
  TaskState
} from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

const SINGLE: Strategy = { technique: 'single', devices: 1 };
const FSDP: Strategy = { technique: 'fsdp', devices: 1 };
const ERROR = { code: 'no-gpu', message: 'It wants a GPU.' };

function node(id: string, kind: DeviceKind, devices = 1): Node {
  return {
    id,
    devices: Array.from({ length: devices }, (_, i) => ({
      id: `${kind}${i}`,
      kind,
      name: kind,
      model: `model of ${kind}`,
      memoryBytes: 1e9
    }))
  };
}

/** A session on some nodes, the first its own. */
class Mixed extends SessionHarness {
  constructor(...nodes: readonly Node[]) {
    super();
    for (const [index, one] of nodes.entries()) {
      this.come(one, index > 0);
    }
  }

  come(one: Node, far = true): void {
    const hello = { node: one, groups: [], trials: [], inspecting: [], ...(far && { far }) };
    this.feed({ kind: 'agent-connected', hello });
  }

  add(...names: string[]): void {
    this.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  }

  /** What was asked of which node since it was looked last. */
  asked(): [string, string[]][] {
    return this.take('inspect').map(({ node: where, body }) => [where, body.tasks.map(({ name }) => name)]);
  }

  tell(task: string, kind: DeviceKind, found: Partial<InspectResult>): void {
    this.feed({ kind: 'inspected', results: [{ task, hash: 'h', kind, ...found }] });
  }

  task(name: string): TaskState {
    return this.session.state.tasks.find(({ spec }) => spec.name === name)!;
  }

  verdicts(name: string): string[] {
    return (this.task(name).inspection?.feasibility ?? []).map(
      ({ strategy, kind = 'any', feasible }) => `${strategy.technique} on ${kind}: ${feasible ? 'yes' : 'no'}`
    );
  }
}

const found = (...strategies: Strategy[]) => ({ inspection: inspection('s', 10, strategies) });

describe('a cluster of unlike nodes', () => {
  it('has tasks inspected by one node for each kind of device; they wait for both', () => {
    const sim = new Mixed(node('own', 'cpu'), node('far', 'cuda'), node('farther', 'cuda'));
    sim.add('a');
    expect(sim.asked()).toEqual([
      ['own', ['a']],
      ['far', ['a']]
    ]);
    sim.tell('a', 'cpu', found(SINGLE));
    expect(sim.task('a').status).toBe('inspecting');
    sim.tell('a', 'cuda', found(SINGLE, FSDP));
    expect(sim.task('a').status).toBe('ready');
    expect(sim.verdicts('a')).toEqual(['single on cuda: yes', 'fsdp on cuda: yes', 'single on cpu: yes']);
  });

  it('measures and plans a task only where it can be built', () => {
    const sim = new Mixed(node('own', 'cpu'), node('far', 'cuda'));
    sim.add('a', 'b');
    sim.asked();
    for (const task of ['a', 'b']) {
      sim.tell(task, 'cuda', found(SINGLE));
      sim.tell(task, 'cpu', task === 'a' ? { error: ERROR } : { inspection: inspection('t', 10, [SINGLE]) });
    }
    expect(sim.task('a').status).toBe('ready');
    expect(sim.verdicts('a')).toEqual(['single on cuda: yes']);
    sim.feed({ kind: 'profile-requested', full: true });
    const places: string[] = [];
    for (let trials = sim.take('trial'); trials.length > 0; trials = sim.take('trial')) {
      for (const trial of trials) {
        places.push(`${trial.body.task.name} on ${trial.node}`);
        sim.perform(trial);
      }
    }
    expect(places).toEqual(['a on far']);
    // Of the other it is said that it is another task there.
    expect(sim.task('b').inspection?.feasibility.at(-1)).toMatchObject({ kind: 'cpu', feasible: false });
    const [a] = planRequest(sim.session.state, sim.time).tasks;
    expect(a?.options.map(({ nodes }) => nodes)).toEqual([['far']]);
  });

  it('knows a task to be invalid once it can be built for no kind', () => {
    const sim = new Mixed(node('own', 'cpu'), node('far', 'cuda'));
    sim.add('a');
    sim.tell('a', 'cpu', { error: ERROR });
    expect(sim.task('a').status).toBe('inspecting');
    const error = { code: 'error', message: 'It cannot be built.' };
    sim.tell('a', 'cuda', { error });
    expect(sim.task('a')).toMatchObject({ status: 'invalid', error });
  });

  it('has a task that needs a device inspected on one of its kind', () => {
    const sim = new Mixed(node('own', 'cpu'), node('far', 'cuda'));
    sim.add('a');
    sim.asked();
    sim.tell('a', 'cuda', { error: ERROR, needsDevice: true });
    expect(sim.task('a').onDevice).toEqual({ kind: 'cuda', node: 'far', device: 'cuda0' });
    sim.tell('a', 'cpu', { error: ERROR });
    expect(sim.task('a')).toMatchObject({ status: 'inspecting', onDevice: { device: 'cuda0' } });
    sim.tell('a', 'cuda', found(SINGLE));
    expect(sim.task('a')).toMatchObject({ status: 'ready' });
    expect(sim.task('a').onDevice).toBeUndefined();
  });

  it('waits for no devices that are gone', () => {
    const sim = new Mixed(node('own', 'cpu'), node('far', 'cuda'));
    sim.add('a', 'b');
    sim.tell('a', 'cpu', found(SINGLE));
    sim.tell('b', 'cpu', { error: ERROR });
    sim.tell('b', 'cuda', { error: ERROR, needsDevice: true });
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.task('a').status).toBe('ready');
    expect(sim.task('b').status).toBe('invalid');
  });
});

describe('devices of another kind that come', () => {
  function known(): Mixed {
    const sim = new Mixed(node('own', 'cpu'));
    sim.add('a', 'b', 'c');
    sim.asked();
    for (const task of ['a', 'b']) {
      sim.tell(task, 'cpu', found(SINGLE));
    }
    sim.tell('c', 'cpu', { error: ERROR });
    return sim;
  }

  it('have tasks inspected for them alone, and what is ready stays so', () => {
    const sim = known();
    expect(sim.verdicts('a')).toEqual(['single on any: yes']);
    sim.come(node('far', 'cuda'));
    expect(sim.asked()).toEqual([['far', ['a', 'b', 'c']]]);
    expect(sim.task('a').status).toBe('ready');
    // What could be built nowhere is looked at once more.
    expect(sim.task('c').status).toBe('inspecting');
    sim.tell('a', 'cuda', found(FSDP));
    expect(sim.verdicts('a')).toEqual(['fsdp on cuda: yes', 'single on cpu: yes']);
    sim.tell('c', 'cuda', found(FSDP));
    expect(sim.task('c').status).toBe('ready');
    expect(sim.verdicts('c')).toEqual(['fsdp on cuda: yes']);
    // Another of the kind tells nothing new.
    sim.come(node('farther', 'cuda'));
    expect(sim.asked()).toEqual([]);
  });

  it('are asked about again when the node that inspects for them is lost', () => {
    const sim = known();
    sim.come(node('far', 'cuda'));
    sim.come(node('farther', 'cuda'));
    sim.asked();
    sim.tell('a', 'cuda', found(FSDP));
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.asked()).toEqual([['farther', ['b', 'c']]]);
  });

  it('have tasks that train inspected as well, which go on', () => {
    const sim = known();
    sim.feed({ kind: 'run-requested', tasks: ['a'] });
    for (let pending = sim.pending.splice(0); pending.length > 0; pending = sim.pending.splice(0)) {
      for (const command of pending) {
        if (command.kind === 'start') {
          const { task, attempt } = command.body;
          sim.group(task.name, attempt, 'started', { step: 0 });
        } else {
          sim.perform(command);
        }
      }
    }
    expect(sim.task('a').status).toBe('running');
    sim.come(node('far', 'cuda'));
    expect(sim.asked()).toEqual([['far', ['a', 'b', 'c']]]);
    sim.tell('a', 'cuda', found(FSDP));
    expect(sim.task('a').status).toBe('running');
    expect(sim.verdicts('a')).toEqual(['fsdp on cuda: yes', 'single on cpu: yes']);
  });

  it('stay judged when those of the first kind leave', () => {
    const sim = known();
    sim.come(node('far', 'cuda'));
    sim.tell('a', 'cuda', found(FSDP));
    sim.feed({ kind: 'agent-away' });
    sim.come(node('elsewhere', 'cuda'), false);
    sim.come(node('far', 'cuda'));
    expect(sim.session.state.cluster?.nodes.map(({ id }) => id).sort()).toEqual(['elsewhere', 'far']);
    expect(sim.task('a').status).toBe('ready');
  });
});
