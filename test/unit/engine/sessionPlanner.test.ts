import { describe, expect, it } from 'vitest';
import { emptySession } from '../../../src/core/session/session.js';
import type { Plan, PlanRequest } from '../../../src/core/wire/messages.js';
import { SessionPlanner } from '../../../src/engine/planner/sessionPlanner.js';
import { option, requestOf } from '../planner/planRequests.js';
import { serialPlan } from '../session/sessionHarness.js';

const request = requestOf([1], [{ name: 'a', steps: 2, options: [option(1, 5)] }]);
const state = { ...emptySession('s', '/s').state, planning: true };

function planningBy(plan: (request: PlanRequest, onProgress?: (plan: Plan) => void) => Promise<Plan>) {
  let drafts = 0;
  const logged: string[] = [];
  const planner = new SessionPlanner({
    planner: { plan, cancel: () => undefined, dispose: () => undefined },
    now: () => 7,
    onDraft: () => drafts++,
    log: line => logged.push(line)
  });
  return { planner, drafts: () => drafts, logged };
}

describe('SessionPlanner', () => {
  it('shows the best plan so far, marked as such, until the answer is there', async () => {
    let finish = (_: Plan) => {};
    const { planner, drafts } = planningBy((_, onProgress) => {
      onProgress?.(serialPlan(request));
      return new Promise(resolve => {
        finish = resolve;
      });
    });
    const answer = planner.answer(3, request);
    expect(drafts()).toBe(1);
    expect(planner.withDraft(state, 3).plan).toEqual({ plan: serialPlan(request), madeAt: 7, fresh: false });
    expect(planner.withDraft(state, 4)).toBe(state);
    expect(planner.withDraft({ ...state, planning: false }, 3).plan).toBeUndefined();
    finish(serialPlan(request));
    expect(await answer).toEqual({ kind: 'plan-made', plan: serialPlan(request), basis: 3 });
  });

  it('keeps schedules of simple rules with plans that somebody looks into only', async () => {
    const { segments } = serialPlan(request);
    const rule = { name: 'max' as const, makespan: 10 };
    const ruled = { ...serialPlan(request), baselines: [{ ...rule, segments }] };
    const { planner } = planningBy(async (_, onProgress) => {
      onProgress?.(ruled);
      return ruled;
    });
    expect(await planner.answer(1, { ...request, explain: true })).toMatchObject({ plan: ruled });
    expect(await planner.answer(2, request)).toMatchObject({ plan: { baselines: [rule] } });
    expect(planner.withDraft(state, 2).plan?.plan.baselines).toEqual([rule]);
  });

  it('logs what is wrong with the planner, and tells when it fails', async () => {
    const wrong = planningBy(async () => ({ ...serialPlan(request), fault: 'Task "a" takes no time.' }));
    expect(await wrong.planner.answer(1, request)).toMatchObject({ kind: 'plan-made' });
    expect(wrong.logged).toEqual([expect.stringContaining('Task "a" takes no time.')]);
    const broken = planningBy(() => Promise.reject(new Error('gone')));
    expect(await broken.planner.answer(2, request)).toMatchObject({
      kind: 'plan-failed',
      basis: 2,
      error: { message: 'gone' }
    });
  });
});
