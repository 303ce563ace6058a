import { taskFailure } from '../../core/view/format/failures.js';
import { DashboardPart } from '../components/dashboardPart.js';
import { FailureNote } from '../components/failureNote.js';
import { StatusMark } from '../components/taskStatus.js';
import {
  type IDashboardContext,
  useDashboardContext,
  useSelectedTasks
} from '../context/dashboardContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';

/** What there is to know of the tasks that are selected. */
export function taskDetailPart(context: IDashboardContext): DashboardPart {
  return new DashboardPart({
    context,
    className: 'jp-SaturnTaskDetail',
    label: context.trans.__('Details of the selected tasks'),
    component: TaskDetail
  });
}

function TaskDetail({ view: { state } }: ViewSnapshot.IMoment) {
  const { trans } = useDashboardContext();
  const current = useSelectedTasks().at(-1);
  const task = state?.tasks.find(({ spec }) => spec.name === current);
  if (!task) {
    return (
      <p className="jp-SaturnPanel-hint">{trans.__('Select a task to see what there is to know of it.')}</p>
    );
  }
  const failure = taskFailure(task, trans);
  return (
    <>
      <h3>
        {task.spec.name} <StatusMark status={task.status} />
      </h3>
      {failure && <FailureNote failure={failure} />}
    </>
  );
}
