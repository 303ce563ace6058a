import { hasActive } from '../../core/session/taskTable.js';
import {
  failureOf,
  type Plan,
  type PlanRequest,
  type SessionEvent,
  type SessionState
} from '../../core/wire/messages.js';
import type { IDisposable } from '../disposable.js';

/** Puts the session's planning questions, and shows the best plan so far while the answer is looked for. */
export class SessionPlanner implements IDisposable {
  private _draft: { planRevision: number; plan: NonNullable<SessionState['plan']> } | null = null;

  constructor(private readonly _options: SessionPlanner.IOptions) {}

  /** The answer to a question, as the event to take in. Never rejects. */
  async answer(planRevision: number, request: PlanRequest): Promise<SessionEvent> {
    const { planner, now, onDraft, log } = this._options;
    try {
      const found = await planner.plan(request, better => {
        this._draft = { planRevision, plan: { plan: withoutRules(better), madeAt: now(), fresh: false } };
        onDraft();
      });
      if (found.fault !== undefined) {
        log(`the planner has a defect, and another plan took the place of its own: ${found.fault}`);
      }
      const plan = request.explain ? found : withoutRules(found);
      return { kind: 'plan-made', plan, basis: planRevision };
    } catch (error) {
      return { kind: 'plan-failed', error: failureOf(error), basis: planRevision };
    }
  }

  /**
   * The state with the best plan so far in it, while a better one is looked for. Nobody acts on that plan; with tasks
   * running, the plan they follow is what is of interest.
   */
  withDraft(state: SessionState, planRevision: number): SessionState {
    const draft = this._draft;
    return draft?.planRevision === planRevision && state.planning && !hasActive(state.tasks)
      ? { ...state, plan: draft.plan }
      : state;
  }

  /** Give up the open question. */
  cancel(): void {
    this._options.planner.cancel();
  }

  dispose(): void {
    this._options.planner.dispose();
  }
}

/**
 * A plan without the schedules of simple rules, which are seven times as much as its own: nobody compares them with a plan
 * that is about to be replaced, or that was made because of what happened in training.
 */
function withoutRules(plan: Plan): Plan {
  return { ...plan, baselines: plan.baselines.map(({ name, makespan }) => ({ name, makespan })) };
}

/** Namespace of {@link SessionPlanner}. */
export namespace SessionPlanner {
  /** What answers planning questions. */
  export interface IPlanner extends IDisposable {
    /**
     * A plan that the checker has passed. To check it takes long for many tasks: whoever makes it does that, where it holds
     * nothing up.
     *
     * @param onProgress - called with each better plan before the final one.
     */
    plan(request: PlanRequest, onProgress?: (plan: Plan) => void): Promise<Plan>;
    cancel(): void;
  }

  export interface IOptions {
    readonly planner: IPlanner;
    /** Seconds since the epoch. */
    readonly now: () => number;
    /** Called when there is a better plan to show. */
    readonly onDraft: () => void;
    /** One line for the engine's log. */
    readonly log: (line: string) => void;
  }
}
