import { assertCount, badRequest } from '../requestAssertions.js';
import type { IRun } from '../schedule/deviceRuns.js';
import type { IConstraint } from './constraint.js';

/** At most so many runs at once. */
export const concurrent: IConstraint = {
  name: 'concurrent',
  label: trans => trans.__('runs at once'),

  assert({ limits }) {
    const { concurrent: most = 1 } = limits ?? {};
    assertCount(most, 'The limit of runs at once');
    if (most === 0) {
      throw badRequest('The limit of runs at once must be at least 1.');
    }
  },

  unmet({ request, runs, off }) {
    const { concurrent: allowed = Infinity } = request.limits ?? {};
    const most = allowed < Infinity ? mostAtOnce(runs, off) : 0;
    return most > allowed ? [{ message: `${most} runs go on at once; at most ${allowed} may.` }] : [];
  },

  ofAll: ({ limits }) =>
    limits?.concurrent === undefined ? undefined : { lanes: [{ count: limits.concurrent }] },

  without({ limits, ...rest }) {
    const { concurrent: allowed, ...others } = limits ?? {};
    return allowed === undefined
      ? undefined
      : { request: { ...rest, limits: others }, relax: 'more runs at once' };
  },

  // Runs that begin wait for a lane: only those that go on can be too many.
  conflicts({ request, tasks }) {
    const { concurrent: allowed = Infinity } = request.limits ?? {};
    const runs = new Set<string>();
    const going = tasks.filter(({ task, goesOn, end }) => {
      const run = task.running?.fusion;
      const isCounted = run !== undefined && runs.has(run);
      if (goesOn && end > 0 && run !== undefined) {
        runs.add(run);
      }
      return goesOn && end > 0 && !isCounted;
    });
    return going.length <= allowed
      ? []
      : [
          {
            message: `${going.length} tasks run already; at most ${allowed} are to run at once.`,
            relax: `Allow ${going.length} runs at once.`,
            proven: going.filter(({ movable }) => !movable).length > allowed
          }
        ];
  }
};

/** Most runs that go on at one time. */
function mostAtOnce(runs: readonly IRun[], off: number): number {
  const lasting = runs.filter(run => run.end - run.start > off);
  let most = 0;
  for (const { start } of lasting) {
    const now = lasting.filter(run => run.start <= start + off && run.end > start + off);
    most = Math.max(most, now.length);
  }
  return most;
}
