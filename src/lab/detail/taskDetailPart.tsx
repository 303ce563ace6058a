import { useEffect, useState } from 'react';
import { taskFailure } from '../../core/view/format/failures.js';
import type { SessionState, TaskState } from '../../core/wire/messages.js';
import { DashboardPart } from '../components/dashboardPart.js';
import { StatusMark } from '../components/taskStatus.js';
import {
  type IDashboardContext,
  useDashboardContext,
  useSelectedTasks
} from '../context/dashboardContext.js';
import { useRemembered } from '../context/remembered.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import { AttemptsTab, DevicesTab, WhyTab } from './blockTabs.js';
import { CheckpointsTab } from './checkpointsTab.js';
import { CurvesTab } from './curvesTab.js';
import { DETAIL_TABS, type DetailTab, isDetailTab, tabLabel } from './detailTab.js';
import { ErrorTab } from './errorTab.js';
import { LogTab } from './logTab.js';
import { ParametersTab } from './parametersTab.js';
import { Tabs } from './tabs.js';

/** What there is to know of the tasks that are selected, tab by tab. */
export function taskDetailPart(context: IDashboardContext): DashboardPart {
  return new DashboardPart({
    context,
    className: 'jp-SaturnTaskDetail',
    label: context.trans.__('Details of the selected tasks'),
    component: TaskDetail
  });
}

function TaskDetail({ view: { state }, now }: ViewSnapshot.IMoment) {
  const { selection, trans } = useDashboardContext();
  const selected = useSelectedTasks();
  const [tab, setTab] = useRemembered<DetailTab>('detail-tab', 'curves', isDetailTab);
  useEffect(() => {
    const show = () => {
      const what = selection.take();
      if (isDetailTab(what)) {
        setTab(what);
      }
    };
    // It may have been asked for before there was anything to show it.
    show();
    selection.asked.connect(show);
    return () => void selection.asked.disconnect(show);
  });
  const [looked, setLooked] = useState<string | null>(null);
  const current = selected.find(name => name === looked) ?? selected.at(-1);
  const task = state?.tasks.find(({ spec }) => spec.name === current);
  const isFailed = task !== undefined && taskFailure(task, trans) !== undefined;
  return (
    <Tabs
      label={trans.__('Details')}
      tabs={DETAIL_TABS.map(id => ({
        id,
        label: tabLabel(id, trans),
        ...(id === 'error' && isFailed && { mark: trans.__('has failed') })
      }))}
      current={tab}
      onChoose={setTab}
    >
      {!state && <p className="jp-SaturnPanel-hint">{trans.__('There is no session to look into yet.')}</p>}
      {state && tab === 'curves' && <CurvesTab key={state.folder} state={state} />}
      {state && tab === 'parameters' && <ParametersTab key={state.folder} state={state} />}
      {state && tab !== 'curves' && tab !== 'parameters' && (
        <>
          <TaskHeader task={task} selected={selected} onLook={setLooked} />
          {task && (
            // Tasks of another notebook's session may have the same names.
            <TaskTab
              key={JSON.stringify([state.folder, task.spec.name])}
              tab={tab}
              task={task}
              state={state}
              now={now}
            />
          )}
        </>
      )}
    </Tabs>
  );
}

/** Which task it is about; of several that are selected, the reader chooses. */
function TaskHeader(props: {
  task: TaskState | undefined;
  selected: readonly string[];
  onLook: (name: string) => void;
}) {
  const { trans } = useDashboardContext();
  const { task, selected } = props;
  if (!task) {
    return (
      <p className="jp-SaturnPanel-hint">{trans.__('Select a task to see what there is to know of it.')}</p>
    );
  }
  return (
    <div className="jp-SaturnTaskDetail-head">
      {selected.length > 1 ? (
        <label>
          {trans.__('Of the selected tasks:')}
          <select
            className="jp-mod-styled"
            value={task.spec.name}
            onChange={event => props.onLook(event.target.value)}
          >
            {selected.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      ) : (
        <h3>{task.spec.name}</h3>
      )}
      <StatusMark task={task} />
    </div>
  );
}

function TaskTab(props: { tab: DetailTab; task: TaskState; state: SessionState; now: number }) {
  const { tab, ...about } = props;
  switch (tab) {
    case 'log':
      return <LogTab {...about} />;
    case 'error':
      return <ErrorTab {...about} />;
    case 'attempts':
      return <AttemptsTab {...about} />;
    case 'checkpoints':
      return <CheckpointsTab {...about} />;
    case 'why':
      return <WhyTab {...about} />;
    case 'devices':
      return <DevicesTab {...about} />;
    case 'curves':
    case 'parameters':
      return null;
  }
}
