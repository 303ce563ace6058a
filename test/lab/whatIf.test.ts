import { describe, expect, it, vi } from 'vitest';
import { SaturnError } from '../../src/core/model/failure.js';
import { plan as solve } from '../../src/core/planner/plan.js';
import { type Pin, type Plan, type PlanRequest, validate } from '../../src/core/wire/messages.js';
import type { IPlanner } from '../../src/lab/tokens.js';
import { WhatIf } from '../../src/lab/whatIf.js';
import type { IQuestion } from '../../src/lab/whatIfQuestion.js';
import { currentSeconds, deviceCount, techniquesOf, whatIfRequest } from '../../src/lab/whatIfRequest.js';
import { EPOCH, finishedState, plannedState, runningState } from '../fixtures/sessionStates.js';

const question = (devices: number, part: Partial<IQuestion> = {}): IQuestion => ({
  devices: { local: devices },
  exclude: [],
  wishes: new Map(),
  deadline: null,
  ...part
});
const request = (state = plannedState(), devices = 2, exclude: string[] = [], now = EPOCH) =>
  whatIfRequest(state, question(devices, { exclude }), { now, seconds: 1 });

describe('whatIfRequest', () => {
  it('is a valid plan request for the tasks still to train', () => {
    const asked = request();
    expect(() => validate('PlanRequest', asked)).not.toThrow();
    expect(asked.tasks).toHaveLength(12);
    expect(asked.budget).toEqual({ seconds: 1 });
  });

  it.each([
    [1, ['cpu0']],
    [2, ['cpu0', 'cpu1']],
    [4, ['cpu0', 'cpu1', 'cpu2', 'cpu3']]
  ])('has %i devices, the new ones like the last', (devices, ids) => {
    const found = request(plannedState(), devices).cluster.nodes.flatMap(node => node.devices);
    expect(found.map(device => device.id)).toEqual(ids);
    expect(new Set(found.map(device => device.memoryBytes)).size).toBe(1);
  });

  it('does not touch the state it asks about', () => {
    const state = plannedState();
    const before = JSON.stringify(state);
    request(state, 8, ['ddp']);
    expect(JSON.stringify(state)).toBe(before);
  });

  it('leaves running tasks where they are, unless their devices or technique are gone', () => {
    const running = (devices: number, exclude: string[]) =>
      request(runningState(), devices, exclude, EPOCH + 20).tasks.filter(task => task.running).length;
    expect(running(2, [])).toBe(1);
    expect(running(1, [])).toBe(0);
    expect(running(2, ['ddp'])).toBe(0);
  });

  it('changes the devices of each node, which goes when it has none', () => {
    const state = plannedState();
    const [local] = state.cluster?.nodes ?? [];
    state.cluster = {
      nodes: [...(state.cluster?.nodes ?? []), { id: 'far', devices: local?.devices ?? [] }]
    };
    const ask = (devices: Record<string, number>) =>
      whatIfRequest(state, { ...question(0), devices }, { now: EPOCH, seconds: 1 }).cluster.nodes.map(
        node => [node.id, node.devices.length] as const
      );
    expect(ask({})).toEqual([
      ['local', 2],
      ['far', 2]
    ]);
    expect(ask({ far: 3 })).toEqual([
      ['local', 2],
      ['far', 3]
    ]);
    expect(ask({ local: 0 })).toEqual([['far', 2]]);
  });

  it('hands on what is wished for a task, and the earlier of its deadlines', () => {
    const [first, second] = plannedState().tasks.map(task => task.spec.name) as [string, string];
    const pin: Pin = { node: 'local', devices: ['cpu1'] };
    const asked = whatIfRequest(
      plannedState(),
      question(2, {
        wishes: new Map([
          [first, { pin, earliestStart: 3, deadline: 8 }],
          [second, { deadline: 20 }]
        ]),
        deadline: 10
      }),
      { now: EPOCH, seconds: 1 }
    );
    expect(() => validate('PlanRequest', asked)).not.toThrow();
    expect(asked.tasks[0]).toMatchObject({ name: first, pin, earliestStart: 3, deadline: 8 });
    expect(asked.tasks[1]).not.toHaveProperty('pin');
    expect(asked.tasks.slice(1).map(task => task.deadline)).toEqual(Array(11).fill(10));
    expect(request().tasks.every(task => task.deadline === undefined)).toBe(true);
  });

  it('starts from the plan there is, its times from now on', () => {
    const state = runningState();
    const { previous = [] } = request(state, 2, [], EPOCH + 20);
    const { segments = [] } = state.plan?.plan ?? {};
    expect(previous).toHaveLength(segments.filter(segment => segment.end > 20).length);
    expect(previous[0]?.start).toBe(0);
    expect(Math.max(...previous.map(segment => segment.end))).toBe(state.plan!.plan.makespan - 20);
  });

  it('asks about all tasks again when all are done', () => {
    expect(request(finishedState()).tasks).toHaveLength(12);
  });
});

it('knows what a session has to choose from', () => {
  expect(deviceCount(plannedState().cluster)).toBe(2);
  expect(deviceCount(undefined)).toBe(0);
  expect(techniquesOf(plannedState())).toEqual(['single', 'ddp', 'fsdp']);
  expect(currentSeconds(plannedState(), EPOCH)).toBe(plannedState().plan?.plan.makespan);
  expect(currentSeconds({ ...plannedState(), plan: undefined }, EPOCH)).toBeNull();
});

/** Plans in this thread, with the real planner. */
class DirectPlanner implements IPlanner {
  readonly asked: PlanRequest[] = [];
  cancelled = 0;
  prepared = 0;
  disposed = 0;

