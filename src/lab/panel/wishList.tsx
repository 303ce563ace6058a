import { useId } from 'react';
import { sessionWishWords, taskWishWords } from '../../core/view/format/wishText.js';
import type { SessionState, WishesSet } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';
import { applyWishes } from '../whatIf/whatIfWishes.js';

/** What is asked of the session's plans, each part with a way to take it back. */
export function WishList({ state, now }: { state: SessionState; now: number }) {
  const { session, trans } = useViewContext();
  const id = useId();
  const takeBack = (wishes: WishesSet) => void applyWishes(session, { wishes }, state.goal === 'run');
  const joint = sessionWishWords(state, trans);
  const own = state.tasks.filter(task => task.wishes !== undefined && task.status !== 'finished');
  if (joint.length === 0 && own.length === 0) {
    return null;
  }
  return (
    <div className="jp-SaturnWhatIf-wishes" data-wishes="session">
      <div id={id} className="jp-SaturnPanel-quiet">
        {trans.__('Asked of every plan')}
      </div>
      <ul aria-labelledby={id}>
        {joint.length > 0 && (
          <li>
            <span>{trans.__('all tasks')}</span>
            {joint.map(({ wish, text }) => (
              <TakeBack
                key={wish}
                of={trans.__('all tasks')}
                text={text}
                onClick={() => takeBack({ session: { clear: [wish] } })}
              />
            ))}
          </li>
        )}
        {own.map(task => (
          <li key={task.spec.name} data-task={task.spec.name}>
            <span className="jp-SaturnTasks-name">{task.spec.name}</span>
            {taskWishWords(task, state.cluster, now, trans).map(({ wish, text }) => (
              <TakeBack
                key={wish}
                of={task.spec.name}
                text={text}
                onClick={() => takeBack({ tasks: [{ tasks: [task.spec.name], clear: [wish] }] })}
              />
            ))}
          </li>
        ))}
      </ul>
    </div>
  );
}

function TakeBack(props: { of: string; text: string; onClick: () => void }) {
  const { trans } = useViewContext();
  const label = trans.__('Take back: %1, %2', props.of, props.text);
  return (
    <button
      type="button"
      className="jp-SaturnWhatIf-wish"
      aria-label={label}
      title={label}
      onClick={props.onClick}
    >
      {props.text} <span aria-hidden="true">✕</span>
    </button>
  );
}
