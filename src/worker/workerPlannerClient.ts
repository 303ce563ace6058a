import {
  type IPlannerTransport,
  type PlannerAnswer,
  PlannerClient
} from '../core/planner/thread/plannerClient.js';
import type { Plan, PlanRequest } from '../core/wire/messages.js';

/** The part of a Web Worker that the client uses. */
export type PlannerWebWorker = Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>;

/**
 * The planner in a Web Worker, for what-if questions that the page answers by itself. A worker whose question is given
 * up is ended; another stands by already, so that the next question need not wait for one to start.
 */
export class WorkerPlannerClient {
  private readonly _link: PlannerClient;
  private _spare: PlannerWebWorker | undefined;
  private _ended = false;

  /** @_start _start - starts a worker; the default bundles and starts `planner.worker`. */
  constructor(private readonly _start: () => PlannerWebWorker = startWorker) {
    this._link = new PlannerClient((answer, lost) => this._launch(answer, lost));
  }

  /** Have a worker stand by. One that cannot be started is told by the question that needs it. */
  prepare(): void {
    if (this._spare !== undefined || this._ended) {
      return;
    }
    try {
      const spare = this._start();
      spare.addEventListener('error', () => {
        this._spare = this._spare === spare ? undefined : this._spare;
      });
      this._spare = spare;
    } catch {
      this._spare = undefined;
    }
  }

  /** Ask for a plan; the latest question wins. See {@link PlannerClient.plan} for what it throws. */
  plan(request: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan> {
    return this._link.plan(request, onProgress);
  }

  /** Give up the open question. */
  cancel(): void {
    this._link.cancel();
  }

  /** Whether {@link dispose} has been called. */
  get isDisposed(): boolean {
    return this._ended;
  }

  /** End the workers. */
  dispose(): void {
    this._ended = true;
    this._spare?.terminate();
    this._spare = undefined;
    void this._link.dispose();
  }

  private _launch(
    answer: (answer: PlannerAnswer) => void,
    lost: (message: string) => void
  ): IPlannerTransport {
    const worker = this._spare ?? this._start();
    this._spare = undefined;
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
