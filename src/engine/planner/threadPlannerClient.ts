import { Worker } from 'node:worker_threads';
import {
  type IPlannerTransport,
  type PlannerAnswer,
  PlannerClient
} from '../../core/planner/thread/plannerClient.js';
import type { Plan, PlanRequest } from '../../core/wire/messages.js';
import type { IThreadPlannerData } from './threadPlannerServer.js';

/** Where the built planner lies. */
export interface IPlannerFiles {
  /** The bundle of `plannerWorker.ts`. */
  script: string | URL;
  /** Path of `highs.wasm`. */
  wasm: string;
}

/**
 * The planner in a worker thread, so that the process goes on answering while it works. The thread starts with the
 * first question and does not keep the process alive while it has none.
 */
export class ThreadPlannerClient {
  private readonly _link: PlannerClient;

  constructor(files: IPlannerFiles) {
    this._link = new PlannerClient((answer, lost) => launch(files, answer, lost));
  }

  /** Ask for a plan; the latest question wins. See {@link PlannerClient.plan} for what it throws. */
  plan(request: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan> {
    return this._link.plan(request, onProgress);
  }

  /** Give up the open question. */
  cancel(): void {
    this._link.cancel();
  }

  /** End the thread. */
  dispose(): Promise<void> {
    return this._link.dispose();
  }
}

function launch(
  { script, wasm }: IPlannerFiles,
  answer: (answer: PlannerAnswer) => void,
  lost: (message: string) => void
): IPlannerTransport {
  const workerData: IThreadPlannerData = { wasm };
  const worker = new Worker(script, { workerData });
  worker.on('message', (message: PlannerAnswer) => {
    if (!('plan' in message)) {
      worker.unref();
    }
    answer(message);
  });
  worker.on('error', (error: Error) => lost(error.message));
  worker.on('exit', code => lost(`its thread ended with code ${code}`));
  return {
    ask: question => {
      worker.ref();
      worker.postMessage(question);
    },
    terminate: async () => {
      await worker.terminate();
    }
  };
}
