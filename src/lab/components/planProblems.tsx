import type { Conflict, Plan } from '../../core/wire/messages.js';
import { usePanelContext } from '../context/panelContext.js';

/** Tasks no strategy can run, and why. */
export function Unplanned({ plan }: { plan: Plan }) {
  const { trans } = usePanelContext();
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

/** How many constraints are told before the rest is folded. */
const MOST = 4;

/** Constraints a plan does not meet, those that no plan can meet first, and what would have to give way. */
export function Conflicts({ plan }: { plan: Plan }) {
  const { trans } = usePanelContext();
  const { conflicts = [] } = plan;
  const proven = conflicts.filter(conflict => conflict.proven);
  const others = conflicts.filter(conflict => !conflict.proven);
  return (
    <>
      {proven.length > 0 && (
        <ConflictGroup
          title={trans._n('No plan meets this wish:', 'No plan meets these %1 wishes:', proven.length)}
          conflicts={proven}
        />
      )}
      {others.length > 0 && (
        <ConflictGroup
          title={trans._n(
            'No plan was found that meets this wish:',
            'No plan was found that meets these %1 wishes:',
            others.length
          )}
          conflicts={others}
        />
      )}
    </>
  );
}

function ConflictGroup({ title, conflicts }: { title: string; conflicts: readonly Conflict[] }) {
  const { trans } = usePanelContext();
  const list = (some: readonly Conflict[]) => (
    <ul>
      {some.map(({ message, relax }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal conflicts are told apart by their place alone
        <li key={i}>
          {message}
          {relax && <div>{trans.__('What would help: %1', relax)}</div>}
        </li>
      ))}
    </ul>
  );
  const rest = conflicts.slice(MOST);
  return (
    <div className="jp-SaturnPanel-warning jp-SaturnConflicts">
      {title}
      {list(conflicts.slice(0, MOST))}
      {rest.length > 0 && (
        <details>
          <summary>{trans.__('and %1 more', rest.length)}</summary>
          {list(rest)}
        </details>
      )}
    </div>
  );
}
