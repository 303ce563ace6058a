import type { PlanRequest } from '../../wire/messages.js';
import type { IRun } from '../schedule/deviceRuns.js';
import { slack } from '../schedule/tolerance.js';
import { type IConstraint, ROUNDING } from './constraint.js';

/** A limit on what all runs together take, in its own words. */
export interface IBudgetConstraint extends Pick<IConstraint, 'name' | 'label' | 'assert'> {
  limit(request: PlanRequest): number | undefined;
  /** What a second on a device of a node takes. */
  rate(request: PlanRequest, node: string): number;
  /** That a schedule takes more than allowed. */
  over(spent: number, limit: number): string;
  /** That every plan takes more than allowed, and that the best found does. */
  never(least: number, limit: number): string;
  notFound(spent: number, limit: number): string;
  /** The limit that a plan keeps. */
  relax(spent: number, limit: number): string;
  /** The request without the limit. */
  unlimited(request: PlanRequest): PlanRequest;
  /** What a higher limit would allow, in a few words. */
  more: string;
}

/** The constraint that keeps to a budget. */
export function budget(own: IBudgetConstraint): IConstraint {
  const { name, label, assert } = own;
  return {
    name,
    label,
    assert,

    unmet({ request, runs }) {
      const limit = own.limit(request) ?? Infinity;
      const spent = spentBy(runs, node => own.rate(request, node));
      return spent > limit + slack(limit) ? [{ message: own.over(spent, limit) }] : [];
    },

    ofAll(request) {
      const limit = own.limit(request);
      return limit === undefined ? undefined : { budget: { limit, rate: node => own.rate(request, node) } };
    },

    without: request =>
      own.limit(request) === undefined ? undefined : { request: own.unlimited(request), relax: own.more },

    conflicts({ request, impossible }, spending) {
      const limit = own.limit(request);
      if (limit === undefined || spending === undefined || spending.spent <= limit * (1 + ROUNDING)) {
        return [];
      }
      const { spent, least } = spending;
      const proven = least > limit * (1 + ROUNDING);
      return [
        {
          message: proven ? own.never(least, limit) : own.notFound(spent, limit),
          relax: own.relax(spent, limit),
          proven: proven || impossible
        }
      ];
    }
  };
}

function spentBy(runs: readonly IRun[], rate: (node: string) => number): number {
  let total = 0;
  for (const { start, end, shares } of runs) {
    for (const { node, devices } of shares) {
      total += (end - start) * devices.length * rate(node);
    }
  }
  return total;
}
