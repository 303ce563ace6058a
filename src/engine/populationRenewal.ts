import { NAME_LENGTH, pointName } from '../core/search/pointTasks.js';
import { cloneSpec, parentOf } from '../core/session/clones.js';
import { findSweep, findTask, type ISession } from '../core/session/session.js';
import { withNew } from '../core/session/tasks.js';
import {
  type Failure,
  failureOf,
  type NewMember,
  type PopulationRenewedEvent,
  type SweepSpec,
  type TaskSpec
} from '../core/wire/messages.js';
import { keepWeights } from './keptWeights.js';
import { digest } from './pointSource.js';

/**
 * Make the members of a population that are to be made: each goes on from what its parent has saved at the step, which is kept
 * for it. One that cannot be made is left out.
 */
export function renewedPopulation(session: ISession, sweep: string): PopulationRenewedEvent {
  const { spec, renewing } = findSweep(session.state, sweep) ?? {};
  const tasks: TaskSpec[] = [];
  let error: Failure | undefined;
  for (const member of renewing?.members ?? []) {
    try {
      tasks.push(made(withNew(session, tasks), spec!, renewing!.step, member));
    } catch (problem) {
      error ??= failureOf(problem);
    }
  }
  return { kind: 'population-renewed', sweep, tasks, ...(error && { error }) };
}

/** @throws SaturnError as `parentOf`, `keepWeights` and `cloneSpec`. */
function made(session: ISession, sweep: SweepSpec, step: number, { parent, params }: NewMember): TaskSpec {
  const asked = { task: parent, params, step };
  const { spec } = parentOf(session, asked);
  const kept = { ...keepWeights(session.state.folder, spec, asked), continues: true } as const;
  return cloneSpec(session, { ...asked, name: freeName(session, sweep, asked) }, kept, digest);
}

/** What a member is called: as its point, and from when it is what it is. */
function freeName(
  session: ISession,
  sweep: SweepSpec,
  { params, step }: Pick<NewMember, 'params'> & { step: number }
): string {
  for (let number = 1; ; number += 1) {
    const tail = `-from-${step}${number === 1 ? '' : `-${number}`}`;
    const name = `${pointName(sweep, params, digest).slice(0, NAME_LENGTH - tail.length)}${tail}`;
    if (!findTask(session, name)) {
      return name;
    }
  }
}
