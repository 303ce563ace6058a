import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';
import { count, metric } from '../format/format.js';

/** What the newest validation of a task in training found: `accuracy 0.91 at step 100`. */
export function validationWords({ validations = [] }: TaskState, trans: ITranslation): string | undefined {
  const last = validations.at(-1);
  const metrics = Object.entries(last?.metrics ?? {}).map(
    ([name, value]) => `${name} ${metric(value, trans)}`
  );
  return last && metrics.length > 0
    ? trans.__('%1 at step %2', metrics.join(', '), count(last.step))
    : undefined;
}

/**
 * What is notable of the steps of a trained task: `stopped early at step 100`, `model of step 40, the best`; undefined
 * when it went to its last step and that is the model.
 */
export function stepsWords({ result, progress }: TaskState, trans: ITranslation): string | undefined {
  const facts = [
    ...(result?.stoppedEarly === true ? [trans.__('stopped early at step %1', count(progress.step))] : []),
    ...(result?.bestStep === undefined
      ? []
      : [trans.__('model of step %1, the best', count(result.bestStep))])
  ];
  return facts.length > 0 ? facts.join(', ') : undefined;
}
