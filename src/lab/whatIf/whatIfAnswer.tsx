import { useId, useState } from 'react';
import { duration, percent } from '../../core/view/format/format.js';
import { lengthWords } from '../../core/view/format/lengthWords.js';
import type { IGanttDeadline } from '../../core/view/gantt/gantt.js';
import { type GanttBaseline, planGantt } from '../../core/view/gantt/sessionGantt.js';
import { leftOutTasks, unmetWishes } from '../../core/view/plan/planProblems.js';
import type { SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { FailureNote } from '../components/failureNote.js';
import { GanttHost } from '../components/ganttHost.js';
import { useViewContext } from '../context/viewContext.js';
import type { GanttEdit } from '../gantt/ganttKeys.js';
import { UsePlanButton } from './usePlanButton.js';
import type { WhatIf } from './whatIf.js';
import { useWhatIf, useWhatIfView } from './whatIfContext.js';
import { editedQuestion } from './whatIfEdit.js';
import { devicesOf, type IQuestion } from './whatIfQuestion.js';
import { missingDevices } from './whatIfWishes.js';

/** The plan that answers a what-if question: its price, what it does not meet, and the schedule to change further. */
export function WhatIfAnswer(props: WhatIfAnswer.IProps) {
  const { trans } = useViewContext();
  const whatIf = useWhatIf();
  const { answer, solving, failure } = useWhatIfView();
  const { state, question, onAsk } = props;
  const id = useId();
  const [rule, setRule] = useState('');
  if (failure) {
    return <FailureNote failure={failure} />;
  }
  if (!answer) {
    return <span className="jp-SaturnPanel-quiet">{trans.__('Planning…')}</span>;
  }
  const { plan, cluster } = answer;
  const measured = Math.max(0, ...state.cells.map(cell => cell.strategy.devices));
  const most = Math.max(0, ...(state.cluster?.nodes ?? []).map(node => devicesOf(question, node)));
  const others = comparisons(state, answer, trans.__('current plan'));
  const shownRule = plan.baselines.find(({ name }) => name === rule);
  const edit = (what: GanttEdit) => {
    const next = editedQuestion(question, { segments: plan.segments, cluster }, what);
    if (next !== question) {
      onAsk(next);
    }
  };
  return (
    <>
      <Price answer={answer} solving={solving} />
      <BlockList blocks={[...unmetWishes(plan, trans), leftOutTasks(plan, trans)]} />
      {most > measured && (
        <div className="jp-SaturnPanel-quiet">
          {trans.__('Measured on at most %1 devices at once, so no task gets more than that here.', measured)}
        </div>
      )}
      {plan.segments.length > 0 && (
        <>
          <GanttHost
            input={planGantt(plan, cluster, trans, {
              title: trans.__('What if'),
              tasks: state.tasks.map(task => task.spec.name),
              baseline: others.find(other => other.name === rule),
              pinned: new Set(answer.question.constraints.keys()),
              deadlines: deadlinesOf(answer.question, trans),
              movable: task => !answer.fixed.has(task)
            })}
            onEdit={edit}
          />
          <div className="jp-SaturnWhatIf-row">
            <label htmlFor={`${id}-rule`}>{trans.__('Compare')}</label>
            <select
              id={`${id}-rule`}
              className="jp-mod-styled jp-SaturnWhatIf-wide"
              value={rule}
              onChange={event => setRule(event.target.value)}
            >
              <option value="">{trans.__('nothing')}</option>
              {others.map(({ name, makespan }) => (
                <option key={name} value={name}>
                  {trans.__('%1: %2', name, duration(makespan, trans))}
                </option>
              ))}
            </select>
            {shownRule?.segments && missingDevices(state, cluster).length === 0 && (
              <UsePlanButton segments={shownRule.segments} onUsed={() => whatIf.reset()} />
            )}
          </div>
          <p className="jp-SaturnPanel-quiet jp-SaturnWhatIf-hint">
            {trans.__(
              'Drag a bar to other devices, right to start it later, left to have it done earlier. By key: Shift and arrows move it, Enter holds it to its strategy, Delete lets it go.'
            )}
          </p>
        </>
      )}
    </>
  );
}

export namespace WhatIfAnswer {
  export interface IProps {
    state: SessionState;
    /** The newest, which the answer may not be to yet. */
    question: IQuestion;
    onAsk: (question: IQuestion) => void;
  }
}

/** Plans that can be shown beside an answer: the session's own unless it is under way, and the simple rules'. */
function comparisons(state: SessionState, { plan }: WhatIf.IAnswer, current: string): GanttBaseline[] {
  const own = state.plan?.startedAt === undefined ? state.plan?.plan : undefined;
  return [
    ...(own ? [{ name: current, makespan: own.makespan, segments: own.segments }] : []),
    ...plan.baselines.filter(baseline => baseline.segments !== undefined)
  ].sort((a, b) => (a.name === current ? -1 : b.name === current ? 1 : a.makespan - b.makespan));
}

/** By when what is to be done, for the chart of an answer. */
export function deadlinesOf(
  { deadline, constraints }: IQuestion,
  trans: ReturnType<typeof useViewContext>['trans']
): IGanttDeadline[] {
  return [
    ...(deadline === null
      ? []
      : [{ seconds: deadline, label: trans.__('deadline %1', duration(deadline, trans)) }]),
    ...[...constraints].flatMap(([task, constraint]) =>
      constraint.deadline === undefined
        ? []
        : [
            {
              seconds: constraint.deadline,
              label: trans.__('%1 by %2', task, duration(constraint.deadline, trans))
            }
          ]
    )
  ];
}

/** How long the plan takes, what that costs, and how good it is. */
export function Price({ answer, solving }: { answer: WhatIf.IAnswer; solving: boolean }) {
  const { trans } = useViewContext();
  const { plan, current } = answer;
  return (
    <div className="jp-SaturnWhatIf-result" aria-live="polite">
      <strong>{lengthWords(plan.makespan, plan.atMost, trans)}</strong>
      {current !== null && <Difference seconds={plan.makespan - current} of={current} />}
      <span className="jp-SaturnPanel-quiet">
        {plan.optimal
          ? trans.__('cannot be shorter')
          : trans.__('at most %1 above the best possible', percent(plan.gap, trans))}
        {solving && ` · ${trans.__('still looking…')}`}
      </span>
    </div>
  );
}

function Difference({ seconds, of }: { seconds: number; of: number }) {
  const { trans } = useViewContext();
  const share = of > 0 ? Math.abs(seconds) / of : 0;
  if (share < 0.005) {
    return <span>{trans.__('as the current plan')}</span>;
  }
  return (
    <span className={seconds < 0 ? 'jp-mod-better' : 'jp-mod-worse'}>
      {seconds < 0
        ? trans.__('▼ %1 shorter (%2)', duration(-seconds, trans), percent(share, trans))
        : trans.__('▲ %1 longer (%2)', duration(seconds, trans), percent(share, trans))}
    </span>
  );
}
