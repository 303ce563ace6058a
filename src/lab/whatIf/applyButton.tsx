import { useId, useState } from 'react';
import { listing } from '../../core/view/format/format.js';
import type { SessionState } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';
import { changeWords } from './changeWords.js';
import { useWhatIf, useWhatIfView } from './whatIfContext.js';
import { applyWishes, askedWishes, missingDevices } from './whatIfWishes.js';

/** Makes what is asked here the session's, and says what that changes; what needs devices that are not there can only be asked. */
export function ApplyButton({ state, label }: ApplyButton.IProps) {
  const { session, trans } = useViewContext();
  const whatIf = useWhatIf();
  const { answer, question } = useWhatIfView();
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  const asked = answer && answer.question === question ? askedWishes(state, answer) : undefined;
  const missing = answer ? missingDevices(state, answer.cluster) : [];
  const isOver = !state.tasks.some(task => task.status !== 'finished' && task.status !== 'invalid');
  const reason =
    missing.length > 0
      ? trans.__('There is no %1 to plan on.', listing(missing, trans))
      : isOver
        ? trans.__('Everything is trained.')
        : asked === undefined
          ? trans.__('Nothing is asked yet that the plan does not heed.')
          : trans.__('Ask this of the session, and have it plan with it.');
  const isPossible = asked !== undefined && missing.length === 0 && !isOver;
  const apply = async () => {
    setBusy(true);
    try {
      if (asked && (await applyWishes(session, asked, state.goal === 'run'))) {
        whatIf.reset();
      }
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button
        type="button"
        className="jp-mod-styled jp-mod-accept"
        title={reason}
        aria-busy={isBusy}
        aria-describedby={isPossible ? id : undefined}
        disabled={!isPossible || isBusy || !session.view.connected}
        onClick={() => void apply()}
      >
        {label}
      </button>
      {isPossible && answer && (
        <span id={id} className="jp-SaturnPanel-quiet jp-SaturnWhatIf-changes">
          {trans.__('Asks of every plan: %1.', changeWords(asked, state, answer.askedAt, trans).join('; '))}
        </span>
      )}
    </>
  );
}

export namespace ApplyButton {
  export interface IProps {
    state: SessionState;
    label: string;
  }
}
