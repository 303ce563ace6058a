import type { TaskState, TaskStatus } from '../../wire/messages.js';
import type { ICell, Tone } from '../format/table.js';

const WORDS: Record<TaskStatus, [string, Tone?]> = {
  inspecting: ['being looked at', 'muted'],
  invalid: ['cannot be built', 'bad'],
  ready: ['ready'],
  starting: ['starting'],
  running: ['training'],
  stopping: ['stopping'],
  stopped: ['stopped', 'warning'],
  finished: ['trained', 'good'],
  failed: ['failed', 'bad']
};

/** A task's status in a person's words. */
export function statusCell(task: TaskState): ICell {
  const [text, tone] = WORDS[task.status];
  return { text, tone };
}

/** What every view says of a session without tasks. */
export const NO_TASKS = 'No tasks yet. Define some with `%%saturn task` in a cell.';
