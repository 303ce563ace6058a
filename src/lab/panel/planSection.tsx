import { useState } from 'react';
import { duration, moment, percent } from '../../core/view/format/format.js';
import { sessionGantt } from '../../core/view/gantt/sessionGantt.js';
import { savedBySwitching } from '../../core/view/plan/planSentences.js';
import type { Baseline, Plan, SessionState } from '../../core/wire/messages.js';
import { GanttHost } from '../components/ganttHost.js';
import { Conflicts, Unplanned } from '../components/planProblems.js';
import { Section } from '../components/section.js';
import { useNow, usePanelContext } from '../context/panelContext.js';
import { WhatIfForm } from '../whatIf/whatIfForm.js';
import { PlanBaselines } from './planBaselines.js';
import { PlanExplanation, SearchLog } from './planExplanation.js';

/** The schedule, how good it is, what simpler rules give, and what-if questions. */
export function PlanSection({ state }: { state: SessionState }) {
  const { trans } = usePanelContext();
  const { plan } = state;
  return (
    <Section
      name="plan"
      title={trans.__('Plan')}
      summary={
        state.planning
          ? trans.__('planning…')
          : plan
            ? trans.__('%1, gap %2', duration(plan.plan.makespan), percent(plan.plan.gap))
            : ''
      }
    >
      <PlanBody state={state} />
    </Section>
  );
}

function PlanBody({ state }: { state: SessionState }) {
  const { trans } = usePanelContext();
  const [shown, setShown] = useState<Baseline['name'] | null>(null);
  const { plan } = state;
  const rule = plan?.plan.baselines.find(({ name, segments }) => name === shown && segments);
  const gantt = sessionGantt(state, useNow(), rule);
  return (
    <>
      {gantt ? (
        <GanttHost input={gantt} />
      ) : (
        <p className="jp-SaturnPanel-hint">
          {trans.__('No plan yet. “Plan” measures what is missing and finds the shortest schedule it can.')}
        </p>
      )}
      {plan && state.planning && (
        <div className="jp-SaturnPanel-quiet">{trans.__('A better plan is being looked for…')}</div>
      )}
      {plan && !plan.fresh && !state.planning && (
        <div className="jp-SaturnPanel-warning">
          {trans.__('Tasks, devices or measurements changed since this plan was made. Plan again.')}
        </div>
      )}
      {plan && <PlanFacts plan={plan.plan} madeAt={plan.madeAt} />}
      {plan && <Conflicts plan={plan.plan} />}
      {plan && <Unplanned plan={plan.plan} />}
      {plan && <PlanBaselines plan={plan.plan} shown={shown} onShow={setShown} />}
      {plan && <PlanExplanation plan={plan.plan} />}
      {plan && <SearchLog plan={plan.plan} />}
      {state.cells.some(cell => cell.status === 'ok') && <WhatIfForm state={state} />}
    </>
  );
}

function PlanFacts({ plan, madeAt }: { plan: Plan; madeAt: number }) {
  const { trans } = usePanelContext();
  const binding = {
    area: trans.__('all devices busy all the time'),
    'longest-task': trans.__('the longest task alone'),
    packing: trans.__('tasks that leave devices idle however they are put together'),
    none: ''
  }[plan.binding];
  const { explanation, weightedCompletion, switching } = plan;
  const saved = switching && savedBySwitching(plan, switching);
  return (
    <dl className="jp-SaturnFacts">
      <dt>{trans.__('Makespan')}</dt>
      <dd>{duration(plan.makespan)}</dd>
      <dt>{trans.__('Lower bound')}</dt>
      <dd>
        {duration(plan.lowerBound)}
        {binding && <span className="jp-SaturnPanel-quiet"> ({binding})</span>}
      </dd>
      <dt>{trans.__('Gap')}</dt>
      <dd>{plan.optimal ? trans.__('none: proven shortest') : trans.__('at most %1', percent(plan.gap))}</dd>
      {explanation && (
        <>
          <dt>{trans.__('Why')}</dt>
          <dd>{explanation.binding}</dd>
        </>
      )}
      {weightedCompletion && (
        <>
          <dt>{trans.__('Weighted ends')}</dt>
          <dd>
            {trans.__(
              '%1, at most %2 above the best possible',
              duration(weightedCompletion.seconds),
              percent(weightedCompletion.gap)
            )}
          </dd>
        </>
      )}
      {saved && (
        <>
          <dt>{trans.__('Switching')}</dt>
          <dd>{saved}</dd>
        </>
      )}
      <dt>{trans.__('Made')}</dt>
      <dd title={moment(madeAt)}>
        <time dateTime={new Date(madeAt * 1000).toISOString()}>
          {new Date(madeAt * 1000).toLocaleTimeString()}
        </time>
      </dd>
    </dl>
  );
}
