import type { Plan, PlanRequest } from '../../core/wire/messages.js';

/** A planner that answers what-if questions, off the main thread; the latest question wins. */
export interface IWhatIfPlanner {
  /**
   * Solve; `onProgress` sees each better plan before the last.
   *
   * @throws SaturnError `plan-cancelled` when withdrawn, or why there is no plan.
   */
  plan(request: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan>;
  /** Start what a question will need. */
  prepare(): void;
  /** Give up the open question, if there is one. */
  cancel(): void;
  dispose(): void;
}
