import { useLayoutEffect, useRef } from 'react';
import { strategyLabel } from '../../core/model/strategy.js';
import { bestAlternatives, priceWords, toleranceWords } from '../../core/view/plan/explanationTable.js';
import { searchSvg } from '../../core/view/plan/searchLog.js';
import type { Plan } from '../../core/wire/messages.js';
import { usePanelContext } from '../context/panelContext.js';

/** For every task its strategy, what the next best would cost, and how wrong its estimate may be; folded. */
export function PlanExplanation({ plan }: { plan: Plan }) {
  const { trans } = usePanelContext();
  const { explanation, makespan } = plan;
  if (!explanation || explanation.tasks.length === 0) {
    return null;
  }
  return (
    <details className="jp-SaturnExplanation">
      <summary>{trans.__('Why these strategies')}</summary>
      <div className="jp-SaturnPanel-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{trans.__('Task')}</th>
              <th scope="col">{trans.__('Instead')}</th>
              <th scope="col">{trans.__('Holds until it is')}</th>
            </tr>
          </thead>
          <tbody>
            {explanation.tasks.map(task => (
              <tr key={task.task}>
                <th scope="row">
                  <span className="jp-SaturnTasks-name">{task.task}</span>
                  <div>{strategyLabel(task.strategy)}</div>
                </th>
                <td>
                  {bestAlternatives(task).map((other, i) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: they have no other name
                    <div key={i}>
                      {strategyLabel(other.strategy)} <strong>{priceWords(other, makespan)}</strong>
                    </div>
                  ))}
                </td>
                <td>{toleranceWords(task)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** How plan and bound came together, as a picture; folded. */
export function SearchLog({ plan }: { plan: Plan }) {
  const { trans } = usePanelContext();
  const svg = searchSvg(plan.log ?? [])?.source ?? null;
  const host = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (host.current) {
      host.current.innerHTML = svg ?? '';
    }
  }, [svg]);
  return svg === null ? null : (
    <details className="jp-SaturnSearch">
      <summary>{trans.__('How plan and bound came together')}</summary>
      <div ref={host} />
    </details>
  );
}
