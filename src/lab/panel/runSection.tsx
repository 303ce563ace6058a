import type { TranslationBundle } from '@jupyterlab/translation';
import { stopIcon } from '@jupyterlab/ui-components';
import { useEffect } from 'react';
import { printable } from '../../core/view/format/escape.js';
import { count, sharePercent } from '../../core/view/format/format.js';
import { stepWords } from '../../core/view/format/taskText.js';
import { taskShare } from '../../core/view/status/progressShare.js';
import { trainingFacts } from '../../core/view/status/taskProgress.js';
import { outsideRun } from '../../core/view/tasks/outsideRun.js';
import type { Curve, SessionState, TaskState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { ProgressBar } from '../components/progressBar.js';
import { StatusMark } from '../components/taskStatus.js';
import { useSignalState } from '../context/signalState.js';
import { useViewContext } from '../context/viewContext.js';
import type { IPanelSections } from '../session/tokens.js';
import { useKeptFocus } from './keptFocus.js';
import { MoreTasks } from './moreTasks.js';
import { usePanelContext } from './panelContext.js';
import { Sparkline } from './sparkline.js';

const SHOWN = new Set<TaskState['status']>(['starting', 'running', 'stopping']);

/** So many tasks in training are shown. */
const MOST = 8;

/** What trains now. */
export function runSection(trans: TranslationBundle): IPanelSections.Section {
  return {
    id: 'run',
    rank: 400,
    ranks: { train: 10, stopped: 10 },
    title: trans.__('Training'),
    summary: ({ state }) => {
      const active = activeTasks(state).length;
      return active > 0 ? trans._n('%2 task', '%2 tasks', active, count(active)) : '';
    },
    isVisible: ({ state }) => state !== null && activeTasks(state).length > 0,
    component: ({ view, now }) => view.state && <RunBody state={view.state} now={now} />
  };
}

const activeTasks = (state: SessionState | null) =>
  state?.tasks.filter(({ status }) => SHOWN.has(status)) ?? [];

function RunBody({ state, now }: { state: SessionState; now: number }) {
  const { trans } = useViewContext();
  const { curves } = usePanelContext();
  const kept = useKeptFocus<HTMLUListElement>();
  const drawn = useSignalState(curves.changed, () => curves.curves);
  const active = activeTasks(state);
  const shown = active.slice(0, MOST);
  const names = shown.map(({ spec }) => spec.name);
  useEffect(() => {
    curves.tasks = names;
  });
  useEffect(
    () => () => {
      curves.tasks = [];
    },
    [curves]
  );
  return (
    <>
      <ul {...kept} className="jp-SaturnRunning" aria-label={trans.__('Tasks in training')}>
        {shown.map(task => (
          <RunningTask
            key={task.spec.name}
            task={task}
            state={state}
            now={now}
            curve={drawn.get(task.spec.name)}
          />
        ))}
      </ul>
      <MoreTasks hidden={active.length - shown.length} />
      <BlockList blocks={[outsideRun(state, trans)]} />
    </>
  );
}

function RunningTask(props: { task: TaskState; state: SessionState; now: number; curve: Curve | undefined }) {
  const { session, trans } = useViewContext();
  const { task, state, now, curve } = props;
  const { name } = task.spec;
  const { connected, pending } = session.view;
  const share = taskShare(task);
  const [steps, ...facts] = trainingFacts(task, state, now, trans).map(printable);
  return (
    <li data-task={name}>
      <div className="jp-SaturnRunning-head">
        <span className="jp-SaturnRunning-name" title={printable(name)}>
          {printable(name)}
        </span>
        {task.status === 'running' ? (
          <span className="jp-SaturnRunning-share">{sharePercent(share, trans)}</span>
        ) : (
          <StatusMark task={task} />
        )}
        <button
          type="button"
          className="jp-mod-styled jp-mod-minimal jp-SaturnPanel-icon"
          aria-label={trans.__('Stop %1', printable(name))}
          title={trans.__('Save a checkpoint and stop %1; its devices go to the others', printable(name))}
          disabled={(task.status === 'stopping' && !task.moving) || !connected || pending.has('stop')}
          onClick={() => void session.send('stop', { tasks: [name] })}
        >
          <stopIcon.react tag="span" aria-hidden="true" />
        </button>
      </div>
      <ProgressBar
        done={Math.floor(share * 100)}
        of={100}
        label={printable(name)}
        text={stepWords(task, trans) ?? ''}
      />
      <div className="jp-SaturnRunning-facts">
        <Sparkline curve={curve} />
        <span className="jp-SaturnPanel-quiet" title={[steps, ...facts].join('\n')}>
          {facts.join(' · ')}
        </span>
      </div>
    </li>
  );
}
