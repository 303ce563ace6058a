import { printableLines } from '../../core/view/format/escape.js';
import { useViewContext } from '../context/viewContext.js';
import { type ConnectionProblem, connectionProblemText } from '../session/connectionProblem.js';
import type { ISaturnStore, ISessionModel } from '../session/tokens.js';

/** Why there is no live session and what to do: the whole view, or a strip above an older state. */
export function ConnectionNote(props: ConnectionNote.IProps) {
  const { trans } = useViewContext();
  const { title, detail, busy, action } = connectionProblemText(props.problem, trans);
  return (
    <div
      className={`jp-SaturnAbsence${props.strip ? ' jp-mod-strip' : ''}${busy ? ' jp-mod-busy' : ''}`}
      role="status"
      data-absence={props.problem.kind}
    >
      <div className="jp-SaturnAbsence-title">{printableLines(title)}</div>
      {detail && <div className="jp-SaturnAbsence-detail">{printableLines(detail)}</div>}
      {action && (
        <button
          type="button"
          className="jp-mod-styled jp-mod-accept"
          onClick={() => void (action.do === 'load' ? props.store.load?.() : props.store.attach())}
        >
          {action.label}
        </button>
      )}
    </div>
  );
}

export namespace ConnectionNote {
  export interface IProps {
    /** What the button acts on. */
    store: Pick<ISessionModel, 'attach'> & Partial<Pick<ISaturnStore, 'load'>>;
    problem: ConnectionProblem;
    /** A state is shown below. */
    strip: boolean;
  }
}
