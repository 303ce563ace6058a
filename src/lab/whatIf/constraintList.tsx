import { useId } from 'react';
import { duration } from '../../core/view/format/format.js';
import type { Cluster } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';
import { CONSTRAINT_PARTS, constraintParts, withoutConstraint } from './constraintParts.js';
import { feasibleConstraints, type IQuestion, withConstraints } from './whatIfQuestion.js';

/** What is asked of single tasks and of all, each part with a way to take it back. */
export function ConstraintList({ question, cluster, onAsk }: ConstraintList.IProps) {
  const { trans } = useViewContext();
  const id = useId();
  const { constraints, deadline } = question;
  if (constraints.size === 0 && deadline === null) {
    return null;
  }
  return (
    <div className="jp-SaturnWhatIf-wishes">
      <div id={id} className="jp-SaturnPanel-quiet">
        {trans.__('You asked for')}
      </div>
      <ul aria-labelledby={id}>
        {deadline !== null && (
          <li>
            <span>{trans.__('all tasks')}</span>
            <Part
              words={trans.__('done by %1', duration(deadline, trans))}
              of={trans.__('all tasks')}
              onRemove={() => onAsk({ ...question, deadline: null })}
            />
          </li>
        )}
        {[...constraints].map(([task, constraint]) => (
          <li key={task} data-task={task}>
            <span className="jp-SaturnTasks-name">{task}</span>
            {constraintParts(constraint).map(part => (
              <Part
                key={part}
                words={CONSTRAINT_PARTS[part].words(constraint, trans)}
                isIdle={!constraintParts(feasibleConstraints(constraint, cluster)).includes(part)}
                of={task}
                onRemove={() => onAsk(withConstraints(question, task, withoutConstraint(constraint, part)))}
              />
            ))}
          </li>
        ))}
      </ul>
    </div>
  );
}

export namespace ConstraintList {
  export interface IProps {
    question: IQuestion;
    /** The devices of the question. */
    cluster: Cluster;
    onAsk: (question: IQuestion) => void;
  }
}

function Part(props: { words: string; of: string; isIdle?: boolean; onRemove: () => void }) {
  const { trans } = useViewContext();
  const words = props.isIdle ? trans.__('%1 (not there)', props.words) : props.words;
  const label = trans.__('Take back: %1, %2', props.of, words);
  return (
    <button
      type="button"
      className={`jp-SaturnWhatIf-wish${props.isIdle ? ' jp-mod-idle' : ''}`}
      aria-label={label}
      title={label}
      onClick={props.onRemove}
    >
      {words} <span aria-hidden="true">✕</span>
    </button>
  );
}
