import { inspect } from './inspections.js';
import { type ISession, type IStep, isStaying, mapTasks, withState } from './session.js';
import { stopGroups, stopTrials } from './stopping.js';
import { activeTasks } from './taskTable.js';

/** Have a session that was paused just now leave its devices: what trains saves, if it can, and goes on from there later. */
export function halt(session: ISession): IStep {
  const trials = stopTrials(session, () => true);
  const training = activeTasks(session.state.tasks).filter(isStaying);
  return {
    session: mapTasks(trials.session, task =>
      training.includes(task) ? { ...task, status: 'stopping', moving: true } : task
    ),
    commands: [
      { kind: 'cancel-plan' },
      ...training.flatMap(task => stopGroups(session.state, task)),
      ...trials.commands
    ]
  };
}

/** There is room again: what could not be written down of inspections is looked at anew. */
export function noteRoom(session: ISession): IStep {
  const { pause, notices } = session.state;
  if (!pause) {
    return { session, commands: [] };
  }
  const left = notices.filter(
    ({ code, message }) => code !== pause.error.code || message !== pause.error.message
  );
  const next = withState(session, { pause: undefined, notices: left });
  return { session: next, commands: inspect(next) };
}
