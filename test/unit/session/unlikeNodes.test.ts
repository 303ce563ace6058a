import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { modelAt } from '../../../src/core/model/deviceModels.js';
import { cellKey, keyOfCell } from '../../../src/core/model/strategy.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { Command } from '../../../src/core/session/command.js';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { measuredCells, placeOfTrial } from '../../../src/core/session/profileTable.js';
import type { GroupStart, Node, ProfileCell, Strategy } from '../../../src/core/wire/messages.js';
import { cpuNode, inspection, SessionHarness, spec } from './sessionHarness.js';

const STRATEGIES: Strategy[] = [
  { technique: 'single', devices: 1 },
  ...['ddp', 'fsdp'].flatMap(technique => [2, 4].map(devices => ({ technique, devices })))
];

/** Seconds of a step, or what goes wrong, of a signature by a strategy on devices of a model. */
type Truth = (signature: string, strategy: Strategy, model: string) => number | 'oom' | 'failed';

/** Slow devices take so many times as long; signatures and techniques differ a little. */
const slower =
  (ratio: number): Truth =>
  (signature, { technique, devices }, model) =>
    ((0.5 + signature.charCodeAt(0) / 100) *
      (technique === 'fsdp' ? 1.1 : 1) *
      (model === 'slow' ? ratio : 1)) /
    devices ** 0.8;

/** A node with so many devices of a model. */
function nodeOf(id: string, model: string, count: number, memoryBytes = 1e9): Node {
  const node = cpuNode(count, id);
  return { ...node, devices: node.devices.map(device => ({ ...device, model, memoryBytes })) };
}

/** A session on unlike nodes whose trials tell the truth. Tasks `s1`, `s2`, `t1`... have the signature `s`, `t`... */
class Unlike extends SessionHarness {
  /** Keys of the cells that trials measured, in order. */
  readonly tried: string[] = [];
  /** Keys of the cells that the plans used which were asked for to find trials. */
  readonly hoped = new Set<string>();
  private readonly _nodes: Node[] = [];

  constructor(
    private readonly _truth: Truth,
    ...nodes: Node[]
  ) {
    super();
    for (const node of nodes) {
      this.arrive(node);
    }
  }

  arrive(node: Node): void {
    const far = this._nodes.length > 0;
    this._nodes.push(node);
    this.feed({
      kind: 'agent-connected',
      hello: { node, groups: [], trials: [], inspecting: [], ...(far && { far }) }
    });
  }

  add(...names: string[]): void {
    this.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name, `hash-${name}`)) });
  }

  /** Carry out what is told until nothing is. */
  async rest(): Promise<void> {
    for (let command = this.pending.shift(); command; command = this.pending.shift()) {
      if (command.kind === 'plan') {
        await this._plan(command);
      } else {
        this.perform(command);
      }
    }
  }

  /** Answer what the planner is asked, and carry out nothing else. */
  async answerPlanner(): Promise<void> {
    for (let [asked] = this.take('plan'); asked; [asked] = this.take('plan')) {
      await this._plan(asked);
    }
  }

  override perform(command: Command): void {
    switch (command.kind) {
      case 'inspect':
        for (const { name, hash } of command.body.tasks) {
          const found = inspection(name[0]!, 100, STRATEGIES);
          this.feed({ kind: 'inspected', results: [{ task: name, hash, inspection: found, kind: 'cpu' }] });
        }
        return;
      case 'trial': {
        const { trial, signature, strategy, devices } = command.body;
        const model = this.modelOf(command.node, devices);
        expect(this.session.state.trials.find(({ id }) => id === trial)?.model).toBe(model);
        this.tried.push(cellKey(signature, strategy, model));
        this.feed({ kind: 'trial-finished', trial, cell: this.answer(signature, strategy, model) });
        return;
      }
      default:
        super.perform(command);
    }
  }

  override measure({ task, attempt, signature = '', strategy }: GroupStart): void {
    const { node, devices } = this.session.state.tasks
      .find(({ spec: { name } }) => name === task.name)!
      .attempts.at(-1)!;
    const cell = this.answer(signature, strategy, this.modelOf(node, devices));
    this.group(task.name, attempt, 'measured', { cell });
  }

  answer(signature: string, strategy: Strategy, model: string): ProfileCell {
    const truth = this._truth(signature, strategy, model);
    const cell = { signature, strategy, source: 'measured' as const };
    return typeof truth === 'number'
      ? { ...cell, status: 'ok', stepSeconds: truth, startSeconds: 0 }
      : { ...cell, status: truth };
  }

  modelOf(node: string, devices: string[]): string {
    return modelAt({ nodes: this._nodes }, { node, devices })!;
  }

  /** Measured cells of a signature by a strategy: seconds of a step by model. */
  speeds(signature: string, technique: string): Record<string, unknown> {
    return Object.fromEntries(
      measuredCells(this.session.state.cells)
        .filter(one => one.signature === signature && one.strategy.technique === technique)
        .map(({ model, stepSeconds, status }) => [model, stepSeconds ?? status])
    );
  }

  private async _plan({ request, planRevision: basis }: Command & { kind: 'plan' }): Promise<void> {
    const { probing, trials } = this.session.state;
    const made = await plan({ ...request, explain: false, budget: { iterations: 300 } });
    expect(checkPlan(request, made)).toEqual([]);
    const used = made.segments.map(({ task, strategy, node, devices }) =>
      cellKey(task[0]!, strategy, this.modelOf(node, devices))
    );
    this.feed({ kind: 'plan-made', plan: made, basis });
    const known = new Set(trials.map(({ id }) => id));
    for (const trial of this.session.state.trials.filter(({ id }) => !known.has(id))) {
      // What no plan would use, however fast, is not tried.
      expect(probing && used).toContain(keyOfCell(placeOfTrial(trial)));
      this.hoped.add(keyOfCell(placeOfTrial(trial)));
    }
  }
}

