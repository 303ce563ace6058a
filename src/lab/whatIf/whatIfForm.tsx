import { useId } from 'react';
import { plannedCluster } from '../../core/session/plannedCluster.js';
import { deviceCount } from '../../core/view/format/format.js';
import type { SessionState } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';
import { ApplyButton } from './applyButton.js';
import { ConstraintList } from './constraintList.js';
import { DeadlineForm } from './deadlineForm.js';
import { WhatIfAnswer } from './whatIfAnswer.js';
import { useWhatIf, useWhatIfView } from './whatIfContext.js';
import { devicesOf, type IQuestion, plainQuestion } from './whatIfQuestion.js';
import { askedCluster, devicesIn, techniquesOf } from './whatIfRequest.js';

/** “What if there were four devices? What without fsdp? What with this task done first?”, answered in the browser. */
export function WhatIfForm({ state }: { state: SessionState }) {
  const { trans } = useViewContext();
  const whatIf = useWhatIf();
  const { question, solving, folder } = useWhatIfView();
  // An answer about another session's tasks would be wrong here.
  const own = folder === state.folder ? question : null;
  const asked = own ?? plainQuestion(state);
  const ask = (next: IQuestion) => whatIf.ask(state, next);
  const prepare = () => whatIf.prepare();
  return (
    <fieldset className="jp-SaturnWhatIf" onPointerEnter={prepare} onFocus={prepare}>
      <legend>{trans.__('What if')}</legend>
      <DeviceSliders state={state} question={asked} onAsk={ask} />
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
                    ...asked,
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
      <DeadlineForm
        question={asked}
        tasks={state.tasks.filter(task => task.status !== 'invalid').map(task => task.spec.name)}
        seconds={state.plan?.plan.makespan ?? 60}
        onAsk={ask}
      />
      <ConstraintList question={asked} cluster={askedCluster(plannedCluster(state), asked)} onAsk={ask} />
      {own ? (
        <>
          <div className="jp-SaturnWhatIf-answer" aria-busy={solving}>
            <WhatIfAnswer state={state} question={own} onAsk={ask} />
          </div>
          <div className="jp-SaturnWhatIf-row jp-SaturnWhatIf-apply">
            <ApplyButton state={state} label={trans.__('Apply')} />
            <button type="button" className="jp-mod-styled jp-mod-minimal" onClick={() => whatIf.reset()}>
              {trans.__('Clear')}
            </button>
          </div>
        </>
      ) : (
        <button type="button" className="jp-mod-styled" onClick={() => ask(asked)}>
          {trans.__('Move tasks by hand')}
        </button>
      )}
    </fieldset>
  );
}

/** A slider per node; a node may be left out when there are others. */
function DeviceSliders(props: {
  state: SessionState;
  question: IQuestion;
  onAsk: (question: IQuestion) => void;
}) {
  const { trans } = useViewContext();
  const id = useId();
  const { state, question, onAsk } = props;
  const nodes = plannedCluster(state).nodes.filter(node => node.devices.length > 0);
  const total = devicesIn(state.cluster);
  return nodes.map((node, i) => {
    const count = devicesOf(question, node);
    const others = nodes.some(other => other !== node && devicesOf(question, other) > 0);
    return (
      <div className="jp-SaturnWhatIf-row" key={node.id}>
        <label htmlFor={`${id}-${i}`} title={nodes.length > 1 ? node.id : undefined}>
          {nodes.length > 1 ? node.id : trans.__('Devices')}
        </label>
        <input
          id={`${id}-${i}`}
          type="range"
          min={others ? 0 : 1}
          max={Math.max(8, 2 * (nodes.length > 1 ? node.devices.length : total))}
          value={count}
          aria-valuetext={deviceCount(count, trans)}
          onChange={event =>
            onAsk({ ...question, devices: { ...question.devices, [node.id]: event.target.valueAsNumber } })
          }
        />
        <output htmlFor={`${id}-${i}`}>{count}</output>
      </div>
    );
  });
}
