import { statusWords } from '../../core/view/format/taskText.js';
import type { TaskStatus } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';

/** Sign and words of a task's status; never colour alone. */
export function StatusMark({ status }: { status: TaskStatus }) {
  const { trans } = useViewContext();
  const { sign, text } = statusWords(status, trans);
  return (
    <span className={`jp-SaturnStatus jp-mod-${status}`}>
      <span aria-hidden="true">{sign} </span>
      {text}
    </span>
  );
}
