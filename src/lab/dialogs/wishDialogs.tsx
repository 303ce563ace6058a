import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactElement } from 'react';
import { mostTogether } from '../../core/model/strategy.js';
import { taskCount } from '../../core/view/format/format.js';
import type { Cluster, TaskState } from '../../core/wire/messages.js';
import { Field, FormProblem } from './field.js';
import { FormBody, showForm } from './formDialog.js';
import {
  deadlineOutcome,
  type IPinInput,
  localTime,
  pinInput,
  pinOutcome,
  priorityOutcome,
  techniquesOf,
  type WishOutcome
} from './wishForm.js';

type Change = NonNullable<WishOutcome['change']>;

/** Ask for a priority of tasks; null when nothing is to change. */
export function askPriority(tasks: readonly TaskState[], trans: TranslationBundle): Promise<Change | null> {
  const weights = new Set(tasks.map(({ wishes }) => String(wishes?.weight ?? '')));
  return showForm({
    form: new WishBody(
      weights.size === 1 ? ([...weights][0] as string) : '',
      text => priorityOutcome(text, trans),
      ({ input, problem, onInput }) => (
        <>
          <Field
            label={trans.__('How much an early end counts')}
            value={input}
            placeholder={trans.__('as that of others: 1')}
            problem={problem}
            onChange={onInput}
          />
          <p className="jp-SaturnForm-note">{trans.__('Empty takes it back.')}</p>
        </>
      )
    ),
    title: trans.__('Priority of %1', taskCount(tasks.length, trans)),
    accept: trans.__('Set'),
    trans
  });
}

/**
 * Ask for a deadline of tasks; null when nothing is to change.
 *
 * @param now - seconds since the epoch.
 */
export function askDeadline(
  tasks: readonly TaskState[],
  now: number,
  trans: TranslationBundle
): Promise<Change | null> {
  const deadlines = new Set(tasks.map(({ wishes }) => wishes?.deadline));
  const [deadline] = deadlines.size === 1 ? deadlines : [];
  return showForm({
    form: new WishBody(
      deadline === undefined ? '' : localTime(deadline),
      text => deadlineOutcome(text, now, trans),
      ({ input, problem, onInput }) => (
        <>
          <Field
            label={trans.__('To be done by')}
            type="datetime-local"
            value={input}
            problem={problem}
            onChange={onInput}
          />
          <p className="jp-SaturnForm-note">{trans.__('Empty takes it back.')}</p>
        </>
      )
    ),
    title: trans.__('Deadline of %1', taskCount(tasks.length, trans)),
    accept: trans.__('Set'),
    trans
  });
}

/** Ask where and how tasks must run; null when nothing is to change. */
export function askPin(
  tasks: readonly TaskState[],
  cluster: Cluster | undefined,
  trans: TranslationBundle
): Promise<Change | null> {
  return showForm({
    form: new WishBody<IPinInput>(
      pinInput(tasks),
      input => pinOutcome(input, cluster, trans),
      fields => <PinFields {...fields} tasks={tasks} cluster={cluster} trans={trans} />
    ),
    title: trans.__('Pin %1', taskCount(tasks.length, trans)),
    accept: trans.__('Set'),
    trans
  });
}

interface IFields<I> {
  readonly input: I;
  readonly problem: string | undefined;
  readonly onInput: (input: I) => void;
}

/** A form of which a wish comes. */
class WishBody<I> extends FormBody<Change> {
  constructor(
    private _input: I,
    private readonly _outcome: (input: I) => WishOutcome,
    private readonly _fields: (fields: IFields<I>) => ReactElement
  ) {
    super();
  }

  get isValid(): boolean {
    return this._outcome(this._input).problem === undefined;
  }

  getValue(): Change {
    return this._outcome(this._input).change ?? {};
  }

  protected override render() {
    return this._fields({
      input: this._input,
      problem: this._outcome(this._input).problem,
      onInput: input => {
        this._input = input;
        this.update();
      }
    });
  }
}

function PinFields(
  props: IFields<IPinInput> & {
    tasks: readonly TaskState[];
    cluster: Cluster | undefined;
    trans: TranslationBundle;
  }
) {
  const { input, problem, onInput, tasks, cluster, trans } = props;
  const nodes = cluster?.nodes ?? [];
  const most = Math.max(1, ...nodes.map(({ devices }) => mostTogether(devices)));
  const any = ['', trans.__('any')] as const;
  const numbers = Array.from({ length: most }, (_, i) => [String(i + 1), String(i + 1)] as const);
  const techniques = [...new Set([...techniquesOf(tasks), input.technique])].filter(Boolean);
  const toggle = (device: string) => {
    const devices = new Set(input.devices);
    if (!devices.delete(device)) {
      devices.add(device);
    }
    onInput({ ...input, devices });
  };
  return (
    <>
      <Field
        label={trans.__('Technique')}
        value={input.technique}
        options={[any, ...techniques.map(name => [name, name] as const)]}
        onChange={technique => onInput({ ...input, technique })}
      />
      <Field
        label={trans.__('Number of devices')}
        value={input.count}
        options={[any, ...numbers]}
        onChange={count => onInput({ ...input, count })}
      />
      <fieldset className="jp-SaturnForm-choices">
        <legend>{trans.__('Devices; none chosen means any')}</legend>
        {nodes.flatMap(({ id, devices }) =>
          devices.map(device => {
            const key = `${id}/${device.id}`;
            return (
              <label key={key} title={device.name}>
                <input type="checkbox" checked={input.devices.has(key)} onChange={() => toggle(key)} />
                {nodes.length > 1 ? key : device.id}
              </label>
            );
          })
        )}
      </fieldset>
      <FormProblem text={problem} />
      <p className="jp-SaturnForm-note">{trans.__('Any of all takes the pin back.')}</p>
    </>
  );
}
