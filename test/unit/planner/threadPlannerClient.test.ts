import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { SaturnError } from '../../../src/core/wire/failure.js';
import type { Plan } from '../../../src/core/wire/messages.js';
import { ThreadPlannerClient } from '../../../src/engine/planner/threadPlannerClient.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { bundle, type IBundle, wasm, writeScript } from './plannerBundle.js';
import { option, requestOf } from './planRequests.js';

let built: IBundle;
beforeAll(async () => {
  built = await bundle('src/engine/planner/threadPlannerServer.ts');
});
afterAll(() => built.remove());

const threads: ThreadPlannerClient[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map(thread => thread.dispose()));
});

function start(script = built.script, path = wasm): ThreadPlannerClient {
  const thread = new ThreadPlannerClient({ script, wasm: path });
  threads.push(thread);
  return thread;
}

const equal = ['a', 'b', 'c'].map(name => ({ name, steps: 10, options: [option(1, 1)] }));
const small = requestOf([2], equal);
/** Keeps the planner busy until it is ended. */
const endless = { ...sweeps(102, 24, 2).request, budget: { seconds: 3600 } };

async function codeOf(promise: Promise<Plan>): Promise<string> {
  const error: unknown = await promise.then(
    () => 'no error',
    (reason: unknown) => reason
  );
  expect(error).toBeInstanceOf(SaturnError);
  return (error as SaturnError).failure.code;
}

describe('PlannerThread', () => {
  it('plans in a thread, with HiGHS from the given file', async () => {
    const thread = start();
    const made = await thread.plan(small);
    expect(checkPlan(small, made)).toEqual([]);
    expect(made).toMatchObject({ makespan: 20, optimal: true });
    expect(await thread.plan(small)).toEqual(made);
  });

  it('lets the latest question win', async () => {
    const thread = start();
    const first = codeOf(thread.plan(endless));
    const second = codeOf(thread.plan(endless));
    const third = thread.plan(small);
    expect(await first).toBe('plan-cancelled');
    expect(await second).toBe('plan-cancelled');
    expect((await third).makespan).toBe(20);
  });

  it('is cancelled in the middle of its work, and goes on with the next question', async () => {
    const thread = start();
    const busy = new Promise<void>(resolve => {
      void codeOf(thread.plan(endless, () => resolve())).then(code => expect(code).toBe('plan-cancelled'));
    });
    await busy;
    thread.cancel();
    expect((await thread.plan(small)).makespan).toBe(20);
  });

  it('passes on why a question is refused, and stays alive', async () => {
    const thread = start();
    expect(await codeOf(thread.plan({ ...small, tasks: [...equal, ...equal] }))).toBe('bad-plan-request');
    expect((await thread.plan(small)).makespan).toBe(20);
  });

  it('tells that HiGHS is missing', async () => {
    expect(await codeOf(start(built.script, `${built.folder}/none.wasm`).plan(small))).toBe('planner-failed');
  });

  it('tells of a thread that cannot start or dies', async () => {
    expect(await codeOf(start(`${built.folder}/none.mjs`).plan(small))).toBe('planner-lost');
    const dying = await writeScript(built.folder, 'dying.mjs', 'process.exit(3)');
    expect(await codeOf(start(dying).plan(small))).toBe('planner-lost');
  });

  it('ends its thread and open question when disposed, and takes no other', async () => {
    const thread = start();
    const open = codeOf(thread.plan(endless));
    await thread.dispose();
    expect(await open).toBe('plan-cancelled');
    expect(await codeOf(thread.plan(small))).toBe('planner-disposed');
    await thread.dispose();
  });
});
