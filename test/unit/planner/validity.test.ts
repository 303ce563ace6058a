import { createRequire } from 'node:module';
import fc from 'fast-check';
import loadHighs from 'highs';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import { type Plan, type PlanRequest, validate } from '../../../src/core/wire/messages.js';
import { anyRequest, laterRequest } from './anyRequest.js';

/** How many requests, each asked again later; the nightly set puts more. */
const REQUESTS = process.env.SATURN_NIGHTLY ? 2000 : 100;

/** Milliseconds for all of them, on a busy machine. */
const PATIENCE = 2000 * REQUESTS;

const wasm = createRequire(import.meta.url).resolve('highs/runtime');
const highs = loadHighs({ locateFile: () => wasm });

/** The answer to a request, which the checker passes at every stage. */
async function answerTo(request: PlanRequest): Promise<Plan> {
  validate('PlanRequest', request);
  const told: Plan[] = [];
  const made = await plan(request, { loadHighs: () => highs, onProgress: better => told.push(better) });
  for (const answer of [...told, made]) {
    expect(checkPlan(request, answer)).toEqual([]);
    expect(answer.lowerBound).toBeLessThanOrEqual(made.makespan * (1 + 1e-9));
  }
  expect(made.fault).toBeUndefined();
  validate('Plan', made);
  return made;
}

describe('the answer to whatever is asked', () => {
  it(
    'may be carried out, at once and some time later',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), async seed => {
          const request = anyRequest(seed);
          const made = await answerTo(request);
          const later = laterRequest(request, made, seed);
          await answerTo(laterRequest(later, await answerTo(later), seed + 1));
        }),
        { numRuns: REQUESTS }
      );
    },
    PATIENCE
  );
});
