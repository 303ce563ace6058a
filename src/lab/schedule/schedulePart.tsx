import { type ReactNode, useEffect, useRef } from 'react';
import { WorkerPlannerClient } from '../../worker/workerPlannerClient.js';
import { DashboardPart } from '../components/dashboardPart.js';
import type { IDashboardContext } from '../context/dashboardContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import { WhatIf } from '../whatIf/whatIf.js';
import { WhatIfProvider } from '../whatIf/whatIfContext.js';
import type { IWhatIfPlanner } from '../whatIf/whatIfPlanner.js';
import { Schedule } from './schedule.js';

/** How long to look for the plan of a draft, in seconds, where no setting says so. */
const DRAFT_SECONDS = 2;

/**
 * The schedule: what was planned, what has become of it, and what else could be planned.
 *
 * @param onHeight - called with the height of all that it shows, in pixels, when that changes.
 * @param makePlanner - called when the first bar is moved.
 */
export function schedulePart(
  context: IDashboardContext,
  onHeight: (height: number) => void = () => undefined,
  makePlanner: () => IWhatIfPlanner = () => new WorkerPlannerClient()
): DashboardPart {
  const { clock, whatIfSeconds: seconds = () => DRAFT_SECONDS } = context;
  const whatIf = new WhatIf({ makePlanner, clock, seconds });
  const part = new DashboardPart({
    context,
    className: 'jp-SaturnSchedule',
    label: context.trans.__('Schedule'),
    component: ({ view: { state }, now }: ViewSnapshot.IMoment) =>
      state && (
        <WhatIfProvider value={whatIf}>
          <Measured onHeight={onHeight}>
            <Schedule key={state.folder} state={state} now={now} />
          </Measured>
        </WhatIfProvider>
      )
  });
  part.disposed.connect(() => whatIf.dispose());
  return part;
}

/** Tells how high its contents are, whatever height there is for them. */
function Measured({ onHeight, children }: { onHeight: (height: number) => void; children: ReactNode }) {
  const contents = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const host = contents.current as HTMLDivElement;
    const observer = new ResizeObserver(() => onHeight(host.offsetHeight));
    observer.observe(host);
    return () => observer.disconnect();
  }, [onHeight]);
  return <div ref={contents}>{children}</div>;
}
