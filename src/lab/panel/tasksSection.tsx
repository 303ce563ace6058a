import { type KeyboardEvent, useState } from 'react';
import { compactCount, count, plural } from '../../core/view/format/format.js';
import { taskChecks, wordsOfUses } from '../../core/view/tasks/taskChecks.js';
import type { SessionState, TaskState } from '../../core/wire/messages.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { FailureNote } from '../components/failureNote.js';
import { Section } from '../components/section.js';
import { StatusMark } from '../components/taskStatus.js';
import { usePanelContext, useView } from '../context/panelContext.js';
import { CellList } from './cellList.js';

/** The tasks of the session, and those that cells of the notebook would add. */
export function TasksSection({ state }: { state: SessionState | null }) {
  const { trans } = usePanelContext();
  const { cells } = useView();
  const tasks = state?.tasks ?? [];
  const failed = tasks.filter(isFailed).length;
  return (
    <Section
      name="tasks"
      title={trans.__('Tasks')}
      summary={
        failed > 0 ? trans.__('%1, %2 failed', count(tasks.length), count(failed)) : count(tasks.length)
      }
    >
      <CellList />
      {tasks.length === 0 && cells.length === 0 && <NoTasks />}
      {tasks.length > 0 && <TaskList tasks={tasks} />}
    </Section>
  );
}

const isFailed = (task: TaskState) => task.status === 'failed' || task.status === 'invalid';

/** All tasks, those that failed first: one stop in the tab order, within which the arrow keys move. */
function TaskList({ tasks }: { tasks: readonly TaskState[] }) {
  const { trans } = usePanelContext();
  const ordered = [...tasks.filter(isFailed), ...tasks.filter(task => !isFailed(task))];
  const [chosen, choose] = useState('');
  const stop = tasks.some(task => task.spec.name === chosen) ? chosen : ordered[0]?.spec.name;
  return (
    <ul
      className="jp-SaturnTasks"
      aria-label={trans.__('Tasks of the session')}
      onKeyDown={moveFocus}
      onFocus={event => choose(event.target.closest<HTMLElement>('[data-task]')?.dataset.task ?? '')}
    >
      {ordered.map(task => (
        <TaskItem key={task.spec.name} task={task} isStop={task.spec.name === stop} />
      ))}
    </ul>
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
  const { commands, trans } = usePanelContext();
  return (
    <div className="jp-SaturnPanel-hint">
      <p>
        {trans.__('A %%saturn task cell whose function returns a Task makes one task per point of its grid.')}
      </p>
      <button
        type="button"
        className="jp-mod-styled"
        onClick={() => void commands.execute(CommandIDs.insertTaskCell)}
      >
        {trans.__('Insert a task cell')}
      </button>
    </div>
  );
}

function TaskItem(props: { task: TaskState; isStop: boolean }) {
  const { trans } = usePanelContext();
  const { spec, inspection, error } = props.task;
  const warnings = inspection?.warnings ?? [];
  return (
    <li className="jp-SaturnTasks-item" data-task={spec.name}>
      <details open={error !== undefined || warnings.length > 0}>
        <summary tabIndex={props.isStop ? 0 : -1}>
          <span className="jp-SaturnTasks-name">{spec.name}</span>
          <StatusMark status={props.task.status} />
        </summary>
        <div className="jp-SaturnTasks-body">
          {error && <FailureNote failure={error} />}
          {warnings.map(warning => (
            <div key={warning} className="jp-SaturnPanel-warning">
              {warning}
            </div>
          ))}
          <TaskCheck task={props.task} />
          {inspection && (
            <div className="jp-SaturnPanel-quiet">
              {trans.__(
                '%1, batches of %2, %3 parameters',
                plural(inspection.steps, 'step'),
                count(inspection.batchSize),
                compactCount(inspection.parameters)
              )}
            </div>
          )}
          <div className="jp-SaturnPanel-quiet">
            {Object.entries(spec.params)
              .map(([name, value]) => `${name}=${value}`)
              .join(', ')}
          </div>
        </div>
      </details>
    </li>
  );
}

/** What can train a task, and what cannot and why. */
function TaskCheck({ task }: { task: TaskState }) {
  const { trans } = usePanelContext();
  const [check] = taskChecks([task]);
  if (check?.state !== 'checked') {
    return null;
  }
  const { can, cannot } = check;
  return (
    <>
      <div className={can.length > 0 ? 'jp-SaturnPanel-quiet' : 'jp-SaturnPanel-warning'}>
        {can.length > 0 ? trans.__('Can run: %1', wordsOfUses(can)) : trans.__('Nothing can run it.')}
      </div>
      {cannot.length > 0 && (
        <ul className="jp-SaturnTasks-refusals" aria-label={trans.__('What cannot run it')}>
          {cannot.map(({ uses, reason }) => (
            <li key={reason}>{trans.__('✕ not with %1: %2', wordsOfUses(uses), reason)}</li>
          ))}
        </ul>
      )}
    </>
  );
}
