import type { TranslationBundle } from '@jupyterlab/translation';
import { cloneName } from '../../core/session/cloneName.js';
import { parseArgument } from '../../core/view/format/argumentInput.js';
import { argument, listing } from '../../core/view/format/format.js';
import { paramNames } from '../../core/view/taskTable/taskColumns.js';
import type { Argument, TaskClone, TaskState } from '../../core/wire/messages.js';

/** With which weights clones may begin. */
export type Weights = 'scratch' | 'start' | 'last' | 'best' | 'checkpoint';

/** What is written in the form, as it is written; what is empty is as each task has it. */
export interface ICloneInput {
  readonly params: Readonly<Record<string, string>>;
  readonly epochs: string;
  readonly steps: string;
  readonly seed: string;
  readonly weights: Weights;
  /** Step of the checkpoint, where that is what they begin with. */
  readonly step: string;
  /** Of the clone, when it is one. */
  readonly name: string;
}

/** What comes of the form. */
export interface ICloneOutcome {
  readonly clones: readonly TaskClone[];
  /** Names that they will have. */
  readonly names: readonly string[];
  /** What is wrong, by field: `params.lr`, `epochs`, ...; of the form as a whole by the empty name. */
  readonly problems: ReadonlyMap<string, string>;
}

/** The form before anything is written: what the tasks have in common. */
export function cloneInput(tasks: readonly TaskState[], step?: number): ICloneInput {
  const common = (of: (task: TaskState) => string): string => {
    const values = new Set(tasks.map(of));
    return values.size === 1 ? ([...values][0] as string) : '';
  };
  const params = paramNames(tasks).map(name => [
    name,
    common(({ spec }) => argument(spec.params[name] ?? null))
  ]);
  return {
    params: Object.fromEntries(params) as Record<string, string>,
    epochs: common(({ spec }) => String(spec.epochs ?? '')),
    steps: common(({ spec }) => String(spec.steps ?? '')),
    seed: common(({ spec }) => String(spec.seed)),
    weights: step === undefined ? 'scratch' : 'checkpoint',
    step: step === undefined ? '' : String(step),
    name: ''
  };
}

/** Whether a task has weights of which a clone can begin; only its own loop can read those that it saves. */
export function hasOwnLoop({ spec, inspection }: TaskState): boolean {
  return spec.native === true || inspection?.native !== undefined;
}

/** The clones that a form describes, or what is wrong with it. */
export function cloneOutcome(
  tasks: readonly TaskState[],
  input: ICloneInput,
  trans: TranslationBundle
): ICloneOutcome {
  const problems = new Map<string, string>();
  const length = lengthOf(input, problems, trans);
  const seed = wholeNumber(input.seed, 0, 'seed', problems, trans);
  const from = weightsOf(input, problems, trans);
  const clones = tasks.map(({ spec }): TaskClone => {
    const isOther = length.epochs !== spec.epochs || length.steps !== spec.steps;
    return {
      task: spec.name,
      params: editedParams(spec.params, input.params, problems, trans),
      ...(isOther && length),
      ...(seed !== undefined && seed !== spec.seed && { seed }),
      ...from,
      ...(input.name.trim() !== '' && tasks.length === 1 && { name: input.name.trim() })
    };
  });
  const native = tasks.filter(hasOwnLoop);
  if (input.weights !== 'scratch' && native.length > 0) {
    problems.set(
      'weights',
      trans._n(
        '%2 trains by its own loop, whose checkpoints only that can read: begin from scratch.',
        '%2 train by their own loops, whose checkpoints only those can read: begin from scratch.',
        native.length,
        listing(
          native.map(({ spec }) => spec.name),
          trans,
          3
        )
      )
    );
  }
  if (input.name !== '' && !/^[A-Za-z0-9][A-Za-z0-9._+=-]{0,99}$/.test(input.name.trim())) {
    problems.set(
      'name',
      trans.__('A name begins with a letter or digit, and has 100 letters, digits and . _ + = - at most.')
    );
  }
  const same = clones.filter((clone, i) => isSame(clone, tasks[i]?.spec.warmStart !== undefined));
  if (problems.size === 0 && same.length > 0) {
    problems.set(
      '',
      trans._n(
        'The clone of %2 would train the same: change a value, the length, the seed or the weights.',
        'The clones of %2 would train the same: change a value, the length, the seed or the weights.',
        same.length,
        listing(
          same.map(({ task }) => task),
          trans,
          3
        )
      )
    );
  }
  return { clones, names: clones.map(clone => clone.name ?? cloneName(clone, stepWords(clone))), problems };
}

/** @param isWarm - whether the task itself began with another one's weights. */
function isSame({ task: _, name: _own, params, weights, ...edits }: TaskClone, isWarm: boolean): boolean {
  return (
    Object.keys(params).length === 0 &&
    Object.keys(edits).length === 0 &&
    (weights === 'start' || (weights === 'scratch' && !isWarm))
  );
}

/** The step is known once the clone is made. */
function stepWords({ weights, step }: TaskClone): string | number | undefined {
  return weights === 'last' || weights === 'best' ? weights : step || undefined;
}

function editedParams(
  params: Readonly<Record<string, Argument>>,
  written: Readonly<Record<string, string>>,
  problems: Map<string, string>,
  trans: TranslationBundle
): TaskClone['params'] {
  const edited: TaskClone['params'] = {};
  for (const [name, old] of Object.entries(params)) {
    const text = written[name]?.trim() ?? '';
    if (text === '' && old !== '') {
      continue;
    }
    const value = parseArgument(text, old);
    if (value === undefined) {
      problems.set(
        `params.${name}`,
        trans.__('%1 cannot be "%2": it was %3. Put a text in quotes.', name, text, argument(old))
      );
    } else if (JSON.stringify(value) !== JSON.stringify(old)) {
      edited[name] = value;
    }
  }
  return edited;
}

function lengthOf(
  { epochs, steps }: ICloneInput,
  problems: Map<string, string>,
  trans: TranslationBundle
): Pick<TaskClone, 'epochs' | 'steps'> {
  const passes = Number(epochs);
  if (epochs.trim() !== '' && !(passes > 0 && Number.isFinite(passes))) {
    problems.set('epochs', trans.__('Epochs are a number above 0.'));
  }
  const whole = wholeNumber(steps, 1, 'steps', problems, trans);
  if (epochs.trim() !== '' && steps.trim() !== '') {
    problems.set('steps', trans.__('A task is as long as its epochs or its steps say: empty one of them.'));
  }
  return {
    ...(epochs.trim() !== '' && { epochs: passes }),
    ...(whole !== undefined && { steps: whole })
  };
}

function weightsOf(
  { weights, step }: ICloneInput,
  problems: Map<string, string>,
  trans: TranslationBundle
): Pick<TaskClone, 'weights' | 'step'> {
  if (weights !== 'checkpoint') {
    return { weights };
  }
  const whole = wholeNumber(step, 0, 'step', problems, trans);
  if (whole === undefined && !problems.has('step')) {
    problems.set('step', trans.__('Say after which step the checkpoint was saved.'));
  }
  return whole === undefined ? {} : { step: whole };
}

function wholeNumber(
  text: string,
  least: number,
  field: string,
  problems: Map<string, string>,
  trans: TranslationBundle
): number | undefined {
  if (text.trim() === '') {
    return undefined;
  }
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) {
    problems.set(field, trans.__('This is a whole number, at least %1.', least));
    return undefined;
  }
  return number;
}
