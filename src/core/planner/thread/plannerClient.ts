import { SaturnError } from '../../wire/failure.js';
import type { Failure, Plan, PlanRequest } from '../../wire/messages.js';

/** A question to a planner in another thread. */
export interface IPlannerQuestion {
  id: number;
  request: PlanRequest;
}

/** What comes back, any number of plans and then one end: `done` is the final plan. */
export type PlannerAnswer =
  | { id: number; plan: Plan }
  | { id: number; done: Plan }
  | { id: number; error: Failure };

/** A thread with a planner in it. */
export interface IPlannerTransport {
  ask(question: IPlannerQuestion): void;
  /** Stop it at once, also in the middle of a solve; it says nothing more. */
  terminate(): Promise<void>;
}

/** Starts a thread. `lost` is to be called when it dies by itself. */
export type PlannerLauncher = (
  answer: (answer: PlannerAnswer) => void,
  lost: (message: string) => void
) => IPlannerTransport;

interface IPending {
  id: number;
  resolve(plan: Plan): void;
  reject(error: Error): void;
  onProgress?: (plan: Plan) => void;
}

/**
 * Asks a planner in another thread; the latest question wins. A planner at work hears nothing, so that giving up a
 * question means ending its thread; the next question starts another.
 */
export class PlannerClient {
  private _port: IPlannerTransport | undefined;
  private _pending: IPending | undefined;
  private _lastId = 0;
  private _disposed = false;
  private readonly _ending = new Set<Promise<void>>();

  constructor(private readonly _launch: PlannerLauncher) {}

  /**
   * Ask for a plan. A question still open is given up and its promise rejects with `plan-cancelled`.
   *
   * @param onProgress - called with each better plan before the final one.
   * @throws SaturnError `plan-cancelled`, `planner-lost`, `planner-disposed`, or what the planner itself throws.
   */
  plan(request: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan> {
    if (this._disposed) {
      return Promise.reject(
        new SaturnError({ code: 'planner-disposed', message: 'The planner has been shut down.' })
      );
    }
    this.cancel();
    const id = ++this._lastId;
    return new Promise((resolve, reject) => {
      this._pending = { id, resolve, reject, onProgress };
      try {
        this._port ??= this._start();
        this._port.ask({ id, request });
      } catch (error) {
        this._fail(
          `The planner cannot be started: ${error instanceof Error ? error.message : String(error)}.`
        );
      }
    });
  }

  /** Give up the open question, if there is one. */
  cancel(): void {
    if (this._pending !== undefined) {
      this._end();
      this._settle()?.reject(
        new SaturnError({
          code: 'plan-cancelled',
          message: 'The question was withdrawn before it was answered.'
        })
      );
    }
  }

  /** Give up the open question and end the thread. Resolves when it is gone. */
  async dispose(): Promise<void> {
    this._disposed = true;
    this.cancel();
    this._end();
    await Promise.all(this._ending);
  }

  private _start(): IPlannerTransport {
    const port: IPlannerTransport = this._launch(
      answer => this._receive(answer),
      message => {
        if (this._port === port) {
          this._fail(`The planner stopped: ${message}.`);
        }
      }
    );
    return port;
  }

  private _receive(answer: PlannerAnswer): void {
    if (answer.id !== this._pending?.id) {
      return;
    }
    if ('plan' in answer) {
      this._pending.onProgress?.(answer.plan);
    } else if ('done' in answer) {
      this._settle()?.resolve(answer.done);
    } else {
      this._settle()?.reject(new SaturnError(answer.error));
    }
  }

  private _fail(message: string): void {
    this._end();
    this._settle()?.reject(
      new SaturnError({ code: 'planner-lost', message, hint: 'Plan again; a new planner is started for it.' })
    );
  }

  private _settle(): IPending | undefined {
    const { _pending: pending } = this;
    this._pending = undefined;
    return pending;
  }

  private _end(): void {
    const ended = this._port?.terminate();
    this._port = undefined;
    if (ended !== undefined) {
      this._ending.add(ended);
      void ended.finally(() => this._ending.delete(ended));
    }
  }
}
