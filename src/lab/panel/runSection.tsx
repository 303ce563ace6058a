import type { TranslationBundle } from '@jupyterlab/translation';
import { printable } from '../../core/view/format/escape.js';
import { count } from '../../core/view/format/format.js';
import { stepWords } from '../../core/view/format/taskText.js';
import { leaderboard } from '../../core/view/results/leaderboard.js';
import { progressLine } from '../../core/view/status/progressLine.js';
import { trainingFacts } from '../../core/view/status/taskProgress.js';
import { outsideRun } from '../../core/view/tasks/outsideRun.js';
import type { SessionState, TaskState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { printed } from '../components/printed.js';
import { ProgressBar } from '../components/progressBar.js';
import { Table } from '../components/table.js';
import { StatusMark } from '../components/taskStatus.js';
import { useViewContext } from '../context/viewContext.js';
import type { IPanelSections } from '../session/tokens.js';

const SHOWN = new Set<TaskState['status']>(['starting', 'running', 'stopping', 'stopped']);

/** What trains now, and the trained models, best first. */
export function runSection(trans: TranslationBundle): IPanelSections.Section {
  return {
    id: 'run',
    rank: 400,
    title: trans.__('Run'),
    summary: ({ state }) =>
      state && state.tasks.length > 0
        ? trans.__('%1 of %2', count(finishedIn(state)), count(state.tasks.length))
        : '',
    component: ({ view, now }) => view.state && <RunBody state={view.state} now={now} />
  };
}

const finishedIn = (state: SessionState) => state.tasks.filter(task => task.status === 'finished').length;

function RunBody({ state, now }: { state: SessionState; now: number }) {
  const { trans } = useViewContext();
  const active = state.tasks.filter(task => SHOWN.has(task.status));
  const finished = finishedIn(state);
  const board = leaderboard(state, trans);
  return (
    <>
      {state.tasks.length > 0 && (
        <ProgressBar
          done={finished}
          of={state.tasks.length}
          label={trans.__('Trained tasks')}
          text={trans.__('%1 of %2 tasks', count(finished), count(state.tasks.length))}
        />
      )}
      <div className="jp-SaturnPanel-quiet">{progressLine(state, now, trans)}</div>
      {active.length > 0 && (
        <ul className="jp-SaturnRunning" aria-label={trans.__('Tasks in training')}>
          {active.map(task => (
            <RunningTask key={task.spec.name} task={task} state={state} now={now} />
          ))}
        </ul>
      )}
      <BlockList blocks={[outsideRun(state, trans)]} />
      {board.rows.length > 0 && (
        <div className="jp-SaturnLeaderboard">
          <Table table={printed({ caption: trans.__('Leaderboard'), ...board })} />
        </div>
      )}
    </>
  );
}

function RunningTask(props: { task: TaskState; state: SessionState; now: number }) {
  const { trans } = useViewContext();
  const { task, state, now } = props;
  return (
    <li data-task={task.spec.name}>
      <div className="jp-SaturnRunning-head">
        <span className="jp-SaturnTasks-name">{task.spec.name}</span>
        <StatusMark status={task.status} />
      </div>
      <ProgressBar
        done={task.progress.step}
        of={task.inspection?.steps ?? 0}
        label={task.spec.name}
        text={stepWords(task, trans) ?? ''}
      />
      <div className="jp-SaturnPanel-quiet">
        {printable(trainingFacts(task, state, now, trans).join(' · '))}
      </div>
    </li>
  );
}
