import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from '../../../src/core/planner/plan.js';
import type { PlanRequest } from '../../../src/core/wire/messages.js';
import { bruteForceWithConstraints } from './constrainedBruteForce.js';
import { constrainedRequests } from './constrainedRequests.js';
import { option, requestOf } from './planRequests.js';

async function boundOf(request: PlanRequest): Promise<number> {
  const { weightedCompletion } = await plan({ ...request, budget: { iterations: 0 } });
  return weightedCompletion!.lowerBound;
}

describe('the bound on weighted ends', () => {
  it('is never above the best plan', async () => {
    for (const drawn of fc.sample(constrainedRequests(4), { numRuns: 150, seed: 31 })) {
      const request = { ...drawn, objective: 'weighted-completion' as const };
      const best = bruteForceWithConstraints(request);
      const { weightedCompletion } = await plan({ ...request, budget: { iterations: 0 } });
      expect(weightedCompletion?.lowerBound ?? 0).toBeLessThanOrEqual(best * (1 + 1e-9));
    }
  });

  it('chooses time and work of each task together', async () => {
    // As fast as four devices let it be and for as little work as on one: neither half of it is true of any plan.
    const tasks = Array.from({ length: 6 }, (_, i) => ({
      name: `t${i}`,
      steps: 10,
      weight: 1 + (i % 3),
      options: [option(1, 10), option(2, 6), option(4, 4)]
    }));
    const request = requestOf([4], tasks, { objective: 'weighted-completion' });
    const { weightedCompletion } = await plan({ ...request, budget: { iterations: 4000 } });
    const bound = await boundOf(request);
    const poured = await boundOf({ ...request, switches: 'planned' });
    expect(bound).toBeGreaterThan(0.95 * weightedCompletion!.seconds);
    expect(poured).toBeLessThan(bound);
  });
});
