import { type PlannerAnswer, PlannerLink, type PlannerPort } from '../core/planner/thread/plannerClient.js';
import type { Plan, PlanRequest } from '../core/wire/generated/types.js';

/** The part of a Web Worker that the client uses. */
export type PlannerWebWorker = Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>;

/**
 * The planner in a Web Worker, for what-if questions that the page answers by itself. A worker whose question is given
 * up is ended; another stands by already, so that the next question need not wait for one to start.
 */
export class PlanClient {
  private readonly link: PlannerLink;
  private spare: PlannerWebWorker | undefined;
  private ended = false;

  /** @param start - starts a worker; the default bundles and starts `planner.worker`. */
  constructor(private readonly start: () => PlannerWebWorker = startWorker) {
    this.link = new PlannerLink((answer, lost) => this.launch(answer, lost));
  }

  /** Have a worker stand by. One that cannot be started is told by the question that needs it. */
  prepare(): void {
    if (this.spare !== undefined || this.ended) {
      return;
    }
    try {
      const spare = this.start();
      spare.addEventListener('error', () => {
        this.spare = this.spare === spare ? undefined : this.spare;
      });
      this.spare = spare;
    } catch {
      this.spare = undefined;
    }
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

  /** End the workers. */
  dispose(): void {
    this.ended = true;
    this.spare?.terminate();
    this.spare = undefined;
    void this.link.dispose();
  }

  private launch(answer: (answer: PlannerAnswer) => void, lost: (message: string) => void): PlannerPort {
    const worker = this.spare ?? this.start();
    this.spare = undefined;
    worker.addEventListener('message', event => {
      answer((event as MessageEvent<PlannerAnswer>).data);
      // Not before the first answer, which it would delay.
      this.prepare();
    });
    worker.addEventListener('error', event => lost((event as ErrorEvent).message || 'its script failed'));
    return {
      ask: question => worker.postMessage(question),
      terminate: async () => worker.terminate()
    };
  }
}

function startWorker(): Worker {
  // Bundlers recognise this expression, and no other, as a worker with its own bundle.
  return new Worker(new URL('./workerPlannerServer.js', import.meta.url), { type: 'module' });
}
