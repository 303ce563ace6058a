import { derived } from '../model/derived.js';
import type { SessionState, TaskState } from '../wire/messages.js';
import { isExplorer } from './exploration.js';
import { type ISession, isActive, isOpen } from './session.js';

/** The tasks that are to be measured: those that wait, and, before the first plan of a run, those that train meanwhile. */
export const candidateTasks = derived((session: ISession): TaskState[] => {
  const selection = selectionOf(session);
  const selected = selection && new Set(selection);
  const aside = new Set(session.setAside);
  return session.state.tasks.filter(
    task =>
      isOpen(task, session.state) &&
      (session.learning || !isActive(task)) &&
      (selected?.has(task.spec.name) ?? true) &&
      !aside.has(task.spec.name)
  );
});

/** Those of them that can be tried by training, by signature. */
export const explorers = derived((session: ISession) => {
  const kin = new Map<string, TaskState[]>();
  for (const task of candidateTasks(session)) {
    if (task.status === 'ready' && task.inspection && isExplorer(task)) {
      const { signature } = task.inspection;
      const like = kin.get(signature);
      if (like) {
        like.push(task);
      } else {
        kin.set(signature, [task]);
      }
    }
  }
  return kin;
});

/** As if nothing trained: what trains before the first plan of a run may be moved to wherever it is wanted. */
export function withAllWaiting(state: SessionState): SessionState {
  const tasks = state.tasks.map(task =>
    isActive(task) && isOpen(task, state) ? { ...task, status: 'ready' as const } : task
  );
  return { ...state, tasks };
}

/** Only a run is of some tasks. */
export function selectionOf(session: ISession): readonly string[] | null {
  return session.state.goal === 'run' ? session.selection : null;
}
