import { describe, expect, it, vi } from 'vitest';
import { SaturnError } from '../../src/core/model/failure.js';
import { plan as solve } from '../../src/core/planner/plan.js';
import { type Plan, type PlanRequest, validate } from '../../src/core/wire/messages.js';
import type { IPlanner } from '../../src/lab/tokens.js';
import { WhatIf } from '../../src/lab/whatIf.js';
import { currentSeconds, deviceCount, techniquesOf, whatIfRequest } from '../../src/lab/whatIfRequest.js';
import { EPOCH, finishedState, plannedState, runningState } from '../fixtures/sessionStates.js';

const request = (state = plannedState(), devices = 2, exclude: string[] = [], now = EPOCH) =>
  whatIfRequest(state, { devices, exclude }, now, 1);

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
  disposed = 0;

  plan(asked: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan> {
    this.asked.push(asked);
    return solve({ ...asked, budget: { iterations: 200 } }, { onProgress });
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
      whatIf.ask(plannedState(), { devices, exclude: [] });
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
    whatIf.ask(plannedState(), { devices: 2, exclude: ['ddp'] });
    await done(whatIf);
    const used = whatIf.view.answer?.plan.segments.map(segment => segment.strategy.technique);
    expect(used).not.toContain('ddp');
    whatIf.ask(plannedState(), { devices: 2, exclude: ['ddp', 'single'] });
    await done(whatIf);
    expect(whatIf.view.answer?.plan.unplanned).toHaveLength(4);
    whatIf.dispose();
  });

  it('asks once when a slider moves through many values', async () => {
    const planner = new DirectPlanner();
    const whatIf = setUp(planner);
    for (const devices of [3, 4, 5, 6]) {
      whatIf.ask(plannedState(), { devices, exclude: [] });
    }
    await done(whatIf);
    expect(planner.asked).toHaveLength(1);
    expect(whatIf.view.question?.devices).toBe(6);
    whatIf.dispose();
  });

  it('shows why there is no answer', async () => {
    const planner = new DirectPlanner();
    planner.plan = () =>
      Promise.reject(new SaturnError({ code: 'planner-lost', message: 'The planner stopped.' }));
    const whatIf = setUp(planner);
    whatIf.ask(plannedState(), { devices: 3, exclude: [] });
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
    whatIf.ask(plannedState(), { devices: 3, exclude: [] });
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
    whatIf.ask(plannedState(), { devices: 3, exclude: [] });
    await done(whatIf);
    let changes = 0;
    whatIf.changed.connect(() => void changes++);
    whatIf.dispose();
    whatIf.dispose();
    expect(planner.disposed).toBe(1);
    expect(changes).toBe(0);
  });
});
