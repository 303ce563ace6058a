import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import { widestSpan } from '../../../src/core/session/spanning.js';
import { progressLine } from '../../../src/core/view/status/progressLine.js';
import type { BridgeReport, BridgeRequest } from '../../../src/core/wire/messages.js';
import { cpuNode, inspection, SessionHarness, spec } from './sessionHarness.js';

const REQUEST: BridgeRequest = { ray: { address: 'head:1' } };
const CONNECTED: BridgeReport = {
  state: 'connected',
  address: '10.0.0.1:1',
  nodes: [{ id: 'far', address: '10.0.0.2' }]
};
const LOST: BridgeReport = { state: 'failed', error: { code: 'bridge-died', message: 'It died.' } };

const report = (sim: SessionHarness, told: BridgeReport) =>
  sim.feed({ kind: 'bridge-reported', report: told });

/** A session that has joined a cluster of one more node. */
function joined(): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(1);
  sim.feed({ kind: 'bridge-wanted', request: REQUEST });
  sim.join('far');
  report(sim, CONNECTED);
  sim.settle();
  return sim;
}

/** Of that one: a task trains on each node. */
function training(): SessionHarness {
  const sim = joined();
  sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
  sim.settle();
  sim.feed({ kind: 'profile-requested' });
  sim.settle();
  sim.feed({ kind: 'run-requested' });
  const [plan] = sim.take('plan');
  const at = (task: string, node: string) => ({
    task,
    node,
    devices: ['cpu0'],
    strategy: { technique: 'single', devices: 1 },
    start: 0,
    end: 11,
    steps: 10
  });
  sim.feed({
    kind: 'plan-made',
    basis: plan!.planRevision,
    plan: {
      segments: [at('a', 'node'), at('b', 'far')],
      unplanned: [],
      makespan: 11,
      lowerBound: 11,
      gap: 0,
      binding: 'none',
      optimal: true,
      method: 'construction',
      baselines: []
    }
  });
  for (const { body } of sim.take('start')) {
    sim.group(body.task.name, body.attempt, 'started', { step: 0 });
  }
  expect(sim.session.state.tasks.map(task => task.attempts.at(-1)?.node)).toEqual(['node', 'far']);
  return sim;
}

const bridgeOf = (sim: SessionHarness) => sim.session.state.bridge;

/** The session's own agent comes back, with or without the bridge. */
const reconnect = (sim: SessionHarness, bridge?: BridgeRequest) =>
  sim.feed({
    kind: 'agent-connected',
    hello: { node: cpuNode(1), groups: [], trials: [], inspecting: [], ...(bridge && { bridge }) }
  });