const TASKS = ['a1', 'a2', 'h1', 'h2', 'p1', 'p2'];
const fast = nodeOf('node', 'fast', 4);
const slow = nodeOf('far', 'slow', 2);

async function planned(truth: Truth, ...nodes: Node[]): Promise<Unlike> {
  const sim = new Unlike(truth, ...nodes);
  sim.add(...TASKS);
  sim.feed({ kind: 'plan-requested' });
  await sim.rest();
  return sim;
}

it('a plan has the speed of each node, tries nothing twice, and nothing but what could change it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 0, max: 3, noNaN: true }), async log => {
      const truth = slower(10 ** log);
      const sim = await planned(truth, fast, slow);
      const { state } = sim.session;
      expect(new Set(sim.tried).size).toBe(sim.tried.length);
      expect(state.trialsDone).toBe(sim.tried.length);
      // One trial for each signature and for each model is made before there is anything to hope for.
      expect(sim.tried.filter(key => !sim.hoped.has(key))).toHaveLength(4);
      expect(state.plan!.plan.unplanned).toEqual([]);
      for (const { task, strategy, node, devices, start, end, steps } of state.plan!.plan.segments) {
        const model = sim.modelOf(node, devices);
        expect(sim.tried).toContain(cellKey(task[0]!, strategy, model));
        expect(end - start).toBeCloseTo(steps * (truth(task[0]!, strategy, model) as number), 6);
      }
    }),
    { numRuns: 6 }
  );
});

it('a node too slow to matter is tried once', async () => {
  const sim = await planned(slower(1000), fast, slow);
  expect(sim.tried.filter(key => key.endsWith('on slow'))).toHaveLength(1);
  expect(new Set(sim.session.state.plan!.plan.segments.map(({ node }) => node))).toEqual(new Set(['node']));
});

it('a node as fast as the other gets its share of the work', async () => {
  const sim = await planned(slower(1), fast, nodeOf('far', 'slow', 4));
  expect(new Set(sim.session.state.plan!.plan.segments.map(({ node }) => node)).size).toBe(2);
});

describe('a node that joins', () => {
  it('with devices of a known model is planned for without another trial of what is known', async () => {
    const sim = await planned(slower(3), fast);
    const before = sim.tried.length;
    sim.arrive(nodeOf('far', 'fast', 4));
    sim.feed({ kind: 'plan-requested' });
    await sim.rest();
    expect(new Set(sim.tried).size).toBe(sim.tried.length);
    expect(new Set(sim.session.state.plan!.plan.segments.map(({ node }) => node)).size).toBe(2);
    expect(sim.tried.slice(before).every(key => sim.hoped.has(key))).toBe(true);
  });

  it('with others is tried, and what was measured before stays true of the first', async () => {
    const sim = await planned(slower(1.5), fast);
    const before = [...sim.tried];
    sim.arrive(slow);
    sim.feed({ kind: 'plan-requested' });
    await sim.rest();
    expect(sim.tried.slice(0, before.length)).toEqual(before);
    expect(sim.tried.slice(before.length).some(key => key.endsWith('on slow'))).toBe(true);
    expect(new Set(sim.tried).size).toBe(sim.tried.length);
  });

  it('with others does not have what an older session measured, which did not say on what', async () => {
    const sim = await planned(slower(2), fast);
    const { session } = sim;
    const cells = session.state.cells.map(({ model: _, ...cell }) => cell);
    sim.session = { ...session, state: { ...session.state, cells } };
    sim.arrive(slow);
    expect(new Set(sim.session.state.cells.map(({ model }) => model))).toEqual(new Set(['fast']));
    const options = planRequest(sim.session.state, 0).tasks.flatMap(task => task.options);
    expect(options.filter(({ strategy }) => strategy.devices < 4).map(({ nodes }) => nodes)).toContainEqual([
      'node'
    ]);
  });
});

