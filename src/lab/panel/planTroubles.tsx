import { wishName } from '../../core/view/planSentences.js';
import type { Plan } from '../../core/wire/messages.js';
import { useEnv } from './env.js';

/** Tasks no strategy can run, and why. */
export function Unplanned({ plan }: { plan: Plan }) {
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

/** Wishes a plan does not meet, and what would have to give way. */
export function Conflicts({ plan }: { plan: Plan }) {
  const { trans } = useEnv();
  const { conflicts = [] } = plan;
  if (conflicts.length === 0) {
    return null;
  }
  return (
    <div className="jp-SaturnPanel-warning jp-SaturnConflicts">
      {trans._n('%1 wish is not met:', '%1 wishes are not met:', conflicts.length)}
      <ul>
        {conflicts.map((conflict, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: equal conflicts are told apart by their place alone
          <li key={i}>
            <strong>{wishName(conflict)}</strong>: {conflict.message}
            {conflict.proven && ` ${trans.__('No plan can.')}`}
            {conflict.relax && <div>{trans.__('What would help: %1', conflict.relax)}</div>}
          </li>
        ))}
      </ul>
    </div>
  );
}
