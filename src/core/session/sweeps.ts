import type { PointsSuggestedEvent, SweepSpec } from '../wire/messages.js';
import { type ISession, type IStep, withState } from './session.js';
import { addTasks } from './tasks.js';

/** The session that knows of a sweep. One of the same name gives way to it; its tasks stay. */
export function withSweep(session: ISession, spec: SweepSpec | undefined, points: number): ISession {
  if (!spec) {
    return session;
  }
  const { sweeps = [] } = session.state;
  const old = sweeps.find(({ spec: { name } }) => name === spec.name);
  const others = sweeps.filter(sweep => sweep !== old);
  // What was compared already stays comparable under the same rule.
  const same = JSON.stringify(old?.spec.stop) === JSON.stringify(spec.stop);
  const ladder = same && old?.firstRung !== undefined ? { firstRung: old.firstRung } : {};
  return withState(session, { sweeps: [...others, { spec, made: points, ...ladder }] });
}

/** Put suggested points into the session; or note why no further ones come. */
export function noteSuggested(session: ISession, { sweep: name, tasks, error }: PointsSuggestedEvent): IStep {
  const sweeps = (session.state.sweeps ?? []).map(sweep => {
    if (sweep.spec.name !== name) {
      return sweep;
    }
    const { asked: _answered, error: _before, ...rest } = sweep;
    return { ...rest, made: sweep.made + tasks.length, ...(error && { error }) };
  });
  return addTasks(withState(session, { sweeps }), tasks);
}
