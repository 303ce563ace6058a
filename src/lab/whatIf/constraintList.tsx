import { useId } from 'react';
import { strategyLabel } from '../../core/model/strategy.js';
import { duration } from '../../core/view/format/format.js';
import type { Cluster } from '../../core/wire/messages.js';
import { useEnv } from '../context/panelContext.js';
import {
  type IQuestion,
  type IWish,
  partsOf,
  possibleWish,
  type WishPart,
  withoutPart,
  withWish
} from './whatIfQuestion.js';

/** What is asked of single tasks and of all, each part with a way to take it back. */
export function WishList({ question, cluster, onAsk }: WishList.IProps) {
  const { trans } = useEnv();
  const id = useId();
  const { wishes, deadline } = question;
  if (wishes.size === 0 && deadline === null) {
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
              words={trans.__('done by %1', duration(deadline))}
              of={trans.__('all tasks')}
              onRemove={() => onAsk({ ...question, deadline: null })}
            />
          </li>
        )}
        {[...wishes].map(([task, wish]) => (
          <li key={task} data-task={task}>
            <span className="jp-SaturnTasks-name">{task}</span>
            {partsOf(wish).map(part => (
              <Part
                key={part}
                words={words(wish, part, trans)}
                isIdle={!partsOf(possibleWish(wish, cluster)).includes(part)}
                of={task}
                onRemove={() => onAsk(withWish(question, task, withoutPart(wish, part)))}
              />
            ))}
          </li>
        ))}
      </ul>
    </div>
  );
}

export namespace WishList {
  export interface IProps {
    question: IQuestion;
    /** The devices of the question. */
    cluster: Cluster;
    onAsk: (question: IQuestion) => void;
  }
}

function Part(props: { words: string; of: string; isIdle?: boolean; onRemove: () => void }) {
  const { trans } = useEnv();
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

function words(wish: IWish, part: WishPart, trans: ReturnType<typeof useEnv>['trans']): string {
  const { pin, earliestStart, deadline } = wish;
  switch (part) {
    case 'strategy':
      return trans.__('as %1', pin?.strategy ? strategyLabel(pin.strategy) : '');
    case 'place':
      return trans.__('on %1', [pin?.node, pin?.devices?.join(', ')].filter(Boolean).join(' '));
    case 'earliestStart':
      return trans.__('not before %1', duration(earliestStart));
    case 'deadline':
      return trans.__('done by %1', duration(deadline));
  }
}