describe('joining', () => {
  it('has the bridge started on the own node', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.join('far');
    const commands = sim.feed({ kind: 'bridge-wanted', request: REQUEST });
    expect(commands).toContainEqual({ kind: 'start-bridge', node: 'node', body: REQUEST });
    expect(bridgeOf(sim)).toMatchObject({ state: 'starting', address: 'head:1', nodes: [] });
    report(sim, CONNECTED);
    expect(bridgeOf(sim)).toMatchObject({ state: 'connected', address: '10.0.0.1:1', joinedAt: sim.time });
  });

  it('tells which nodes are being joined', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'bridge-wanted', request: REQUEST });
    expect(progressLine(sim.session.state, sim.time, ENGLISH)).toContain('joining the Ray cluster head:1');
    report(sim, { ...CONNECTED, state: 'starting' });
    expect(bridgeOf(sim)).toMatchObject({ state: 'starting', nodes: CONNECTED.nodes });
    expect(progressLine(sim.session.state, sim.time, ENGLISH)).toContain('Ray starts a worker on 1 node');
  });

  it('asks a new agent for the cluster that was found', () => {
    const auto: BridgeRequest = { ray: { address: 'auto', nodes: 4 } };
    const found: BridgeRequest = { ray: { address: '10.0.0.1:1', nodes: 4 } };
    const sim = new SessionHarness();
    sim.connect(1);
    expect(sim.feed({ kind: 'bridge-wanted', request: auto })).toContainEqual({
      kind: 'start-bridge',
      node: 'node',
      body: auto
    });
    report(sim, CONNECTED);
    for (const kept of [auto, found]) {
      expect(reconnect(sim, kept).filter(({ kind }) => kind === 'start-bridge')).toEqual([]);
    }
    expect(reconnect(sim)).toContainEqual({ kind: 'start-bridge', node: 'node', body: found });
  });

  it('lets no task span nodes of which one does not share the folder', () => {
    const sim = joined();
    sim.feed({ kind: 'wishes-set', session: { set: { span: 2 } } });
    expect(widestSpan(sim.session.state)).toBe(2);
    report(sim, { ...CONNECTED, nodes: [{ id: 'far', address: '10.0.0.2', carries: true }] });
    expect(widestSpan(sim.session.state)).toBe(1);
  });

  it.each([false, true])('tries what was found for a span only as long as all share it (%s)', carries => {
    const sim = joined();
    sim.feed({ kind: 'wishes-set', session: { set: { span: 2 } } });
    report(sim, { ...CONNECTED, nodes: [{ id: 'far', address: '10.0.0.2', carries }] });
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    const result = { task: 'a', hash: 'h', inspection: inspection('sig'), kind: 'cpu' } as const;
    sim.feed({ kind: 'inspected', results: [result] });
    sim.feed({ kind: 'run-requested' });
    const [first] = sim.take('start');
    sim.group('a', 1, 'started', { step: 0 });
    sim.measure(first!.body);
    sim.settle();
    const { attempts } = sim.session.state.tasks[0]!;
    expect(attempts.some(({ strategy }) => strategy.nodes === 2)).toBe(!carries);
  });

  it('waits for the own agent', () => {
    const sim = new SessionHarness();
    expect(sim.feed({ kind: 'bridge-wanted', request: REQUEST })).toEqual([]);
    expect(sim.connect(1)).toContainEqual({ kind: 'start-bridge', node: 'node', body: REQUEST });
  });

  it('is given up when it fails at once', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'bridge-wanted', request: REQUEST });
    expect(report(sim, LOST)).toContainEqual({ kind: 'stop-bridge', node: 'node' });
    report(sim, { state: 'ended' });
    expect(bridgeOf(sim)).toMatchObject({ state: 'failed', error: LOST.error });
    expect(reconnect(sim).filter(({ kind }) => kind === 'start-bridge')).toEqual([]);
  });

  it('stands when it is lost later, until it is up again', () => {
    const sim = joined();
    expect(report(sim, LOST)).toEqual([]);
    expect(bridgeOf(sim)).toMatchObject({ state: 'failed', error: LOST.error });
    report(sim, CONNECTED);
    expect(bridgeOf(sim)).toMatchObject({ state: 'connected' });
    expect(bridgeOf(sim)?.error).toBeUndefined();
  });

  it.each([
    ['a new agent', undefined, ['start-bridge']],
    ['an agent that has it', REQUEST, []],
    ['an agent that has another', { ray: { address: 'other:1' } }, ['start-bridge']]
  ])('is asked for again: %s', (_, bridge, kinds) => {
    const sim = joined();
    sim.feed({ kind: 'agent-away' });
    const asked = reconnect(sim, bridge).filter(({ kind }) => kind.endsWith('-bridge'));
    expect(asked.map(({ kind }) => kind)).toEqual(kinds);
  });

  it('outlives a reset', () => {
    const sim = joined();
    sim.feed({ kind: 'reset' });
    expect(bridgeOf(sim)).toMatchObject({ state: 'connected' });
  });
});