  plan(asked: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan> {
    this.asked.push(asked);
    return solve({ ...asked, budget: { iterations: 200 } }, { onProgress });
  }

  prepare(): void {
    this.prepared++;
  }

  cancel(): void {
    this.cancelled++;
  }

  dispose(): void {
    this.disposed++;
  }
}

describe('WhatIf', () => {
  const setUp = (planner: IPlanner = new DirectPlanner()) =>
    new WhatIf({ makePlanner: () => planner, clock: () => EPOCH, seconds: 1 });
  const done = (whatIf: WhatIf) => vi.waitFor(() => expect(whatIf.view.solving).toBe(false));

  it('answers: more devices are no slower, fewer no faster', async () => {
    const whatIf = setUp();
    const makespan = async (devices: number) => {
      whatIf.ask(plannedState(), question(devices));
      expect(whatIf.view.solving).toBe(true);
      await done(whatIf);
      return whatIf.view.answer?.plan.makespan ?? Number.NaN;
    };
    const [one, two, four] = [await makespan(1), await makespan(2), await makespan(4)];
    expect(one).toBeGreaterThan(two);
    expect(two).toBeGreaterThan(four);
    expect(whatIf.view.answer?.cluster.nodes[0]?.devices).toHaveLength(4);
    whatIf.dispose();
  });

  it('does without excluded techniques and says which tasks then cannot run', async () => {
    const whatIf = setUp();
    whatIf.ask(plannedState(), question(2, { exclude: ['ddp'] }));
    await done(whatIf);
    const used = whatIf.view.answer?.plan.segments.map(segment => segment.strategy.technique);
    expect(used).not.toContain('ddp');
    whatIf.ask(plannedState(), question(2, { exclude: ['ddp', 'single'] }));
    await done(whatIf);
    expect(whatIf.view.answer?.plan.unplanned).toHaveLength(4);
    whatIf.dispose();
  });

  it('asks the first question at once, and no more often than planners can start', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const planner = new DirectPlanner();
      planner.plan = asked => {
        planner.asked.push(asked);
        return new Promise(() => undefined);
      };
      const whatIf = setUp(planner);
      whatIf.ask(plannedState(), question(3));
      await vi.advanceTimersByTimeAsync(0);
      expect(planner.asked).toHaveLength(1);
      for (let i = 0; i < 20; i++) {
        whatIf.ask(plannedState(), question(3 + (i % 5)));
        await vi.advanceTimersByTimeAsync(10);
      }
      await vi.advanceTimersByTimeAsync(100);
      expect(planner.asked.length).toBeLessThanOrEqual(4);
      const last = planner.asked.at(-1)?.cluster.nodes[0]?.devices;
      expect(last).toHaveLength(7);
      whatIf.dispose();
    } finally {
      vi.useRealTimers();
    }
  });

  it('shows the first answer as soon as there is one, and which tasks cannot be moved', async () => {
    const planner = new DirectPlanner();
    const plan = plannedState().plan?.plan as Plan;
    planner.plan = (_, onProgress) => {
      onProgress?.(plan);
      return new Promise(() => undefined);
    };
    const whatIf = setUp(planner);
    whatIf.ask(runningState(), question(2));
    await vi.waitFor(() => expect(whatIf.view.answer?.plan).toBe(plan));
    expect(whatIf.view.solving).toBe(true);
    expect([...(whatIf.view.answer?.fixed ?? [])]).toHaveLength(1);
    whatIf.dispose();
  });

  it('gets a planner ready before the first question', () => {
    const planner = new DirectPlanner();
    const whatIf = setUp(planner);
    whatIf.prepare();
    whatIf.prepare();
    expect(planner.prepared).toBe(2);
    whatIf.dispose();
  });

  it('asks once when a slider moves through many values', async () => {
    const planner = new DirectPlanner();
    const whatIf = setUp(planner);
    for (const devices of [3, 4, 5, 6]) {
      whatIf.ask(plannedState(), question(devices));
    }
    await done(whatIf);
    expect(planner.asked).toHaveLength(1);
    expect(whatIf.view.question?.devices).toEqual({ local: 6 });
    whatIf.dispose();
  });

  it('shows why there is no answer', async () => {
    const planner = new DirectPlanner();
    planner.plan = () =>
      Promise.reject(new SaturnError({ code: 'planner-lost', message: 'The planner stopped.' }));
    const whatIf = setUp(planner);
    whatIf.ask(plannedState(), question(3));
    await done(whatIf);
    expect(whatIf.view.failure?.code).toBe('planner-lost');
    expect(whatIf.view.answer).toBeNull();
    whatIf.dispose();
  });

  it('ignores the answer to a question that was taken back', async () => {
    const planner = new DirectPlanner();
    let answer: (plan: Plan) => void = () => undefined;
    planner.plan = asked => {
      planner.asked.push(asked);
      return new Promise(resolve => {
        answer = resolve;
      });
    };
    const whatIf = setUp(planner);
    whatIf.ask(plannedState(), question(3));
    await vi.waitFor(() => expect(planner.asked).toHaveLength(1));
    whatIf.reset();
    expect(planner.cancelled).toBeGreaterThan(0);
    answer(plannedState().plan?.plan as Plan);
    await Promise.resolve();
    expect(whatIf.view).toMatchObject({ question: null, answer: null, solving: false });
    whatIf.dispose();
  });

  it('ends the planner and falls silent when disposed', async () => {
    const planner = new DirectPlanner();
    const whatIf = setUp(planner);
    whatIf.ask(plannedState(), question(3));
    await done(whatIf);
    let changes = 0;
    whatIf.changed.connect(() => void changes++);
    whatIf.dispose();
    whatIf.dispose();
    expect(planner.disposed).toBe(1);
    expect(changes).toBe(0);
  });
});
