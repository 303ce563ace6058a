import type { TranslationBundle } from '@jupyterlab/translation';
import { printable } from '../../core/view/format/escape.js';
import { count, listing, taskCount } from '../../core/view/format/format.js';
import type { TaskClone, TaskState } from '../../core/wire/messages.js';
import { cloneInput, cloneOutcome, hasOwnLoop, type ICloneInput, type Weights } from './cloneForm.js';
import { Field, FormProblem } from './field.js';
import { FormBody, showForm } from './formDialog.js';

/** So many names of what will be made are shown. */
const NAMES = 5;

/**
 * Ask with what values clones of some tasks are to be made.
 *
 * @param step - after so many steps was the checkpoint saved with which they are to begin, as far as is said already.
 * @returns null when none is to be made.
 */
export function askClones(
  tasks: readonly TaskState[],
  step: number | undefined,
  trans: TranslationBundle
): Promise<readonly TaskClone[] | null> {
  const [first] = tasks;
  return showForm({
    form: new CloneBody(tasks, step, trans),
    title:
      tasks.length === 1
        ? trans.__('Clone %1', printable(first?.spec.name ?? ''))
        : trans.__('Clone %1 tasks', count(tasks.length)),
    accept: trans.__('Clone'),
    trans
  });
}

class CloneBody extends FormBody<readonly TaskClone[]> {
  constructor(
    private readonly _tasks: readonly TaskState[],
    step: number | undefined,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this._input = cloneInput(_tasks, step);
  }

  get isValid(): boolean {
    return cloneOutcome(this._tasks, this._input, this._trans).problems.size === 0;
  }

  getValue(): readonly TaskClone[] {
    return cloneOutcome(this._tasks, this._input, this._trans).clones;
  }

  protected override render() {
    return (
      <CloneFields
        tasks={this._tasks}
        input={this._input}
        trans={this._trans}
        onInput={input => {
          this._input = input;
          this.update();
        }}
      />
    );
  }

  private _input: ICloneInput;
}

function CloneFields(props: {
  tasks: readonly TaskState[];
  input: ICloneInput;
  trans: TranslationBundle;
  onInput: (input: ICloneInput) => void;
}) {
  const { tasks, input, trans, onInput } = props;
  const { names, problems } = cloneOutcome(tasks, input, trans);
  const isOne = tasks.length === 1;
  const asEach = isOne ? undefined : trans.__('as each has it');
  const text = (field: 'epochs' | 'steps' | 'seed' | 'step' | 'name', label: string, hint?: string) => (
    <Field
      label={label}
      value={input[field]}
      placeholder={hint}
      problem={problems.get(field)}
      onChange={value => onInput({ ...input, [field]: value })}
    />
  );
  const weights: Record<Weights, string> = {
    scratch: trans.__('new ones, as the function makes them'),
    start: trans.__('those the task began with'),
    last: trans.__('those it saved last'),
    best: trans.__('those evaluated best'),
    checkpoint: trans.__('those saved after a step')
  };
  return (
    <>
      {Object.entries(input.params).map(([name, value]) => (
        <Field
          key={name}
          label={printable(name)}
          value={value}
          placeholder={asEach}
          problem={problems.get(`params.${name}`)}
          onChange={written => onInput({ ...input, params: { ...input.params, [name]: written } })}
        />
      ))}
      {text('epochs', trans.__('Epochs'), asEach ?? trans.__('as it is'))}
      {text('steps', trans.__('Steps, instead of epochs'), asEach ?? trans.__('as it is'))}
      {text('seed', trans.__('Seed'), asEach)}
      <Field
        label={trans.__('Weights to begin with')}
        value={input.weights}
        options={Object.entries(weights)}
        problem={problems.get('weights')}
        onChange={value => onInput({ ...input, weights: value as Weights })}
      />
      {input.weights === 'checkpoint' && text('step', trans.__('Step'))}
      {isOne && text('name', trans.__('Name'), names[0])}
      <FormProblem text={problems.get('')} />
      <p className="jp-SaturnForm-note" role="status">
        {problems.size === 0 &&
          trans._n(
            'Makes %2: %3.',
            'Makes %2: %3.',
            names.length,
            taskCount(names.length, trans),
            listing(names, trans, NAMES)
          )}{' '}
        {tasks.some(hasOwnLoop)
          ? trans.__('Of a task with a loop of its own, a clone begins from scratch.')
          : trans.__('Only weights are taken over: optimizer, schedule and order of the data begin anew.')}
      </p>
    </>
  );
}
