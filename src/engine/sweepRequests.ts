import { goalOf } from '../core/model/metricGoal.js';
import type { SearchedSweep } from '../core/search/pointTasks.js';
import { refuseSweep } from '../core/search/refusals.js';
import { findSweep, type ISession } from '../core/session/session.js';
import { requireRule } from '../core/session/stopRules/refusal.js';
import { continued } from '../core/session/sweeps.js';
import { SaturnError } from '../core/wire/failure.js';
import type { Criterion, MetricChoice, SweepSpec, TaskSpec, TasksAdd } from '../core/wire/messages.js';
import type { PointSource } from './pointSource.js';

/** The tasks that a client wants added, as they are put into the session. */
export interface IWantedTasks {
  readonly tasks: readonly TaskSpec[];
  /** Of which they are points, if it is searched or has a rule. */
  readonly sweep?: SweepSpec;
  /** So many points of it there are with these. */
  readonly made: number;
  readonly by?: Criterion;
}

/**
 * What a request to add tasks means: by what they are compared, and of a sweep that the engine makes the points of the first
 * of them. A sweep that goes on with the one that is there has its points.
 *
 * @throws SaturnError `bad-criterion`, `bad-sweep`, `duplicate-sweep`, `unknown-rule`.
 */
export function wantedTasks(request: TasksAdd, session: ISession, source: PointSource): IWantedTasks {
  const by = request.by && criterionOf(request.by);
  const best = by && { best: by };
  if (!request.sweep) {
    return { tasks: withBest(request.tasks, by), made: 0, ...(by && { by }) };
  }
  const { template, ...asked } = request.sweep;
  const { set: wishes } = request.wishes ?? {};
  const sweep: SweepSpec = {
    ...asked,
    ...(template && wishes && { wishes }),
    ...(template && { template: { ...template, ...best } }),
    ...(by && { by })
  };
  refuseSweep(sweep);
  requireRule(sweep.stop);
  const common = { sweep, ...(by && { by }) };
  if (!sweep.template) {
    return { ...common, tasks: withBest(request.tasks, by), made: request.tasks.length };
  }
  const searched = { ...sweep, template: sweep.template };
  const before = continued(session, searched);
  if (!before && !request.replace) {
    refuseOther(session, searched);
  }
  const again = before ? source.again(session, searched) : [];
  const made = before?.made ?? 0;
  const first = source.first(session, searched, made);
  return { ...common, tasks: [...again, ...first], made: made + first.length };
}

/** @throws SaturnError `duplicate-sweep`: another cell searches points of a function of that name. */
function refuseOther({ state }: ISession, { name, template: { origin } }: SearchedSweep): void {
  const there = findSweep(state, name);
  const { points = 0, template } = there?.spec ?? {};
  if (there && template && template.origin !== origin && there.made < points) {
    throw new SaturnError({
      code: 'duplicate-sweep',
      message: `Another cell searches points of "${name}", and has ${there.made} of ${points}.`,
      hint: 'Rename the function, or add --replace to search this in its place; the tasks there are stay.'
    });
  }
}

function withBest(tasks: readonly TaskSpec[], best: Criterion | undefined): readonly TaskSpec[] {
  return best ? tasks.map(task => ({ ...task, best })) : tasks;
}

/** @throws SaturnError `bad-criterion`: it is never guessed whether more or less is better. */
function criterionOf({ metric, goal = goalOf(metric) }: MetricChoice): Criterion {
  if (goal === undefined) {
    throw new SaturnError({
      code: 'bad-criterion',
      message: `The name "${metric}" does not say whether more or less of it is better.`,
      hint: `Say it: --by max:${metric} or --by min:${metric}.`
    });
  }
  return { metric, goal };
}
