import { useId, useState } from 'react';
import { useViewContext } from '../context/viewContext.js';
import { type IQuestion, withConstraints } from './whatIfQuestion.js';

const SECONDS = { s: 1, min: 60, h: 3600 } as const;
type Unit = keyof typeof SECONDS;

/** By when a task, or all of them, are to be done. */
export function DeadlineForm({ question, tasks, seconds, onAsk }: DeadlineForm.IProps) {
  const { trans } = useViewContext();
  const id = useId();
  const usual: Unit = seconds < 120 ? 's' : seconds < 7200 ? 'min' : 'h';
  const [chosen, setUnit] = useState<Unit | null>(null);
  const [amount, setAmount] = useState('');
  const [task, setTask] = useState('');
  const unit = chosen ?? usual;
  const value = Number(amount) * SECONDS[unit];
  const names: Record<Unit, string> = { s: trans.__('s'), min: trans.__('min'), h: trans.__('h') };
  const ask = () => {
    onAsk(
      task === ''
        ? { ...question, deadline: value }
        : withConstraints(question, task, { ...question.constraints.get(task), deadline: value })
    );
    setAmount('');
  };
  return (
    <form
      className="jp-SaturnWhatIf-row jp-SaturnWhatIf-deadline"
      onSubmit={event => {
        event.preventDefault();
        if (value > 0) {
          ask();
        }
      }}
    >
      <label htmlFor={`${id}-amount`}>{trans.__('Done by')}</label>
      <input
        id={`${id}-amount`}
        className="jp-mod-styled"
        type="number"
        min={0}
        step="any"
        value={amount}
        placeholder={String(Math.round(seconds / SECONDS[usual]) || 1)}
        onChange={event => setAmount(event.target.value)}
      />
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Unit of time')}
        value={unit}
        onChange={event => setUnit(event.target.value as Unit)}
      >
        {Object.entries(names).map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
      <select
        className="jp-mod-styled jp-SaturnWhatIf-wide"
        aria-label={trans.__('Task to be done by then')}
        value={task}
        onChange={event => setTask(event.target.value)}
      >
        <option value="">{trans.__('all tasks')}</option>
        {tasks.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <button type="submit" className="jp-mod-styled" disabled={!(value > 0)}>
        {trans.__('Set')}
      </button>
    </form>
  );
}

export namespace DeadlineForm {
  export interface IProps {
    question: IQuestion;
    /** Names of the tasks to choose from. */
    tasks: readonly string[];
    /** About how long the plan takes, for the unit of time. */
    seconds: number;
    onAsk: (question: IQuestion) => void;
  }
}
