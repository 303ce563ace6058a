import { type PlannerAnswer, PlannerLink, type PlannerPort } from '../core/planner/thread/link.js';
import type { Plan, PlanRequest } from '../core/wire/generated/types.js';

/** The part of a Web Worker that the client uses. */
export type PlannerWebWorker = Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>;

/**
 * The planner in a Web Worker, for what-if questions that the page answers by itself. The worker starts with the
 * first question.
 */
export class PlanClient {
  private readonly link: PlannerLink;
  private ended = false;

  /** @param start - starts the worker; the default bundles and starts `planner.worker`. */
  constructor(start: () => PlannerWebWorker = startWorker) {
    this.link = new PlannerLink((answer, lost) => launch(start(), answer, lost));
  }

  /** Ask for a plan; the latest question wins. See {@link PlannerLink.plan} for what it throws. */
  plan(request: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan> {
    return this.link.plan(request, onProgress);
  }

  /** Give up the open question. */
  cancel(): void {
    this.link.cancel();
  }

  /** Whether {@link dispose} has been called. */
  get isDisposed(): boolean {
    return this.ended;
  }

  /** End the worker. */
  dispose(): void {
    this.ended = true;
    void this.link.dispose();
  }
}

function startWorker(): Worker {
  // Bundlers recognise this expression, and no other, as a worker with its own bundle.
  return new Worker(new URL('./planner.worker.js', import.meta.url), { type: 'module' });
}

function launch(
  worker: PlannerWebWorker,
  answer: (answer: PlannerAnswer) => void,
  lost: (message: string) => void
): PlannerPort {
  worker.addEventListener('message', event => answer((event as MessageEvent<PlannerAnswer>).data));
  worker.addEventListener('error', event => lost((event as ErrorEvent).message || 'its script failed'));
  return {
    ask: question => worker.postMessage(question),
    terminate: async () => worker.terminate()
  };
}
