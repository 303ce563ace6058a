import { type Standing, standingWords } from '../../core/view/format/taskText.js';
import { useViewContext } from '../context/viewContext.js';

/** Sign and words of a task's status; never colour alone. */
export function StatusMark({ task }: { task: Standing }) {
  const { trans } = useViewContext();
  const { sign, text } = standingWords(task, trans);
  return (
    <span className={`jp-SaturnStatus jp-mod-${task.givenUp ? 'given-up' : task.status}`}>
      <span aria-hidden="true">{sign} </span>
      {text}
    </span>
  );
}
