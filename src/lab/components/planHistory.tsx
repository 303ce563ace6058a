import { type RefObject, useRef, useState } from 'react';
import { planSentences } from '../../core/view/plan/planSentences.js';
import { pastTime } from '../../core/view/status/pastPlanView.js';
import { type IListedPlan, listedPlans, outcomeBlock, replansTitle } from '../../core/view/status/replans.js';
import type { SessionState } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';
import { BlockList } from './blockList.js';

/** The session when a plan was taken up. */
export interface IPastPlan extends Pick<IListedPlan, 'number' | 'adoptedAt'> {
  readonly state: SessionState;
}

/** The past plan that is looked at, while it is one of the session's. */
export function usePastPlan(now: SessionState): {
  past: IPastPlan | null;
  show: (plan: IListedPlan | null) => void;
} {
  const { session } = useViewContext();
  const [past, setPast] = useState<IPastPlan | null>(null);
  const turn = useRef(0);
  const isKnown =
    past !== null &&
    past.state.folder === now.folder &&
    past.state.run?.startedAt === now.run?.startedAt &&
    (now.replans ?? []).length > 0;
  const show = async (plan: IListedPlan | null) => {
    turn.current++;
    const mine = turn.current;
    const state = plan && (await session.stateAt(plan.adoptedAt));
    if (mine === turn.current) {
      setPast(plan && state && { number: plan.number, adoptedAt: plan.adoptedAt, state });
    }
  };
  return { past: isKnown ? past : null, show: plan => void show(plan) };
}

/** That the chart shows the past, and the way back; what the plan said then. */
export function PastPlan({ past, onBack }: { past: IPastPlan; onBack: () => void }) {
  const { trans } = useViewContext();
  const { plan } = past.state;
  return (
    <>
      <div className="jp-SaturnPast" role="status">
        <span>{trans.__('The plan as it was at %1.', pastTime(past.adoptedAt))}</span>
        <button type="button" className="jp-mod-styled" onClick={onBack}>
          {trans.__('Back to now')}
        </button>
      </div>
      {plan && <BlockList blocks={planSentences(plan.plan, trans)} />}
    </>
  );
}

/** The plans that were followed, one a line; each can be shown in the chart as it was taken up. */
export function PlanHistory({ state, now, shown, onShow, title }: PlanHistory.IProps) {
  const { trans } = useViewContext();
  const plans = listedPlans(state, now, trans);
  if (plans.length === 0) {
    return null;
  }
  return (
    <>
      <BlockList blocks={[outcomeBlock(state, trans)]} />
      <details className="jp-SaturnFold">
        <summary ref={title}>{replansTitle(state, trans)}</summary>
        <ul className="jp-SaturnPlanHistory">
          {plans.map(plan => (
            <li key={plan.number}>
              <button
                type="button"
                className="jp-SaturnPanel-toggle"
                aria-pressed={plan.number === shown}
                aria-label={trans.__('Show plan %1 as it was', plan.number)}
                title={trans.__('Show the plan as it was then')}
                onClick={() => onShow(plan.number === shown ? null : plan)}
              >
                {trans.__('Plan %1', plan.number)}
              </button>{' '}
              {plan.text}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

export namespace PlanHistory {
  export interface IProps {
    state: SessionState;
    /** Seconds since the epoch. */
    now: number;
    /** Number of the plan that is looked at; undefined for that of now. */
    shown: number | undefined;
    /** Called with null to go back to now. */
    onShow: (plan: IListedPlan | null) => void;
    /** Set to what the list is called: it takes the focus of a way back that is gone. */
    title: RefObject<HTMLElement>;
  }
}
