import { withSpent } from './budgets.js';
import { emptySession, type ISession, type IStep, withState } from './session.js';
import { inspecting, stopInspections, stopTrials } from './stopping.js';

/** The session without its tasks, that keeps what it has measured and what it may use. */
export function reset(session: ISession): IStep {
  const tasks = session.state.tasks.map(task => task.spec.name);
  const ended = stopTrials(session, () => true);
  const {
    cluster,
    excludedDevices,
    cells,
    trials,
    agent,
    nodes,
    bridge,
    techniques,
    tracking,
    session: name,
    folder,
    wishes,
    budgetFrom,
    spentBefore
  } = withSpent(ended.session, ended.session.state.tasks).state;
  const empty = emptySession(name, folder);
  const fresh: ISession = {
    ...empty,
    planRevision: session.planRevision + 1,
    trialCount: session.trialCount
  };
  return {
    session: withState(fresh, {
      cells: cells.filter(cell => cell.status !== 'failed'),
      trials,
      agent,
      ...(nodes ? { nodes } : {}),
      ...(cluster ? { cluster } : {}),
      ...(bridge ? { bridge } : {}),
      ...(excludedDevices ? { excludedDevices } : {}),
      ...(techniques ? { techniques } : {}),
      ...(tracking ? { tracking } : {}),
      ...(wishes ? { wishes } : {}),
      ...(budgetFrom === undefined ? {} : { budgetFrom }),
      ...(spentBefore ? { spentBefore } : {})
    }),
    commands: [
      { kind: 'cancel-plan' },
      ...stopInspections(inspecting(session, () => true)),
      ...ended.commands,
      { kind: 'archive', tasks }
    ]
  };
}
