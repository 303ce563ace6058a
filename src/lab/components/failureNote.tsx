import { printableLines } from '../../core/view/format/escape.js';
import type { Failure } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';
import { failureIn } from '../session/ownFailures.js';
import { WithCode } from './withCode.js';

/** What went wrong, what to do, and the traceback for those who want it. */
export function FailureNote({ failure: told, where, onDismiss }: FailureNote.IProps) {
  const { trans } = useViewContext();
  const failure = failureIn(told, trans);
  return (
    <div className="jp-SaturnFailure" role={onDismiss ? 'alert' : undefined}>
      <div className="jp-SaturnFailure-message">
        {where && <strong>{where}: </strong>}
        {printableLines(failure.message)}
      </div>
      {failure.hint && (
        <div className="jp-SaturnFailure-hint">
          <WithCode text={printableLines(failure.hint)} />
        </div>
      )}
      {failure.traceback && (
        <details>
          <summary>{trans.__('Traceback')}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
          <pre tabIndex={0}>{printableLines(failure.traceback)}</pre>
        </details>
      )}
      {onDismiss && (
        <button type="button" className="jp-mod-styled jp-mod-minimal" onClick={onDismiss}>
          {trans.__('Dismiss')}
        </button>
      )}
    </div>
  );
}

export namespace FailureNote {
  export interface IProps {
    failure: Failure;
    /** Whom it befell, where that is not plain. */
    where?: string;
    /** Given when the note can be put away. */
    onDismiss?: () => void;
  }
}
