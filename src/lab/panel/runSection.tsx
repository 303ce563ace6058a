import { strategyLabel } from '../../core/model/strategy.js';
import { count, duration, metric } from '../../core/view/format/format.js';
import { actualSeconds, metricNames, ranking } from '../../core/view/results/leaderboard.js';
import { earlyStopWords, validationWords } from '../../core/view/results/validationText.js';
import { progressLine } from '../../core/view/status/progressLine.js';
import { taskTimeLeft } from '../../core/view/status/timeLeft.js';
import type { SessionState, TaskState } from '../../core/wire/messages.js';
import { ProgressBar } from '../components/progressBar.js';
import { Section } from '../components/section.js';
import { StatusMark } from '../components/taskStatus.js';
import { useNow, usePanelContext } from '../context/panelContext.js';

const SHOWN = new Set<TaskState['status']>(['starting', 'running', 'stopping', 'stopped']);

/** What trains now, and the trained models, best first. */
export function RunSection({ state }: { state: SessionState }) {
  const { trans } = usePanelContext();
  const finished = finishedIn(state);
  return (
    <Section
      name="run"
      title={trans.__('Run')}
      summary={state.tasks.length > 0 ? trans.__('%1 of %2', count(finished), count(state.tasks.length)) : ''}
    >
      <RunBody state={state} />
    </Section>
  );
}

const finishedIn = (state: SessionState) => state.tasks.filter(task => task.status === 'finished').length;

function RunBody({ state }: { state: SessionState }) {
  const { trans } = usePanelContext();
  const now = useNow();
  const active = state.tasks.filter(task => SHOWN.has(task.status));
  const finished = finishedIn(state);
  if (state.tasks.length === 0) {
    return <p className="jp-SaturnPanel-hint">{trans.__('Progress and results appear here.')}</p>;
  }
  return (
    <>
      <ProgressBar
        done={finished}
        of={state.tasks.length}
        label={trans.__('Trained tasks')}
        text={trans.__('%1 of %2 tasks', count(finished), count(state.tasks.length))}
      />
      <div className="jp-SaturnPanel-quiet">{progressLine(state, now)}</div>
      {active.length > 0 && (
        <ul className="jp-SaturnRunning" aria-label={trans.__('Tasks in training')}>
          {active.map(task => (
            <RunningTask key={task.spec.name} task={task} state={state} now={now} />
          ))}
        </ul>
      )}
      <Leaderboard state={state} />
    </>
  );
}

function RunningTask(props: { task: TaskState; state: SessionState; now: number }) {
  const { trans } = usePanelContext();
  const { task, state, now } = props;
  const { progress, inspection } = task;
  const attempt = task.attempts.at(-1);
  const left = taskTimeLeft(task, state, now);
  const steps = trans.__('%1 of %2 steps', count(progress.step), count(inspection?.steps));
  const facts = [
    steps,
    progress.loss !== undefined && trans.__('loss %1', metric(progress.loss)),
    validationWords(task),
    left !== undefined && trans.__('%1 left', duration(left))
  ];
  return (
    <li data-task={task.spec.name}>
      <div className="jp-SaturnRunning-head">
        <span className="jp-SaturnTasks-name">{task.spec.name}</span>
        <StatusMark status={task.status} />
      </div>
      <ProgressBar done={progress.step} of={inspection?.steps ?? 0} label={task.spec.name} text={steps} />
      <div className="jp-SaturnPanel-quiet">
        {facts.filter(Boolean).join(' · ')}
        {attempt && ` · ${strategyLabel(attempt.strategy)} ${trans.__('on %1', attempt.devices.join(', '))}`}
      </div>
    </li>
  );
}

function Leaderboard({ state }: { state: SessionState }) {
  const { trans } = usePanelContext();
  const ranked = ranking(state.tasks);
  if (ranked.length === 0) {
    return null;
  }
  const metrics = metricNames(ranked);
  return (
    <div className="jp-SaturnPanel-scroll">
      <table className="jp-SaturnLeaderboard">
        <caption>{trans.__('Leaderboard')}</caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Task')}</th>
            {metrics.map(name => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
            <th scope="col">{trans.__('Training loss')}</th>
            <th scope="col">{trans.__('Took')}</th>
          </tr>
        </thead>
        <tbody>
          {ranked.map(task => (
            <tr key={task.spec.name}>
              <th scope="row" title={task.result?.model}>
                {task.spec.name}
                {task.result?.stoppedEarly && (
                  <span className="jp-SaturnPanel-quiet" title={earlyStopWords(task)}>
                    {' '}
                    {trans.__('(stopped early)')}
                  </span>
                )}
              </th>
              {metrics.map(name => (
                <td key={name}>{metric(task.result?.metrics[name])}</td>
              ))}
              <td>{metric(task.result?.loss)}</td>
              <td>{duration(actualSeconds(task))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
