import { useId } from 'react';
import { duration, percent } from '../../core/view/format.js';
import { planGantt } from '../../core/view/sessionGantt.js';
import type { SessionState } from '../../core/wire/messages.js';
import { deviceCount, type IQuestion, techniquesOf } from '../whatIfRequest.js';
import { useEnv, useWhatIf } from './env.js';
import { FailureNote } from './failure.js';
import { GanttHost } from './ganttHost.js';

/** “What if there were four devices? What without fsdp?”, answered in the browser. */
export function WhatIfForm({ state }: { state: SessionState }) {
  const { whatIf, trans } = useEnv();
  const { question, solving, folder } = useWhatIf();
  // An answer about another session's tasks would be wrong here.
  const own = folder === state.folder ? question : null;
  const id = useId();
  const there = deviceCount(state.cluster);
  const asked = own ?? { devices: there, exclude: state.excludeTechniques };
  const most = Math.max(8, 2 * there);
  const ask = (part: Partial<IQuestion>) => whatIf.ask(state, { ...asked, ...part });
  return (
    <fieldset className="jp-SaturnWhatIf">
      <legend>{trans.__('What if')}</legend>
      <div className="jp-SaturnWhatIf-row">
        <label htmlFor={`${id}-devices`}>{trans.__('Devices')}</label>
        <input
          id={`${id}-devices`}
          type="range"
          min={1}
          max={most}
          value={asked.devices}
          onChange={event => ask({ devices: event.target.valueAsNumber })}
        />
        <output htmlFor={`${id}-devices`}>{asked.devices}</output>
      </div>
      <fieldset className="jp-SaturnWhatIf-row">
        <legend>{trans.__('Without')}</legend>
        <div className="jp-SaturnWhatIf-choices">
          {techniquesOf(state).map(technique => (
            <label key={technique}>
              <input
                type="checkbox"
                checked={asked.exclude.includes(technique)}
                onChange={event =>
                  ask({
                    exclude: event.target.checked
                      ? [...asked.exclude, technique]
                      : asked.exclude.filter(other => other !== technique)
                  })
                }
              />
              {technique}
            </label>
          ))}
        </div>
      </fieldset>
      {own && (
        <>
          <div className="jp-SaturnWhatIf-answer" aria-live="polite" aria-busy={solving}>
            <Answer state={state} devices={asked.devices} />
          </div>
          <button type="button" className="jp-mod-styled jp-mod-minimal" onClick={() => whatIf.reset()}>
            {trans.__('Clear')}
          </button>
        </>
      )}
    </fieldset>
  );
}

function Answer({ state, devices }: { state: SessionState; devices: number }) {
  const { trans } = useEnv();
  const { answer, solving, failure } = useWhatIf();
  if (failure) {
    return <FailureNote failure={failure} />;
  }
  if (!answer) {
    return <span className="jp-SaturnPanel-quiet">{trans.__('Planning…')}</span>;
  }
  const { plan, cluster, current } = answer;
  const measured = Math.max(0, ...state.cells.map(cell => cell.strategy.devices));
  return (
    <>
      <div className="jp-SaturnWhatIf-result">
        <strong>{duration(plan.makespan)}</strong>
        {current !== null && <Difference seconds={plan.makespan - current} of={current} />}
        <span className="jp-SaturnPanel-quiet">
          {plan.optimal ? trans.__('proven shortest') : trans.__('gap %1', percent(plan.gap))}
          {solving && ` · ${trans.__('still looking…')}`}
        </span>
      </div>
      {plan.unplanned.length > 0 && (
        <div className="jp-SaturnPanel-warning">
          {trans._n(
            '%1 task could not run: %2',
            '%1 tasks could not run: %2',
            plan.unplanned.length,
            plan.unplanned.map(({ task }) => task).join(', ')
          )}
        </div>
      )}
      {devices > measured && (
        <div className="jp-SaturnPanel-quiet">
          {trans.__('Measured on at most %1 devices at once, so no task gets more than that here.', measured)}
        </div>
      )}
      {plan.segments.length > 0 && (
        <GanttHost
          input={planGantt(plan, cluster, {
            title: trans.__('What if'),
            tasks: state.tasks.map(task => task.spec.name)
          })}
        />
      )}
    </>
  );
}

function Difference({ seconds, of }: { seconds: number; of: number }) {
  const { trans } = useEnv();
  const share = of > 0 ? Math.abs(seconds) / of : 0;
  if (share < 0.005) {
    return <span>{trans.__('as the current plan')}</span>;
  }
  return (
    <span className={seconds < 0 ? 'jp-mod-better' : 'jp-mod-worse'}>
      {seconds < 0
        ? trans.__('▼ %1 shorter (%2)', duration(-seconds), percent(share))
        : trans.__('▲ %1 longer (%2)', duration(seconds), percent(share))}
    </span>
  );
}
