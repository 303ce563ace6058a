import type { Highs } from 'highs';
import { SaturnError } from '../../wire/failure.js';
import { plan } from '../plan.js';
import type { IPlannerQuestion, PlannerAnswer } from './plannerClient.js';

/**
 * The far end of a {@link PlannerLink}: plan, and post plans as they improve, then the end. HiGHS is loaded at the
 * first question that needs it and kept.
 *
 * @returns a function to call with each question. It never rejects: errors are posted.
 */
export function servePlanner(
  loadHighs: () => Promise<Highs>,
  post: (answer: PlannerAnswer) => void
): (question: IPlannerQuestion) => Promise<void> {
  let loaded: Promise<Highs> | undefined;
  return async ({ id, request }) => {
    try {
      const done = await plan(request, {
        loadHighs: () => {
          loaded ??= loadHighs();
          return loaded;
        },
        onProgress: better => post({ id, plan: better })
      });
      post({ id, done });
    } catch (error) {
      post({
        id,
        error:
          error instanceof SaturnError
            ? error.failure
            : { code: 'planner-failed', message: error instanceof Error ? error.message : String(error) }
      });
    }
  };
}
