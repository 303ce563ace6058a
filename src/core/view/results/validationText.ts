import type { TaskState } from '../../wire/messages.js';
import { count, metric } from '../format/format.js';

/** What the newest validation of a task in training found: `accuracy 0.91 at step 100`. */
export function validationWords({ validations = [] }: TaskState): string | undefined {
  const last = validations.at(-1);
  const metrics = Object.entries(last?.metrics ?? {}).map(([name, value]) => `${name} ${metric(value)}`);
  return last && metrics.length > 0 ? `${metrics.join(', ')} at step ${count(last.step)}` : undefined;
}

/** Where the task's own rule ended it before its last step: `stopped early at step 100`. */
export function earlyStopWords({ result, progress }: TaskState): string | undefined {
  return result?.stoppedEarly === true ? `stopped early at step ${count(progress.step)}` : undefined;
}
