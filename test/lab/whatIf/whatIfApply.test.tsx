import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plan as solve } from '../../../src/core/planner/plan.js';
import { validate } from '../../../src/core/wire/messages.js';
import { type IQuestion, plainQuestion } from '../../../src/lab/whatIf/whatIfQuestion.js';
import { whatIfRequest } from '../../../src/lab/whatIf/whatIfRequest.js';
import * as states from '../../fixtures/sessionStates.js';
import { openPanel } from '../panel/panelHarness.js';

const planner = {
  plan: async (request: Parameters<typeof solve>[0]) => ({
    ...(await solve({ ...request, budget: { iterations: 50 } })),
    optimal: true
  }),
  prepare: () => undefined,
  cancel: () => undefined,
  dispose: () => undefined
};

describe('Apply', () => {
  let ui: ReturnType<typeof openPanel>;
  const state = states.explainedState();
  const [first, second] = state.tasks.map(task => task.spec.name) as [string, string];
  const now = states.EPOCH + 20;

  const ask = async (part: Partial<IQuestion>, of = state) => {
    act(() => ui.whatIf.ask(of, { ...plainQuestion(of), ...part }));
    await act(() => vi.waitFor(() => expect(ui.whatIf.view.solving).toBe(false)));
  };
  const button = () => ui.button('Apply') as HTMLButtonElement;
  const apply = async () => {
    await act(async () => button().click());
    expect(ui.find('[aria-busy="true"]')).toBeNull();
    for (const [type, body] of ui.store.sent) {
      expect(() => validate(type === 'plan' ? 'PlanStart' : 'WishesSet', body)).not.toThrow();
    }
    return ui.store.sent;
  };

  beforeEach(() => {
    ui = openPanel(planner, now);
    ui.show({ state });
  });

  afterEach(() => ui.close());

  it('asks the session for what was asked by hand, and for a plan with it', async () => {
    const pin = { node: 'local', devices: ['cpu1'] as [string] };
    const constraints = new Map([[first, { pin, earliestStart: 5 }]]);
    await ask({ constraints, exclude: ['fsdp'] });
    expect(await apply()).toEqual([
      ['wishes.set', { tasks: [{ tasks: [first], set: { pin, earliestStart: now + 5 } }] }],
      ['plan', { excludeTechniques: ['fsdp'] }]
    ]);
    expect(ui.whatIf.view.question).toBeNull();
  });

  it('keeps devices free that a question leaves out, and uses them again', async () => {
    await ask({ devices: { local: 1 } });
    const free = { freeDevices: [{ node: 'local', devices: ['cpu1'] as [string] }] };
    expect((await apply())[0]).toEqual(['wishes.set', { session: { set: free } }]);
    ui.store.sent.length = 0;
    const kept = { ...state, wishes: free };
    ui.show({ state: kept });
    await ask({ devices: { local: 2 } }, kept);
    expect((await apply())[0]).toEqual(['wishes.set', { session: { clear: ['freeDevices'] } }]);
  });

  it('gives every task the deadline for all, but no later one than it has', async () => {
    const tasks = state.tasks.map(task =>
      task.spec.name === first ? { ...task, wishes: { deadline: now + 3 } } : task
    );
    ui.show({ state: { ...state, tasks } });
    await ask({ deadline: 50, constraints: new Map([[second, { deadline: 20 }]]) }, { ...state, tasks });
    const [, body] = (await apply())[0] as ['wishes.set', { tasks: { tasks: string[]; set: object }[] }];
    const asked = new Map(body.tasks.map(({ tasks: [task], set }) => [task, set]));
    expect(asked.size).toBe(state.tasks.length - 1);
    expect(asked.has(first)).toBe(false);
    expect(asked.get(second)).toEqual({ deadline: now + 20 });
  });

  it('cannot be had for devices that are not there, nor for nothing', async () => {
    await ask({ devices: { local: 3 } });
    expect([button().disabled, button().title]).toEqual([true, 'There is no cpu2 to plan on.']);
    await ask({});
    expect(button().disabled).toBe(true);
  });

  it('says beside it what that asks', async () => {
    await ask({ constraints: new Map([[first, { deadline: 5 }]]), exclude: ['fsdp'] });
    const words = ui.find('.jp-SaturnWhatIf-changes')?.textContent;
    expect(words).toMatch(/^Asks of every plan: \S+: by \d+:\d+; all tasks: without fsdp\.$/);
    expect(button().getAttribute('aria-describedby')).toBe(ui.find('.jp-SaturnWhatIf-changes')?.id);
  });

  it('has the plan of a rule followed that the answer is compared with', async () => {
    await ask({ exclude: ['fsdp'] });
    const select = ui.find('.jp-SaturnWhatIf-answer select') as HTMLSelectElement;
    const rule = [...select.options].map(option => option.value).find(name => name === 'max') as string;
    await act(async () => {
      select.value = rule;
      select.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await act(async () => ui.button('Use this plan').click());
    expect(ui.store.sent.map(([type]) => type)).toEqual(['plan.use']);
    expect(() => validate('PlanUse', ui.store.sent[0]?.[1])).not.toThrow();
    expect(ui.whatIf.view.question).toBeNull();
  });

  it('keeps the question when the session refuses it', async () => {
    ui.store.accepts = false;
    await ask({ deadline: 10 });
    expect((await apply()).map(([type]) => type)).toEqual(['wishes.set']);
    expect(ui.whatIf.view.question).not.toBeNull();
  });

  it('has each wish of the session told, and taken back', async () => {
    const [one, ...others] = state.tasks;
    const wishes = { concurrent: 2 };
    ui.show({ state: { ...state, wishes, tasks: [{ ...one!, wishes: { weight: 3 } }, ...others] } });
    const items = ui.all('[data-wishes="session"] li').map(item => item.textContent);
    expect(items).toEqual(['all tasksat most 2 at once ✕', `${first}priority 3 ✕`]);
    const label = `Take back: ${first}, priority 3`;
    await act(async () => ui.find(`button[aria-label="${label}"]`)?.click());
    expect(ui.store.did).toEqual(['wishes.set', 'plan']);
    expect(ui.store.sent[0]?.[1]).toEqual({ tasks: [{ tasks: [first], clear: ['weight'] }] });
  });
});

it('asks beside what the session asks of every plan, of which devices may be gone', () => {
  const state = states.explainedState();
  const [one, two, ...others] = state.tasks;
  const pin = { node: 'local', devices: ['cpu1'] as [string] };
  const asked = {
    ...state,
    wishes: { concurrent: 1, cost: 3, prices: { local: 2 } },
    tasks: [
      { ...one!, wishes: { pin, deadline: states.EPOCH + 90 } },
      { ...two!, wishes: { weight: 2 } },
      ...others
    ]
  };
  const question = { ...plainQuestion(asked), deadline: 100 };
  const plain = whatIfRequest(asked, question, states.EPOCH, 1);
  expect(plain).toMatchObject({ limits: { concurrent: 1, cost: 3 }, prices: { local: 2 } });
  expect(plain.objective).toBe('weighted-completion');
  expect(plain.tasks[0]).toMatchObject({ pin, deadline: 90 });
  expect(plain.tasks[1]).toMatchObject({ weight: 2, deadline: 100 });
  const fewer = whatIfRequest(asked, { ...question, devices: { local: 1 } }, states.EPOCH, 1);
  expect(fewer.tasks[0]).not.toHaveProperty('pin');
});
