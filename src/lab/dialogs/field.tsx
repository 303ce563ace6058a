import { useId } from 'react';

/** A line of a form: its name, what is written or chosen, and what is wrong with that. */
export function Field(props: Field.IProps) {
  const { label, value, placeholder, problem, options, type = 'text', onChange } = props;
  const id = useId();
  const shared = {
    id,
    className: 'jp-mod-styled',
    value,
    'aria-invalid': problem !== undefined,
    'aria-describedby': problem === undefined ? undefined : `${id}-problem`
  };
  return (
    <div className="jp-SaturnForm-field">
      <label htmlFor={id}>{label}</label>
      {options ? (
        <select {...shared} onChange={event => onChange(event.target.value)}>
          {options.map(([option, words]) => (
            <option key={option} value={option}>
              {words}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...shared}
          type={type}
          spellCheck={false}
          placeholder={placeholder}
          onChange={event => onChange(event.target.value)}
        />
      )}
      {problem !== undefined && (
        <p id={`${id}-problem`} className="jp-SaturnForm-problem">
          {problem}
        </p>
      )}
    </div>
  );
}

export namespace Field {
  export interface IProps {
    readonly label: string;
    readonly value: string;
    /** Shown while nothing is written: what holds then. */
    readonly placeholder?: string | undefined;
    readonly problem?: string | undefined;
    /** What there is to choose from, in this order, with words; what is written is free when absent. */
    readonly options?: readonly (readonly [value: string, words: string])[];
    readonly type?: 'text' | 'datetime-local';
    readonly onChange: (value: string) => void;
  }
}

/** What is wrong with a form as a whole. */
export function FormProblem({ text }: { text: string | undefined }) {
  return text === undefined ? null : (
    <p className="jp-SaturnForm-problem" role="alert">
      {text}
    </p>
  );
}
