import { noPlan } from '../../core/view/display/emptyStates.js';
import { sessionGantt } from '../../core/view/gantt/sessionGantt.js';
import { BlockList } from '../components/blockList.js';
import { DashboardPart } from '../components/dashboardPart.js';
import { GanttHost } from '../components/ganttHost.js';
import { type IDashboardContext, useDashboardContext } from '../context/dashboardContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';

/** The schedule: what was planned, and what has become of it. */
export function schedulePart(context: IDashboardContext): DashboardPart {
  return new DashboardPart({
    context,
    className: 'jp-SaturnSchedule',
    label: context.trans.__('Schedule'),
    component: Schedule
  });
}

function Schedule({ view: { state }, now }: ViewSnapshot.IMoment) {
  const { trans } = useDashboardContext();
  const gantt = state && sessionGantt(state, now, trans);
  return gantt ? <GanttHost input={gantt} /> : <BlockList blocks={state ? noPlan(state, trans) : []} />;
}
