import { duration, moment, percent } from '../../core/view/format.js';
import { sessionGantt } from '../../core/view/sessionGantt.js';
import type { Plan, SessionState } from '../../core/wire/messages.js';
import { useEnv, useNow } from './env.js';
import { GanttHost } from './ganttHost.js';
import { Section } from './section.js';
import { WhatIfForm } from './whatIfForm.js';

/** The schedule, how good it is, what simpler rules give, and what-if questions. */
export function PlanSection({ state }: { state: SessionState }) {
  const { trans } = useEnv();
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
  const { trans } = useEnv();
  const gantt = sessionGantt(state, useNow());
  const { plan } = state;
  return (
    <>
      {gantt ? (
        <GanttHost input={gantt} />
      ) : (
        <p className="jp-SaturnPanel-hint">
          {trans.__('No plan yet. “Plan” measures what is missing and finds the shortest schedule it can.')}
        </p>
      )}
      {plan && !plan.fresh && (
        <div className="jp-SaturnPanel-warning">
          {trans.__('Tasks, devices or measurements changed since this plan was made. Plan again.')}
        </div>
      )}
      {plan && <PlanFacts plan={plan.plan} madeAt={plan.madeAt} />}
      {plan && <Unplanned plan={plan.plan} />}
      {plan && <Baselines plan={plan.plan} />}
      {state.cells.some(cell => cell.status === 'ok') && <WhatIfForm state={state} />}
    </>
  );
}

function PlanFacts({ plan, madeAt }: { plan: Plan; madeAt: number }) {
  const { trans } = useEnv();
  const binding = {
    area: trans.__('all devices busy all the time'),
    'longest-task': trans.__('the longest task alone'),
    packing: trans.__('tasks that leave devices idle however they are put together'),
    none: ''
  }[plan.binding];
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
      <dt>{trans.__('Made')}</dt>
      <dd title={moment(madeAt)}>
        <time dateTime={new Date(madeAt * 1000).toISOString()}>
          {new Date(madeAt * 1000).toLocaleTimeString()}
        </time>
      </dd>
    </dl>
  );
}

function Unplanned({ plan }: { plan: Plan }) {
  const { trans } = useEnv();
  if (plan.unplanned.length === 0) {
    return null;
  }
  return (
    <div className="jp-SaturnPanel-warning">
      {trans._n('%1 task is left out:', '%1 tasks are left out:', plan.unplanned.length)}
      <ul>
        {plan.unplanned.map(({ task, reason }) => (
          <li key={task}>
            <strong>{task}</strong>: {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Bars on one scale: this plan, then what simple rules would need. */
function Baselines({ plan }: { plan: Plan }) {
  const { trans } = useEnv();
  if (plan.baselines.length === 0 || plan.makespan <= 0) {
    return null;
  }
  const longest = Math.max(plan.makespan, ...plan.baselines.map(({ makespan }) => makespan));
  const rows = [
    { name: trans.__('this plan'), makespan: plan.makespan, own: true },
    ...[...plan.baselines]
      .sort((a, b) => a.makespan - b.makespan)
      .map(({ name, makespan }) => ({ name, makespan, own: false }))
  ];
  return (
    <table className="jp-SaturnBaselines">
      <caption>{trans.__('Compared with simple rules')}</caption>
      <tbody>
        {rows.map(row => (
          <tr key={row.name} className={row.own ? 'jp-mod-own' : ''}>
            <th scope="row">
              {row.name}
              <div
                className="jp-SaturnBaselines-bar"
                style={{ width: `${(100 * row.makespan) / longest}%` }}
              />
            </th>
            <td className="jp-SaturnBaselines-number">{duration(row.makespan)}</td>
            <td className="jp-SaturnBaselines-number">
              {row.own ? '' : trans.__('+%1', percent(row.makespan / plan.makespan - 1)).replace('+-', '−')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
