import type { TranslationBundle } from '@jupyterlab/translation';
import { type KeyboardEvent, useState } from 'react';
import { noTasks } from '../../core/view/display/emptyStates.js';
import { printable } from '../../core/view/format/escape.js';
import { taskFailure } from '../../core/view/format/failures.js';
import { argument, compactCount, count } from '../../core/view/format/format.js';
import type { IListItem } from '../../core/view/format/list.js';
import { lineage } from '../../core/view/format/taskText.js';
import { taskWishWords } from '../../core/view/format/wishText.js';
import { type SessionPhase, sessionPhase } from '../../core/view/status/sessionPhase.js';
import { trackedNote } from '../../core/view/status/trackingView.js';
import { checkList } from '../../core/view/tasks/checkView.js';
import { taskChecks } from '../../core/view/tasks/taskChecks.js';
import { taskWarnings } from '../../core/view/tasks/taskWarnings.js';
import type { SessionState, TaskState } from '../../core/wire/messages.js';
import { BlockList, List } from '../components/blockList.js';
import { FailureNote } from '../components/failureNote.js';
import { StatusMark } from '../components/taskStatus.js';
import { WithCode } from '../components/withCode.js';
import { useViewContext } from '../context/viewContext.js';
import { cellStatus } from '../notebook/taskCells.js';
import type { IPanelSections } from '../session/tokens.js';
import { CellList } from './cellList.js';
import { MoreTasks } from './moreTasks.js';

/** While a session is in these, its tasks are looked at first. */
const FIRST_PHASES: ReadonlySet<SessionPhase> = new Set(['define', 'prepare']);

/** So many tasks are listed. */
const MOST = 20;

/** The tasks of the session, and those that cells of the notebook would add. */
export function tasksSection(trans: TranslationBundle): IPanelSections.Section {
  return {
    id: 'tasks',
    rank: 100,
    ranks: { define: 10 },
    title: trans.__('Tasks'),
    summary: ({ state }) => {
      const tasks = state?.tasks ?? [];
      const failed = tasks.filter(isFailed).length;
      return failed > 0 ? trans.__('%1, %2 failed', count(tasks.length), count(failed)) : count(tasks.length);
    },
    isVisible: ({ state, cells }) => state !== null || cells.length > 0,
    isOpen: ({ state, cells }) =>
      state === null ||
      FIRST_PHASES.has(sessionPhase(state)) ||
      cells.some(cell => cellStatus(cell, state.tasks) !== 'current'),
    component: Tasks
  };
}

function Tasks({ view, now }: IPanelSections.IContent) {
  const tasks = view.state?.tasks ?? [];
  return (
    <>
      <CellList view={view} />
      {tasks.length === 0 && view.cells.length === 0 && <NoTasks />}
      {view.state && tasks.length > 0 && <TaskList state={view.state} now={now} />}
    </>
  );
}

const isFailed = ({ status, givenUp }: TaskState) =>
  !givenUp && (status === 'failed' || status === 'invalid');

/** All tasks, those that failed first: one stop in the tab order, within which the arrow keys move. */
function TaskList({ state, now }: { state: SessionState; now: number }) {
  const { trans } = useViewContext();
  const { tasks, cluster } = state;
  const ordered = [...tasks.filter(isFailed), ...tasks.filter(task => !isFailed(task))].slice(0, MOST);
  const [chosen, choose] = useState('');
  const stop = ordered.some(task => task.spec.name === chosen) ? chosen : ordered[0]?.spec.name;
  return (
    <>
      <ul
        className="jp-SaturnTasks"
        aria-label={trans.__('Tasks of the session')}
        onKeyDown={moveFocus}
        onFocus={event => choose(event.target.closest<HTMLElement>('[data-task]')?.dataset.task ?? '')}
      >
        {ordered.map(task => (
          <TaskItem
            key={task.spec.name}
            task={task}
            told={state.tracking}
            wishes={taskWishWords(task, cluster, now, trans).map(({ text }) => text)}
            isStop={task.spec.name === stop}
          />
        ))}
      </ul>
      <MoreTasks hidden={tasks.length - ordered.length} />
      <BlockList blocks={[trackedNote(state, trans)]} />
    </>
  );
}

/** Up, Down, Home and End go from one summary of a list to another. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(':scope > li > details > summary')];
  const from = all.indexOf(event.target as HTMLElement);
  const last = all.length - 1;
  const to = { ArrowUp: Math.max(0, from - 1), ArrowDown: Math.min(last, from + 1), Home: 0, End: last }[
    event.key
  ];
  if (from >= 0 && to !== undefined) {
    event.preventDefault();
    all[to]?.focus();
  }
}

function NoTasks() {
  const { trans } = useViewContext();
  return (
    <p className="jp-SaturnPanel-hint">
      <WithCode text={noTasks(trans)} />
    </p>
  );
}

interface ITaskItemProps {
  task: TaskState;
  told: SessionState['tracking'];
  wishes: readonly string[];
  isStop: boolean;
}

function TaskItem(props: ITaskItemProps) {
  const { trans } = useViewContext();
  const { spec, inspection } = props.task;
  const error = taskFailure(props.task, trans);
  // Its traceback is told once, where it needs attention.
  const { traceback: _, ...failure } = error ?? { code: '', message: '' };
  const warnings = inspection ? taskWarnings(inspection, props.told ?? [], trans) : [];
  return (
    <li className="jp-SaturnTasks-item" data-task={spec.name}>
      <details open={error !== undefined || warnings.length > 0}>
        <summary tabIndex={props.isStop ? 0 : -1}>
          <span className="jp-SaturnTasks-name">{spec.name}</span>
          {props.wishes.length > 0 && <span className="jp-SaturnPanel-quiet">{props.wishes.join(', ')}</span>}
          <StatusMark task={props.task} />
        </summary>
        <div className="jp-SaturnTasks-body">
          {error && <FailureNote failure={failure} />}
          <TaskCheck task={props.task} told={props.told} />
          {inspection && (
            <div className="jp-SaturnPanel-quiet">
              {trans._n(
                '%2 step, batches of %3, %4 parameters',
                '%2 steps, batches of %3, %4 parameters',
                inspection.steps,
                count(inspection.steps),
                count(inspection.batchSize),
                compactCount(inspection.parameters)
              )}
            </div>
          )}
          <div className="jp-SaturnPanel-quiet">
            {printable(
              Object.entries(spec.params)
                .map(([name, value]) => `${name}=${argument(value)}`)
                .join(', ')
            )}
          </div>
          {spec.cloneOf !== undefined && <div className="jp-SaturnPanel-quiet">{lineage(spec, trans)}</div>}
        </div>
      </details>
    </li>
  );
}

/** What can train a task, what cannot and why, and what to beware of. */
function TaskCheck({ task, told }: Pick<ITaskItemProps, 'task' | 'told'>) {
  const { trans } = useViewContext();
  const [check] = taskChecks([task], trans, told);
  if (check?.state !== 'checked') {
    return null;
  }
  const { items, ...list } = checkList(check, trans);
  const isWarning = ({ tone }: IListItem) => tone === 'warning';
  return (
    <List
      list={{
        ...list,
        ...(check.can.length > 0 ? { about: trans.__('Can run') } : { tone: 'warning' }),
        // In so little room what to beware of must not be the last.
        items: [...items.filter(isWarning), ...items.filter(item => !isWarning(item))]
      }}
    />
  );
}
