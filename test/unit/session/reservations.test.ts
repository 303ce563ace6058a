import { describe, expect, it } from 'vitest';
import type { BridgeReport, BridgeRequest } from '../../../src/core/wire/messages.js';
import { cpuNode, SessionHarness, spec } from './sessionHarness.js';

const REQUEST: BridgeRequest = { ray: { address: 'head:1', reserve: true } };

/** What the bridge tells: one more node, and whose it is. */
function report(sim: SessionHarness, reserved?: boolean): void {
  const far = { id: 'far', address: '10.0.0.2', ...(reserved !== undefined && { reserved }) };
  const told: BridgeReport = { state: 'connected', address: '10.0.0.1:1', nodes: [far] };
  sim.feed({ kind: 'bridge-reported', report: told });
}

const wanted = (sim: SessionHarness): boolean[] => sim.take('reserve-nodes').map(command => command.wanted);

/** Nodes on which something of the plan may be, as last asked. */
const askedFor = (sim: SessionHarness): Record<string, number> | undefined => {
  const nodes = sim.take('plan').at(-1)?.request.cluster.nodes;
  return nodes && Object.fromEntries(nodes.map(({ id, devices }) => [id, devices.length]));
};

/** A session of one node that has joined a cluster of one more, with two measured tasks. */
function joined(): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(1);
  sim.feed({ kind: 'bridge-wanted', request: REQUEST });
  sim.join('far');
  report(sim);
  sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
  sim.settle();
  return sim;
}

function measured(): SessionHarness {
  const sim = joined();
  sim.feed({ kind: 'profile-requested' });
  report(sim, true);
  sim.settle();
  sim.pending = sim.pending.filter(command => command.kind === 'reserve-nodes');
  wanted(sim);
  report(sim);
  return sim;
}

describe('reserving nodes', () => {
  it('is asked for with work, and given up without', () => {
    const sim = joined();
    expect(wanted(sim)).toEqual([]);
    sim.feed({ kind: 'profile-requested' });
    expect(wanted(sim)).toEqual([true]);
    report(sim, true);
    sim.settle();
    expect(sim.session.state.goal).toBe('none');
    expect(sim.session.state.bridge?.reserves).toBe(false);
  });

  it('is asked for only where the user has said so', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'bridge-wanted', request: { ray: { address: 'head:1' } } });
    sim.join('far');
    report(sim);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.settle();
    sim.feed({ kind: 'profile-requested' });
    expect(wanted(sim)).toEqual([]);
    expect(sim.take('trial').length).toBeGreaterThan(0);
  });

  it('lets nothing begin before it is known whose the nodes are', () => {
    const sim = measured();
    sim.feed({ kind: 'run-requested' });
    expect(askedFor(sim)).toBeUndefined();
    report(sim, true);
    expect(askedFor(sim)).toEqual({ node: 1, far: 1 });
  });

  it('goes on without a node that others use, and takes it in once it is given', () => {
    const sim = measured();
    sim.feed({ kind: 'run-requested' });
    report(sim, false);
    expect(askedFor(sim)).toEqual({ node: 1, far: 0 });
    report(sim, true);
    expect(askedFor(sim)).toEqual({ node: 1, far: 1 });
  });

  it('keeps waiting for a node while tasks are left that only it could run', () => {
    const sim = measured();
    sim.feed({ kind: 'run-requested' });
    report(sim, false);
    const [again] = sim.take('plan');
    sim.feed({
      kind: 'plan-made',
      basis: again!.planRevision,
      plan: {
        ...{ segments: [], makespan: 0, lowerBound: 0, gap: 0, optimal: true, baselines: [] },
        ...{ binding: 'none', method: 'construction' },
        unplanned: ['a', 'b'].map(task => ({ task, reason: 'There is no device.' }))
      }
    });
    expect(sim.session.state.goal).toBe('run');
    report(sim, true);
    expect(askedFor(sim)).toEqual({ node: 1, far: 1 });
  });

  it('is asked for anew once the own agent was away', () => {
    const sim = measured();
    sim.feed({ kind: 'run-requested' });
    expect(wanted(sim)).toEqual([true]);
    sim.feed({ kind: 'agent-away' });
    sim.feed({
      kind: 'agent-connected',
      hello: { node: cpuNode(1), groups: [], trials: [], inspecting: [] }
    });
    expect(sim.take('start-bridge')).toHaveLength(1);
    report(sim);
    expect(wanted(sim)).toEqual([true]);
  });
});
