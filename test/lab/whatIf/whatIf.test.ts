import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plan as solve } from '../../../src/core/planner/plan.js';
import { SaturnError } from '../../../src/core/wire/failure.js';
import { type Pin, type Plan, type PlanRequest, validate } from '../../../src/core/wire/messages.js';
import { WhatIf } from '../../../src/lab/whatIf/whatIf.js';
import type { IWhatIfPlanner } from '../../../src/lab/whatIf/whatIfPlanner.js';
import type { IQuestion } from '../../../src/lab/whatIf/whatIfQuestion.js';
import {
  currentSeconds,
  devicesIn,
  techniquesOf,
  whatIfRequest
} from '../../../src/lab/whatIf/whatIfRequest.js';
import { EPOCH, finishedState, plannedState, runningState } from '../../fixtures/sessionStates.js';

const question = (devices: number, part: Partial<IQuestion> = {}): IQuestion => ({
  devices: { local: devices },
  exclude: [],
  constraints: new Map(),
  deadline: null,
  ...part
});
const request = (state = plannedState(), devices = 2, exclude: string[] = [], now = EPOCH) =>
  whatIfRequest(state, question(devices, { exclude }), now, 1);

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
    // Whose device is gone can go on by another strategy, also before training has measured what it does.
    const alone = request(runningState(), 1, [], EPOCH + 20).tasks;
    expect(alone.filter(({ options }) => options.every(({ strategy }) => strategy.devices > 1))).toEqual([]);
  });

  it('changes the devices of each node, which goes when it has none', () => {
    const state = plannedState();
    const [local] = state.cluster?.nodes ?? [];
    state.cluster = {
      nodes: [...(state.cluster?.nodes ?? []), { id: 'far', devices: local?.devices ?? [] }]
    };
    const ask = (devices: Record<string, number>) =>
      whatIfRequest(state, { ...question(0), devices }, EPOCH, 1).cluster.nodes.map(
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
        constraints: new Map([
          [first, { pin, earliestStart: 3, deadline: 8 }],
          [second, { deadline: 20 }]
        ]),
        deadline: 10
      }),
      EPOCH,
      1
    );
    expect(() => validate('PlanRequest', asked)).not.toThrow();
    expect(asked.tasks[0]).toMatchObject({ name: first, pin, earliestStart: 3, deadline: 8 });
    expect(asked.tasks[1]).not.toHaveProperty('pin');
    expect(asked.tasks.slice(1).map(task => task.deadline)).toEqual(Array(11).fill(10));
    expect(request().tasks.every(task => task.deadline === undefined)).toBe(true);
  });

  it('asks about all tasks again when all are done', () => {
    expect(request(finishedState()).tasks).toHaveLength(12);
  });
});

it('knows what a session has to choose from', () => {
  expect(devicesIn(plannedState().cluster)).toBe(2);
  expect(devicesIn(undefined)).toBe(0);
  expect(techniquesOf(plannedState())).toEqual(['single', 'ddp', 'fsdp']);
  expect(currentSeconds(plannedState(), EPOCH)).toBe(plannedState().plan?.plan.makespan);
  expect(currentSeconds({ ...plannedState(), plan: undefined }, EPOCH)).toBeNull();
});

/** Plans in this thread, with the real planner. */
class DirectPlanner implements IWhatIfPlanner {
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
  const setUp = (planner: IWhatIfPlanner = new DirectPlanner()) =>
    new WhatIf({ makePlanner: () => planner, clock: () => EPOCH, seconds: () => 1 });
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

  describe('with a planner that answers when it is told to', () => {
    const plan = plannedState().plan?.plan as Plan;
    const open: ((plan: Plan) => void)[] = [];
    let planner: DirectPlanner;
    let whatIf: WhatIf;
    const turn = () => vi.advanceTimersByTimeAsync(1);

    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      open.length = 0;
      planner = new DirectPlanner();
      planner.plan = asked => {
        planner.asked.push(asked);
        return new Promise(resolve => open.push(resolve));
      };
      whatIf = setUp(planner);
    });

    afterEach(() => {
      whatIf.dispose();
      vi.useRealTimers();
    });

    it('asks for a sketch at once and for a good answer when the questions rest', async () => {
      whatIf.ask(plannedState(), question(3));
      await turn();
      expect(planner.asked.map(asked => asked.budget)).toEqual([{ iterations: 0 }]);
      open[0]?.(plan);
      await turn();
      expect(whatIf.view).toMatchObject({ answer: { plan }, solving: true });
      await vi.advanceTimersByTimeAsync(150);
      expect(planner.asked.map(asked => asked.budget)).toEqual([{ iterations: 0 }, { seconds: 1 }]);
      open[1]?.(plan);
      await turn();
      expect(whatIf.view.solving).toBe(false);
    });

    it('gives no planner up while a slider moves, and answers where it ends', async () => {
      for (const devices of [3, 4, 5, 6]) {
        whatIf.ask(plannedState(), question(devices));
        await turn();
        if (devices === 3 || devices === 6) {
          open.at(-1)?.(plan);
        }
        await vi.advanceTimersByTimeAsync(30);
      }
      expect(planner.cancelled).toBe(0);
      const devices = planner.asked.map(asked => asked.cluster.nodes[0]?.devices.length);
      expect(devices).toEqual([3, 4, 6]);
      expect(whatIf.view.question?.devices).toEqual({ local: 6 });
    });

    it('gives a search up for the next question', async () => {
      whatIf.ask(plannedState(), question(3));
      await turn();
      open[0]?.(plan);
      await vi.advanceTimersByTimeAsync(150);
      whatIf.ask(plannedState(), question(4));
      await turn();
      expect(planner.cancelled).toBe(1);
      expect(planner.asked.at(-1)?.budget).toEqual({ iterations: 0 });
      open[1]?.({ ...plan, makespan: 1 });
      await turn();
      expect(whatIf.view).toMatchObject({ answer: { plan }, solving: true });
    });

    it('searches no further when the sketch is proven shortest', async () => {
      whatIf.ask(plannedState(), question(3));
      await turn();
      open[0]?.({ ...plan, optimal: true });
      await vi.advanceTimersByTimeAsync(150);
      expect(whatIf.view.solving).toBe(false);
      expect(planner.asked).toHaveLength(1);
    });
  });

  it('shows each better answer, and which tasks cannot be moved', async () => {
    const planner = new DirectPlanner();
    const plan = plannedState().plan?.plan as Plan;
    const better = { ...plan, makespan: plan.makespan - 1 };
    planner.plan = ({ budget }, onProgress) => {
      onProgress?.(better);
      return budget.iterations === 0 ? Promise.resolve(plan) : new Promise(() => undefined);
    };
    const whatIf = setUp(planner);
    whatIf.ask(runningState(), question(2));
    await vi.waitFor(() => expect(whatIf.view.answer?.plan).toBe(better));
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
