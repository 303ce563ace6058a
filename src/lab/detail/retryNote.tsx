import type { Failure } from '../../core/wire/messages.js';
import { FailureNote } from '../components/failureNote.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** Why a question has no answer, and a button that asks it once more. */
export function RetryNote({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  const { trans } = useDashboardContext();
  return (
    <>
      <FailureNote failure={failure} />
      <button type="button" className="jp-mod-styled jp-SaturnRetry" onClick={onRetry}>
        {trans.__('Try again')}
      </button>
    </>
  );
}
