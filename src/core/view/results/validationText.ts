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

/** Where the task's own rule ended it before its last step: `stopped early at step 100`. */
export function earlyStopWords({ result, progress }: TaskState, trans: ITranslation): string | undefined {
  return result?.stoppedEarly === true
    ? trans.__('stopped early at step %1', count(progress.step))
    : undefined;
}
