import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { strategyKinds } from '../../../src/core/model/deviceModels.js';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { overNodes } from '../../../src/core/session/spanning.js';
import type { Node } from '../../../src/core/wire/messages.js';
import { cpuNode, SessionHarness, serialPlan, spec } from './sessionHarness.js';

const ONE = { technique: 'single', devices: 1 };

/** A node of slices of divided GPUs, and perhaps whole ones. */
function gpuNode(slices: number, whole = 0): Node {
  return {
    id: 'node',
    devices: Array.from({ length: slices + whole }, (_, i) => ({
      id: `cuda${i}`,
      kind: 'cuda' as const,
      name: 'GPU',
      memoryBytes: 1e9,
      uuid: `GPU-${i}`,
      ...(i < slices && { partition: true })
    }))
  };
}

function sessionOn(node: Node): SessionHarness {
  const sim = new SessionHarness();
  sim.feed({ kind: 'agent-connected', hello: { node, groups: [], trials: [], inspecting: [] } });
  sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
  return sim;
}

describe('parts of divided GPUs', () => {
  it('are each used alone, side by side', () => {
    const sim = sessionOn(gpuNode(2));
    expect(sim.pending.flatMap(c => (c.kind === 'inspect' ? [c.body.maxDevices] : []))).toEqual([1]);
    sim.settle();
    sim.feed({ kind: 'profile-requested', full: true });
    const trials = sim.take('trial');
    expect(trials.map(({ body }) => body.strategy)).toEqual([ONE, ONE]);
    expect(trials.flatMap(({ body }) => body.devices)).toEqual(['cuda0', 'cuda1']);
  });

  it('are no match for whole ones', () => {
    const sim = sessionOn(gpuNode(1, 2));
    sim.settle();
    sim.feed({ kind: 'profile-requested', full: true });
    const places: string[][] = [];
    while (sim.pending.length > 0) {
      const [command] = sim.pending.splice(0, 1);
      places.push(...(command?.kind === 'trial' ? [command.body.devices] : []));
      sim.perform(command!);
    }
    const together = places.filter(devices => devices.length > 1);
    expect(together.length).toBeGreaterThan(0);
    expect(together.flat()).not.toContain('cuda0');
  });

  it('are not tried together over several nodes', () => {
    const sim = sessionOn(gpuNode(1));
    const node = { ...gpuNode(1), id: 'far' };
    sim.feed({ kind: 'agent-connected', hello: { node, groups: [], trials: [], inspecting: [], far: true } });
    sim.feed({ kind: 'wishes-set', session: { set: { span: 2 } } });
    const asked = sim.pending.flatMap(c => (c.kind === 'inspect' ? [c.body.maxDevices] : []));
    expect(new Set(asked)).toEqual(new Set([1]));
    const found = [
      { strategy: ONE, feasible: true },
      { strategy: { technique: 'ddp', devices: 2 }, feasible: true }
    ];
    expect(overNodes(found, sim.session.state.cluster!, 2)).toEqual([]);
    expect(strategyKinds(sim.session.state.cluster!, { technique: 'ddp', devices: 2, nodes: 2 })).toEqual([]);
  });

  it('are not put together by any plan that may be followed', () => {
    const sim = sessionOn(gpuNode(0, 2));
    sim.settle();
    sim.feed({ kind: 'plan-requested' });
    sim.settle();
    const request = planRequest(sim.session.state, sim.time);
    const wide = {
      ...request,
      tasks: request.tasks.map(task => ({
        ...task,
        options: [{ strategy: { technique: 'ddp', devices: 2 }, stepSeconds: 1, startSeconds: 0 }]
      }))
    };
    const made = serialPlan(wide);
    expect(checkPlan(wide, made).filter(problem => problem.includes('divided'))).toEqual([]);
    const divided = { ...wide, cluster: { nodes: [gpuNode(2)] } };
    expect(checkPlan(divided, made).join()).toContain('"cuda0" is a part of a divided GPU');
  });
});

describe('fewer devices than before', () => {
  it('leave no trial in the queue that needs more', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.settle();
    sim.session = {
      ...sim.session,
      state: {
        ...sim.session.state,
        trials: [
          {
            id: 'trial-1',
            task: 'a',
            signature: 'sig-a',
            strategy: { technique: 'ddp', devices: 2 },
            status: 'queued'
          }
        ]
      }
    };
    sim.feed({ kind: 'node-changed', node: cpuNode(1) });
    expect(sim.session.state.trials).toEqual([]);
  });
});
