import { noTasks } from '../../core/view/display/emptyStates.js';
import { DashboardPart } from '../components/dashboardPart.js';
import { StatusMark } from '../components/taskStatus.js';
import { WithCode } from '../components/withCode.js';
import {
  type IDashboardContext,
  useDashboardContext,
  useSelectedTasks
} from '../context/dashboardContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';

/** The tasks of the session, a row each; those that are selected here are selected in all parts. */
export function taskTablePart(context: IDashboardContext): DashboardPart {
  return new DashboardPart({
    context,
    className: 'jp-SaturnTaskTable',
    label: context.trans.__('Tasks'),
    component: TaskTable
  });
}

function TaskTable({ view: { state } }: ViewSnapshot.IMoment) {
  const { selection, trans } = useDashboardContext();
  const selected = useSelectedTasks();
  const tasks = state?.tasks ?? [];
  if (tasks.length === 0) {
    return (
      <p className="jp-SaturnPanel-hint">
        <WithCode text={noTasks(trans)} />
      </p>
    );
  }
  return (
    <ul className="jp-SaturnTasks">
      {tasks.map(({ spec: { name }, status }) => (
        <li key={name}>
          <button
            type="button"
            aria-pressed={selected.includes(name)}
            onClick={() => selection.select([name])}
          >
            {name}
          </button>
          <StatusMark status={status} />
        </li>
      ))}
    </ul>
  );
}
