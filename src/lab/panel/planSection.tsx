import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableSet, type IDisposable } from '@lumino/disposable';
import { useRef, useState } from 'react';
import { noPlan } from '../../core/view/display/emptyStates.js';
import { printable } from '../../core/view/format/escape.js';
import { clockTime, moment } from '../../core/view/format/format.js';
import { lengthWords } from '../../core/view/format/lengthWords.js';
import { pastGantt, sessionGantt } from '../../core/view/gantt/sessionGantt.js';
import { standingPlan } from '../../core/view/gantt/standingPlan.js';
import { leftOutTasks, unmetWishes } from '../../core/view/plan/planProblems.js';
import { planAge, planSentences } from '../../core/view/plan/planSentences.js';
import { searchBlock, sessionExplanation } from '../../core/view/plan/planView.js';
import { metWishes } from '../../core/view/plan/planWishes.js';
import { planWords } from '../../core/view/plan/planWords.js';
import { outcomeBlock } from '../../core/view/status/replans.js';
import type { Baseline, SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { Fold } from '../components/fold.js';
import { GanttHost } from '../components/ganttHost.js';
import { PastPlan, PlanHistory, usePastPlan } from '../components/planHistory.js';
import { useViewContext } from '../context/viewContext.js';
import type { IPanelSections } from '../session/tokens.js';
import type { WhatIf } from '../whatIf/whatIf.js';
import { WhatIfProvider } from '../whatIf/whatIfContext.js';
import { WhatIfForm } from '../whatIf/whatIfForm.js';
import { PlanBaselines } from './planBaselines.js';
import { WishList } from './wishList.js';

/** The schedule, how good it is, what simpler rules give, and what-if questions; `whatIf` goes with it. */
export function addPlanSection(
  sections: IPanelSections,
  options: { whatIf: WhatIf; trans: TranslationBundle }
): IDisposable {
  const { whatIf, trans } = options;
  const added = sections.add({
    id: 'plan',
    rank: 300,
    ranks: { train: 40, stopped: 40, done: 40 },
    title: trans.__('Plan'),
    summary: ({ state }) => {
      if (state?.planning) {
        return trans.__('planning…');
      }
      const plan = state && standingPlan(state)?.plan;
      if (state?.plan && !plan) {
        return '';
      }
      return plan ? lengthWords(plan.makespan, plan.atMost, trans) : trans.__('none yet');
    },
    isVisible: ({ state }) => state !== null && state.tasks.length > 0,
    component: ({ view: { state }, now }) =>
      state && (
        <>
          <PlanInWords state={state} now={now} />
          <Fold id="plan-details" title={trans.__('Schedule, comparison and what-if')}>
            <WhatIfProvider value={whatIf}>
              <PlanBody state={state} now={now} />
            </WhatIfProvider>
          </Fold>
        </>
      )
  });
  return DisposableSet.from([added, whatIf]);
}

/** What the plan comes to and what is wrong with it, in two lines. */
function PlanInWords({ state, now }: { state: SessionState; now: number }) {
  const { trans } = useViewContext();
  const standing = standingPlan(state);
  const plan = standing?.plan;
  if (state.plan && !plan) {
    return <BlockList blocks={[outcomeBlock(state, trans)]} />;
  }
  return plan ? (
    <>
      <p className="jp-SaturnSentence jp-mod-lead">
        {printable(`${planWords(standing, now, trans).join(', ')}.`)}
      </p>
      <BlockList blocks={[planAge(state, trans), ...unmetWishes(plan, trans), leftOutTasks(plan, trans)]} />
    </>
  ) : (
    <BlockList blocks={noPlan(state, trans)} />
  );
}

function PlanBody({ state, now }: { state: SessionState; now: number }) {
  const { trans } = useViewContext();
  const { past, show } = usePastPlan(state);
  const history = useRef<HTMLElement>(null);
  const [shown, setShown] = useState<Baseline['name'] | null>(null);
  const standing = standingPlan(state);
  const plan = standing?.plan;
  const rule = plan?.baselines.find(({ name, segments }) => name === shown && segments);
  const gantt = past ? pastGantt(past.state, past.adoptedAt, trans) : sessionGantt(state, now, trans, rule);
  const back = () => {
    show(null);
    history.current?.focus();
  };
  return (
    <>
      {gantt && <GanttHost input={gantt} />}
      {past && <PastPlan past={past} onBack={back} />}
      {!past && plan && (
        <>
          <BlockList blocks={planSentences(plan, trans)} />
          <MadeAt time={standing.madeAt} now={now} />
          <BlockList blocks={[metWishes(state, trans)]} />
          <PlanBaselines plan={plan} shown={shown} onShow={setShown} />
          <BlockList blocks={[sessionExplanation(state, trans, 0), searchBlock(plan, trans)]} />
        </>
      )}
      <PlanHistory state={state} now={now} shown={past?.number} onShow={show} title={history} />
      <WishList state={state} now={now} />
      {state.cells.some(cell => cell.status === 'ok') && <WhatIfForm state={state} />}
    </>
  );
}

/** When the plan was made, in seconds since the epoch. */
function MadeAt({ time, now }: { time: number; now: number }) {
  const { trans } = useViewContext();
  const date = new Date(time * 1000);
  return (
    <p className="jp-SaturnSentence jp-mod-muted" title={moment(time)}>
      <time dateTime={date.toISOString()}>{trans.__('Made at %1.', clockTime(time, now, true))}</time>
    </p>
  );
}