describe('leaving', () => {
  it('ends the bridge at once where nothing trains beyond it', () => {
    const sim = joined();
    expect(sim.feed({ kind: 'bridge-unwanted' })).toContainEqual({ kind: 'stop-bridge', node: 'node' });
    sim.settle();
    expect(bridgeOf(sim)).toBeUndefined();
    expect(sim.session.state.nodes?.map(({ id }) => id)).toEqual(['node']);
    expect(sim.session.state.cluster?.nodes.map(({ id }) => id)).toEqual(['node']);
    expect(sim.session.state.notices).toEqual([]);
  });

  it('first has tasks save that train beyond it, which then go on', () => {
    const sim = training();
    const commands = sim.feed({ kind: 'bridge-unwanted' });
    const stops = commands.flatMap(one => (one.kind === 'stop' ? [[one.node, one.body.task]] : []));
    expect(stops).toEqual([['far', 'b']]);
    expect(commands.some(({ kind }) => kind === 'stop-bridge')).toBe(false);
    expect(bridgeOf(sim)?.state).toBe('leaving');
    expect(sim.status('a')).toBe('running');
    sim.take('stop');
    const over = sim.group('b', sim.session.state.tasks[1]!.attempts.at(-1)!.number, 'stopped', { step: 3 });
    expect(over).toContainEqual({ kind: 'stop-bridge', node: 'node' });
    expect(bridgeOf(sim)?.state).toBe('ending');
    report(sim, { state: 'ended' });
    expect(bridgeOf(sim)).toBeUndefined();
    expect(sim.status('b')).toBe('ready');
    sim.group('a', 1, 'finished', { step: 10 });
    sim.settle();
    expect(sim.status('b')).toBe('finished');
    expect(sim.session.state.tasks[1]!.attempts.map(({ node }) => node)).toEqual(['far', 'node']);
  });

  it('begins nothing more beyond it', () => {
    const sim = training();
    sim.feed({ kind: 'bridge-unwanted' });
    sim.feed({ kind: 'tasks-added', tasks: [spec('c')] });
    sim.settle();
    const attempts = sim.session.state.tasks.flatMap(task =>
      task.attempts.slice(task.spec.name === 'b' ? 1 : 0)
    );
    expect(attempts.map(({ node }) => node).filter(node => node === 'far')).toEqual([]);
  });

  it('ends as well when the node is lost meanwhile', () => {
    const sim = training();
    sim.feed({ kind: 'bridge-unwanted' });
    expect(sim.feed({ kind: 'node-away', node: 'far' })).toContainEqual({
      kind: 'stop-bridge',
      node: 'node'
    });
  });

  it('takes back what was told of nodes that were lost before', () => {
    const sim = training();
    sim.feed({ kind: 'node-away', node: 'far' });
    expect(sim.session.state.notices.map(({ code }) => code)).toEqual(['node-away']);
    sim.feed({ kind: 'bridge-unwanted' });
    report(sim, { state: 'ended' });
    expect(bridgeOf(sim)).toBeUndefined();
    expect(sim.session.state.notices).toEqual([]);
  });

  it('is done when the own agent comes back without the bridge', () => {
    const sim = training();
    sim.feed({ kind: 'bridge-unwanted' });
    sim.feed({ kind: 'node-away', node: 'far' });
    sim.take('stop-bridge');
    expect(reconnect(sim, REQUEST)).toContainEqual({ kind: 'stop-bridge', node: 'node' });
    reconnect(sim);
    expect(bridgeOf(sim)).toBeUndefined();
  });

  it('goes back to joined when it is asked for before it is over', () => {
    const sim = training();
    sim.feed({ kind: 'bridge-unwanted' });
    expect(sim.feed({ kind: 'bridge-wanted', request: REQUEST })).toContainEqual({
      kind: 'start-bridge',
      node: 'node',
      body: REQUEST
    });
    report(sim, CONNECTED);
    expect(bridgeOf(sim)).toMatchObject({ state: 'connected' });
  });
});
