import { useEffect, useRef } from 'react';
import { plannedCluster } from '../../core/session/plannedCluster.js';
import { chartOrigin, type IGanttDraft } from '../../core/view/gantt/sessionGantt.js';
import { leftOutTasks, unmetWishes } from '../../core/view/plan/planProblems.js';
import type { SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { FailureNote } from '../components/failureNote.js';
import { useViewContext } from '../context/viewContext.js';
import type { GanttEdit } from '../gantt/ganttKeys.js';
import { ApplyButton } from '../whatIf/applyButton.js';
import { ConstraintList } from '../whatIf/constraintList.js';
import type { WhatIf } from '../whatIf/whatIf.js';
import { deadlinesOf, Price } from '../whatIf/whatIfAnswer.js';
import { useWhatIf, useWhatIfView } from '../whatIf/whatIfContext.js';
import { askedLater, editedQuestion } from '../whatIf/whatIfEdit.js';
import { type IQuestion, isAsking, plainQuestion } from '../whatIf/whatIfQuestion.js';

/** What one may do to a draft, and how it is drawn. */
export interface IDraft {
  /** Of what the user asks of this session by moving bars; null when that is nothing. */
  readonly question: IQuestion | null;
  /** The plan that would be followed; null while there is none. */
  readonly plan: IGanttDraft | null;
  /** Whether a task can be moved by hand. */
  readonly movable: (task: string) => boolean;
  readonly edit: (what: GanttEdit) => void;
  readonly ask: (question: IQuestion) => void;
}

/**
 * The plan that the user makes by moving bars, answered by the what-if planner.
 *
 * @param now - seconds since the epoch.
 */
export function useDraft(state: SessionState, now: number): IDraft {
  const { trans } = useViewContext();
  const whatIf = useWhatIf();
  const view = useWhatIfView();
  // A draft of another session would be wrong here.
  const isOwn = view.folder === state.folder;
  const question = isOwn ? view.question : null;
  const answer = question ? view.answer : null;
  const waiting = new Set(
    state.tasks
      .filter(({ status, givenUp }) => status === 'ready' || (status === 'stopped' && !givenUp))
      .map(({ spec }) => spec.name)
  );
  const ask = (next: IQuestion) => {
    if (isAsking(next, state)) {
      whatIf.ask(state, next);
    } else {
      whatIf.reset();
    }
  };
  const madeAt = state.plan?.madeAt;
  const seen = useRef(madeAt);
  // A draft of a plan that is no more is asked for again.
  useEffect(() => {
    if (seen.current !== madeAt) {
      seen.current = madeAt;
      if (question) {
        ask(answer && chartOrigin(state) !== null ? askedLater(question, now - answer.askedAt) : question);
      }
    }
  });
  return {
    question,
    plan: answer && {
      plan: answer.plan,
      startsAt: answer.askedAt,
      pinned: new Set(answer.question.constraints.keys()),
      deadlines: deadlinesOf(answer.question, trans)
    },
    movable: task => waiting.has(task) && !answer?.fixed.has(task),
    ask,
    edit: what => {
      const asked = question ?? plainQuestion(state);
      const next = editedQuestion(asked, editedPlan(state, answer, now), what);
      if (next !== asked) {
        // While something trains the plan begins at the moment it is asked for, and moments come nearer.
        ask(chartOrigin(state) === null || !answer ? next : askedLater(next, now - answer.askedAt));
      }
    }
  };
}

/** The plan in whose chart bars are moved: the draft, or the session's own as of now. */
function editedPlan(state: SessionState, answer: WhatIf.IAnswer | null, now: number) {
  const origin = chartOrigin(state);
  return {
    segments: answer?.plan.segments ?? state.plan?.plan.segments ?? [],
    cluster: answer?.cluster ?? plannedCluster(state),
    offset: origin === null ? 0 : (answer?.askedAt ?? now) - origin
  };
}

/** What a draft costs and asks, what it does not meet, and the ways out of it. */
export function DraftBar({ state, draft }: { state: SessionState; draft: IDraft }) {
  const { trans } = useViewContext();
  const whatIf = useWhatIf();
  const { answer, solving, failure } = useWhatIfView();
  const { question } = draft;
  if (!question) {
    return null;
  }
  return (
    <section className="jp-SaturnDraft" aria-label={trans.__('Draft of another plan')} aria-busy={solving}>
      {failure ? (
        <FailureNote failure={failure} />
      ) : answer ? (
        <div className="jp-SaturnDraft-price">
          <span>{trans.__('Draft')}</span>
          <Price answer={answer} solving={solving} />
        </div>
      ) : (
        <span className="jp-SaturnPanel-quiet">{trans.__('Planning…')}</span>
      )}
      <ConstraintList
        question={question}
        cluster={answer?.cluster ?? plannedCluster(state)}
        onAsk={draft.ask}
      />
      {answer && !failure && (
        <BlockList blocks={[...unmetWishes(answer.plan, trans), leftOutTasks(answer.plan, trans)]} />
      )}
      <div className="jp-SaturnDraft-ways">
        {!failure && <ApplyButton state={state} label={trans.__('Use this plan')} />}
        <button type="button" className="jp-mod-styled" onClick={() => whatIf.reset()}>
          {trans.__('Discard')}
        </button>
      </div>
    </section>
  );
}
