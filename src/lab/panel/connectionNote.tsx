import { useEnv } from '../context/panelContext.js';
import { type Absence, absenceText } from '../session/connectionProblem.js';

/** Why there is no live session and what to do: the whole panel, or a strip above an older state. */
export function AbsenceNote(props: AbsenceNote.IProps) {
  const { store, trans } = useEnv();
  const { title, detail, busy, action } = absenceText(props.absence, trans);
  return (
    <div
      className={`jp-SaturnAbsence${props.strip ? ' jp-mod-strip' : ''}${busy ? ' jp-mod-busy' : ''}`}
      role="status"
      data-absence={props.absence.kind}
    >
      <div className="jp-SaturnAbsence-title">{title}</div>
      {detail && <div className="jp-SaturnAbsence-detail">{detail}</div>}
      {action && (
        <button
          type="button"
          className="jp-mod-styled jp-mod-accept"
          onClick={() => void (action.do === 'load' ? store.load() : store.attach())}
        >
          {action.label}
        </button>
      )}
    </div>
  );
}

export namespace AbsenceNote {
  export interface IProps {
    absence: Absence;
    /** A state is shown below. */
    strip: boolean;
  }
}
