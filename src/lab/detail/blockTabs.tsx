import { attemptsView } from '../../core/view/detail/attemptsView.js';
import { taskDevicesView } from '../../core/view/detail/taskDevicesView.js';
import { taskWhyView } from '../../core/view/detail/taskWhyView.js';
import { BlockList } from '../components/blockList.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import type { ITaskTab } from './detailTab.js';

/** How often a task was begun, and how that ended. */
export function AttemptsTab({ task, state, now }: ITaskTab) {
  const { trans } = useDashboardContext();
  return <BlockList blocks={attemptsView(task, state, now, trans)} />;
}

/** Why a task has its strategy, and none of the others. */
export function WhyTab({ task, state }: ITaskTab) {
  const { trans } = useDashboardContext();
  return <BlockList blocks={taskWhyView(task, state, trans)} />;
}

/** Where a task has run and is to run. */
export function DevicesTab({ task, state, now }: ITaskTab) {
  const { trans } = useDashboardContext();
  return <BlockList blocks={taskDevicesView(task, state, now, trans)} />;
}
