import { Worker } from 'node:worker_threads';
import {
  type PlannerAnswer,
  PlannerLink,
  type PlannerPort
} from '../../core/planner/thread/plannerClient.js';
import type { Plan, PlanRequest } from '../../core/wire/generated/types.js';
import type { PlannerWorkerData } from './threadPlannerServer.js';

/** Where the built planner lies. */
export interface PlannerFiles {
  /** The bundle of `plannerWorker.ts`. */
  script: string | URL;
  /** Path of `highs.wasm`. */
  wasm: string;
}

/**
 * The planner in a worker thread, so that the process goes on answering while it works. The thread starts with the
 * first question and does not keep the process alive while it has none.
 */
export class PlannerThread {
  private readonly link: PlannerLink;

  constructor(files: PlannerFiles) {
    this.link = new PlannerLink((answer, lost) => launch(files, answer, lost));
  }

  /** Ask for a plan; the latest question wins. See {@link PlannerLink.plan} for what it throws. */
  plan(request: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan> {
    return this.link.plan(request, onProgress);
  }

  /** Give up the open question. */
  cancel(): void {
    this.link.cancel();
  }

  /** End the thread. */
  dispose(): Promise<void> {
    return this.link.dispose();
  }
}

function launch(
  { script, wasm }: PlannerFiles,
  answer: (answer: PlannerAnswer) => void,
  lost: (message: string) => void
): PlannerPort {
  const workerData: PlannerWorkerData = { wasm };
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
