import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker as NodeWorker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import type { Plan } from '../../../src/core/wire/messages.js';
import { type PlannerWebWorker, WorkerPlannerClient } from '../../../src/worker/workerPlannerClient.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { bundle, type IBundle, wasm, writeScript } from './plannerBundle.js';
import { option, requestOf } from './planRequests.js';

let built: IBundle;
let script: string;
beforeAll(async () => {
  built = await bundle('src/worker/workerPlannerServer.ts');
  // Where the bundled `new URL('highs/runtime', import.meta.url)` points to.
  await mkdir(join(built.folder, 'highs'));
  await copyFile(wasm, join(built.folder, 'highs', 'runtime'));
  script = await writeScript(
    built.folder,
    'scope.mjs',
    `import { parentPort } from 'node:worker_threads';
     globalThis.self = globalThis;
     globalThis.postMessage = message => parentPort.postMessage(message);
     globalThis.addEventListener = (_, listener) => parentPort.on('message', data => listener({ data }));
     await import('./planner.mjs');`
  );
});
afterAll(() => built.remove());

/** The real worker script in a Node thread that offers what the script uses of a Web Worker's scope. */
class ThreadWorker implements PlannerWebWorker {
  private readonly _thread = new NodeWorker(script);

  postMessage(message: unknown): void {
    this._thread.postMessage(message);
  }

  terminate(): void {
    void this._thread.terminate();
  }

  addEventListener(type: string, listener: unknown): void {
    const call = listener as (event: unknown) => void;
    if (type === 'message') {
      this._thread.on('message', data => call({ data }));
    } else {
      this._thread.on('error', (error: Error) => call({ message: error.message }));
    }
  }
}

const small = requestOf(
  [2],
  ['a', 'b', 'c'].map(name => ({ name, steps: 10, options: [option(1, 1)] }))
);

describe('PlanClient', () => {
  it('plans in the worker, reports better plans, and lets the latest question win', async () => {
    const client = new WorkerPlannerClient(() => new ThreadWorker());
    const endless = { ...sweeps(102, 24, 2).request, budget: { seconds: 3600 } };
    const seen: Plan[] = [];
    let dropped: Promise<unknown> = Promise.resolve();
    await new Promise<void>(resolve => {
      const open = client.plan(endless, better => {
        seen.push(better);
        resolve();
      });
      dropped = expect(open).rejects.toMatchObject({ failure: { code: 'plan-cancelled' } });
    });
    expect(checkPlan(endless, seen[0]!)).toEqual([]);
    const made = await client.plan(small);
    await dropped;
    expect(made).toMatchObject({ makespan: 20, optimal: true });
    expect(client.isDisposed).toBe(false);
    client.dispose();
    expect(client.isDisposed).toBe(true);
    await expect(client.plan(small)).rejects.toMatchObject({ failure: { code: 'planner-disposed' } });
  });

  it('has a worker stand by from before the first question, and another while that one works', async () => {
    const started: { asked: number; ended: boolean }[] = [];
    const client = new WorkerPlannerClient(() => {
      const worker = { asked: 0, ended: false };
      started.push(worker);
      const thread = new ThreadWorker();
      return {
        postMessage: (message: unknown) => {
          worker.asked++;
          thread.postMessage(message);
        },
        terminate: () => {
          worker.ended = true;
          thread.terminate();
        },
        addEventListener: (type: string, listener: unknown) => thread.addEventListener(type, listener)
      };
    });
    client.prepare();
    client.prepare();
    expect(started).toEqual([{ asked: 0, ended: false }]);
    await client.plan(small);
    await client.plan(small);
    expect(started.map(worker => worker.asked)).toEqual([2, 0]);
    const open = expect(client.plan({ ...sweeps(102, 24, 2).request, budget: { seconds: 3600 } })).rejects;
    client.cancel();
    await open.toMatchObject({ failure: { code: 'plan-cancelled' } });
    expect(started.map(worker => worker.ended)).toEqual([true, false]);
    await client.plan(small);
    expect(started[1]?.asked).toBe(1);
    client.dispose();
    expect(started.every(worker => worker.ended)).toBe(true);
  });

  it('tells when no worker can be started', async () => {
    const client = new WorkerPlannerClient(() => {
      throw new Error('workers are blocked');
    });
    expect(() => client.prepare()).not.toThrow();
    await expect(client.plan(small)).rejects.toMatchObject({ failure: { code: 'planner-lost' } });
    client.dispose();
  });
});