describe('memory', () => {
  it('that does not suffice on one model says nothing of devices with more', async () => {
    const truth: Truth = (signature, strategy, model) =>
      model === 'slow' ? 'oom' : slower(1)(signature, strategy, model);
    const sim = await planned(truth, fast, nodeOf('far', 'slow', 2, 5e8));
    const { cells, plan: made } = sim.session.state;
    expect(new Set(cells.filter(({ status }) => status === 'oom').map(({ model }) => model))).toEqual(
      new Set(['slow'])
    );
    expect(made!.plan.unplanned).toEqual([]);
    expect(new Set(made!.plan.segments.map(({ node }) => node))).toEqual(new Set(['node']));
    // Where it never sufficed, no more is hoped for.
    expect(sim.tried.filter(key => key.endsWith('on slow')).length).toBeLessThanOrEqual(3);
  });

  it('that does not suffice on large devices is not tried on small ones', async () => {
    const truth: Truth = (signature, strategy, model) =>
      strategy.technique === 'single' ? 'oom' : slower(2)(signature, strategy, model);
    const sim = await planned(truth, fast, nodeOf('far', 'slow', 2, 5e8));
    const large = sim.tried.filter(key => key.includes('single') && key.endsWith('on fast'));
    const small = sim.tried.filter(key => key.includes('single') && key.endsWith('on slow'));
    expect(small.filter(key => large.includes(key.replace('on slow', 'on fast')))).toEqual([]);
  });
});

it('what fails on devices of one model only is used on others', async () => {
  const truth: Truth = (signature, strategy, model) =>
    model === 'slow' ? 'failed' : slower(1)(signature, strategy, model);
  const sim = await planned(truth, fast, slow);
  expect(TASKS.map(name => sim.status(name))).toEqual(TASKS.map(() => 'ready'));
  expect(sim.session.state.plan!.plan.unplanned).toEqual([]);
});

it('a task that fails on one and has like ones that work there has failed on all', async () => {
  const sim = new (class extends Unlike {
    override answer(signature: string, strategy: Strategy, model: string): ProfileCell {
      const [trial] = this.session.state.trials.filter(
        one =>
          one.status === 'running' && cellKey(one.signature, one.strategy) === cellKey(signature, strategy)
      );
      return trial?.hash === 'hash-a1'
        ? { signature, strategy, source: 'measured', status: 'failed' }
        : super.answer(signature, strategy, model);
    }
  })(slower(2), fast, slow);
  sim.add(...TASKS);
  sim.feed({ kind: 'plan-requested' });
  await sim.rest();
  expect(sim.status('a1')).toBe('failed');
  expect(sim.session.state.plan!.plan.segments.map(({ task }) => task)).not.toContain('a1');
});

it('what training finds holds for the devices it ran on', async () => {
  const sim = await planned(slower(1.2), fast, slow);
  sim.feed({ kind: 'run-requested', switches: 'never' });
  await sim.answerPlanner();
  const starts = sim.take('start');
  const start = starts.find(({ node }) => node === 'far')!;
  const { strategy, signature = '', attempt, task } = start.body;
  const before = sim.speeds(signature, strategy.technique);
  sim.group(task.name, attempt, 'started', { step: 0 });
  sim.group(task.name, attempt, 'measured', {
    cell: { signature, strategy, status: 'ok', source: 'measured', stepSeconds: 7, steps: 5 }
  });
  expect(sim.speeds(signature, strategy.technique)).toEqual({ ...before, slow: 7 });
  sim.group(task.name, attempt, 'oom');
  expect(sim.speeds(signature, strategy.technique)).toEqual({ ...before, slow: 'oom' });
});

it('a run that knows nothing learns by training on devices of each model, and mixes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 0, max: 2, noNaN: true }), async log => {
      const truth = slower(10 ** log);
      const sim = new Unlike(truth, fast, slow);
      sim.add(...TASKS);
      sim.feed({ kind: 'run-requested' });
      await sim.rest();
      const { cells, goal, tasks } = sim.session.state;
      expect(goal).toBe('none');
      expect(tasks.map(({ status }) => status)).toEqual(TASKS.map(() => 'finished'));
      for (const { node, model } of tasks.flatMap(({ attempts }) => attempts)) {
        expect(model).toBe(node === 'far' ? 'slow' : 'fast');
      }
      for (const { signature, strategy, model, stepSeconds } of measuredCells(cells)) {
        expect(stepSeconds).toBe(truth(signature, strategy, model!));
      }
    }),
    { numRuns: 5 }
  );
});

describe('unlike devices of one node', () => {
  const box: Node = {
    ...fast,
    devices: [
      ...fast.devices.slice(0, 2),
      ...fast.devices.slice(2).map(device => ({ ...device, model: 'slow' }))
    ]
  };

  it('are planned with the speeds of each, and together where a task needs so many', async () => {
    const truth: Truth = (signature, strategy, model) =>
      strategy.devices === 4 && model !== 'fast + slow' ? 'failed' : slower(2)(signature, strategy, model);
    const sim = await planned(truth, box);
    for (const { task, strategy, node, devices, start, end, steps } of sim.session.state.plan!.plan
      .segments) {
      const model = sim.modelOf(node, devices);
      expect(strategy.devices === 4).toBe(model === 'fast + slow');
      expect(end - start).toBeCloseTo(steps * (truth(task[0]!, strategy, model) as number), 6);
    }
    const { options } = planRequest(sim.session.state, 0).tasks[0]!;
    const among = options.flatMap(option => option.among ?? []);
    expect(new Set(among.map(share => share.devices.join()))).toContain('cpu0,cpu1');
  });
});
