import { SaturnError } from '../../model/failure.js';
import type { Failure, Plan, PlanRequest } from '../../wire/generated/types.js';

/** A question to a planner in another thread. */
export interface PlannerQuestion {
  id: number;
  request: PlanRequest;
}

/** What comes back, any number of plans and then one end: `done` is the final plan. */
export type PlannerAnswer =
  | { id: number; plan: Plan }
  | { id: number; done: Plan }
  | { id: number; error: Failure };

/** A thread with a planner in it. */
export interface PlannerPort {
  ask(question: PlannerQuestion): void;
  /** Stop it at once, also in the middle of a solve; it says nothing more. */
  terminate(): Promise<void>;
}

/** Starts a thread. `lost` is to be called when it dies by itself. */
export type PlannerLauncher = (
  answer: (answer: PlannerAnswer) => void,
  lost: (message: string) => void
) => PlannerPort;

interface Pending {
  id: number;
  resolve(plan: Plan): void;
  reject(error: Error): void;
  onProgress?: (plan: Plan) => void;
}

/**
 * Asks a planner in another thread; the latest question wins. A planner at work hears nothing, so that giving up a
 * question means ending its thread; the next question starts another.
 */
export class PlannerLink {
  private port: PlannerPort | undefined;
  private pending: Pending | undefined;
  private lastId = 0;
  private disposed = false;
  private readonly ending = new Set<Promise<void>>();

  constructor(private readonly launch: PlannerLauncher) {}

  /**
   * Ask for a plan. A question still open is given up and its promise rejects with `plan-cancelled`.
   *
   * @param onProgress - called with each better plan before the final one.
   * @throws SaturnError `plan-cancelled`, `planner-lost`, `planner-disposed`, or what the planner itself throws.
   */
  plan(request: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan> {
    if (this.disposed) {
      return Promise.reject(
        new SaturnError({ code: 'planner-disposed', message: 'The planner has been shut down.' })
      );
    }
    this.cancel();
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending = { id, resolve, reject, onProgress };
      try {
        this.port ??= this.start();
        this.port.ask({ id, request });
      } catch (error) {
        this.fail(
          `The planner cannot be started: ${error instanceof Error ? error.message : String(error)}.`
        );
      }
    });
  }

  /** Give up the open question, if there is one. */
  cancel(): void {
    if (this.pending !== undefined) {
      this.end();
      this.settle()?.reject(
        new SaturnError({
          code: 'plan-cancelled',
          message: 'The question was withdrawn before it was answered.'
        })
      );
    }
  }

  /** Give up the open question and end the thread. Resolves when it is gone. */
  async dispose(): Promise<void> {
    this.disposed = true;
    this.cancel();
    this.end();
    await Promise.all(this.ending);
  }

  private start(): PlannerPort {
    const port: PlannerPort = this.launch(
      answer => this.receive(answer),
      message => {
        if (this.port === port) {
          this.fail(`The planner stopped: ${message}.`);
        }
      }
    );
    return port;
  }

  private receive(answer: PlannerAnswer): void {
    if (answer.id !== this.pending?.id) {
      return;
    }
    if ('plan' in answer) {
      this.pending.onProgress?.(answer.plan);
    } else if ('done' in answer) {
      this.settle()?.resolve(answer.done);
    } else {
      this.settle()?.reject(new SaturnError(answer.error));
    }
  }

  private fail(message: string): void {
    this.end();
    this.settle()?.reject(
      new SaturnError({ code: 'planner-lost', message, hint: 'Plan again; a new planner is started for it.' })
    );
  }

  private settle(): Pending | undefined {
    const { pending } = this;
    this.pending = undefined;
    return pending;
  }

  private end(): void {
    const ended = this.port?.terminate();
    this.port = undefined;
    if (ended !== undefined) {
      this.ending.add(ended);
      void ended.finally(() => this.ending.delete(ended));
    }
  }
}
