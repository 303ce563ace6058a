import { duration } from '../../core/view/format/format.js';
import { comparisons, comparisonTitle } from '../../core/view/plan/baselineTable.js';
import type { Baseline, Plan } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';

/** Bars on one scale: this plan, then what simple rules would need. A rule's schedule can be shown under the plan's. */
export function PlanBaselines({ plan, shown, onShow }: PlanBaselines.IProps) {
  const { trans } = useViewContext();
  if (plan.baselines.length === 0 || plan.makespan <= 0) {
    return null;
  }
  const longest = Math.max(plan.makespan, ...plan.baselines.map(({ makespan }) => makespan));
  const bar = (makespan: number) => (
    <div className="jp-SaturnBaselines-bar" style={{ width: `${(100 * makespan) / longest}%` }} />
  );
  return (
    <table className="jp-SaturnBaselines">
      <caption>{comparisonTitle(trans)}</caption>
      <tbody>
        <tr className="jp-mod-own">
          <th scope="row">
            {trans.__('this plan')}
            {bar(plan.makespan)}
          </th>
          <td className="jp-mod-number">{duration(plan.makespan, trans)}</td>
          <td className="jp-mod-number" />
        </tr>
        {comparisons(plan, trans).map(({ baseline: { name, makespan, segments }, takes, thanPlan, how }) => (
          <tr key={name} title={how}>
            <th scope="row">
              {segments ? (
                <button
                  type="button"
                  className="jp-SaturnPanel-toggle"
                  aria-pressed={shown === name}
                  title={trans.__('Show its schedule under the plan')}
                  onClick={() => onShow(shown === name ? null : name)}
                >
                  {name}
                </button>
              ) : (
                name
              )}
              {bar(makespan)}
            </th>
            <td className="jp-mod-number">{takes}</td>
            <td className="jp-mod-number">{thanPlan}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export namespace PlanBaselines {
  export interface IProps {
    plan: Plan;
    /** The rule whose schedule is shown, or null. */
    shown: Baseline['name'] | null;
    onShow: (name: Baseline['name'] | null) => void;
  }
}
