import type { TechniqueSpec } from '../wire/messages.js';
import { inspectAgain } from './inspections.js';
import { type ISession, type IStep, withState } from './session.js';

/**
 * Register techniques of the user's own; one replaces what had its name. What was measured with the old code no
 * longer counts, and tasks not yet trained are inspected again.
 *
 * @param remove - names to forget.
 */
export function noteTechniques(
  session: ISession,
  specs: readonly TechniqueSpec[],
  remove: readonly string[]
): IStep {
  const changed = new Set([...specs.map(spec => spec.name), ...remove]);
  const kept = (session.state.techniques ?? []).filter(spec => !changed.has(spec.name));
  const given = new Map(specs.map(spec => [spec.name, spec]));
  return inspectAgain(
    withState(session, {
      techniques: [...kept, ...given.values()],
      cells: session.state.cells.filter(cell => !changed.has(cell.strategy.technique)),
      trials: session.state.trials.filter(
        trial => trial.status !== 'queued' || !changed.has(trial.strategy.technique)
      )
    })
  );
}
