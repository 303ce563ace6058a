import type { ITranslation } from '../../model/translation.js';
import type { Failure, SessionState, TaskState } from '../../wire/messages.js';
import { type ITaskFailure, taskFailure } from '../format/failures.js';
import { count } from '../format/format.js';
import { sweepFailures } from '../results/sweepText.js';
import { deviceNotices } from './deviceNotices.js';
import { leftOut } from './leftOut.js';
import { hasSeveralNodes, nodeFailures } from './shownNodes.js';
import { trackerFailures } from './trackingView.js';

/** What a user can do about something: try its tasks again, go on with them, look at what they printed, or at their cell. */
export type Remedy = 'retry' | 'resume' | 'log' | 'cell';

/** Something that does not go by itself, and whom it befell. */
export interface IAttention {
  /** Names of tasks; none where it is nothing of a task. */
  readonly tasks: readonly string[];
  /** What else it befell: a node, say. */
  readonly where?: readonly string[];
  readonly failure: Failure;
  readonly remedies: readonly Remedy[];
}

/** What needs a user's attention, what can be done about it first. Tasks that suffer the same are one. */
export function attention(state: SessionState, trans: ITranslation): IAttention[] {
  const found = new Map<string, { tasks: string[]; failure: Failure; remedies: readonly Remedy[] }>();
  const add = (task: TaskState, failure: Failure, remedies: readonly Remedy[]): void => {
    const key = [remedies.join(), failure.code, failure.message].join('\n');
    const same = found.get(key) ?? { tasks: [], failure, remedies };
    same.tasks.push(task.spec.name);
    found.set(key, same);
  };
  const out = new Map(leftOut(state).map(({ task, reason }) => [task, reason]));
  for (const task of state.tasks) {
    const failure = taskFailure(task, trans);
    const reason = out.get(task.spec.name);
    if (task.givenUp) {
      continue;
    }
    if (task.status === 'failed') {
      add(task, failure ?? unexplained(trans), ['retry', 'log']);
    } else if (failure !== undefined) {
      add(task, failure, task.status === 'invalid' ? ['cell'] : ['log', 'cell']);
    } else if (reason !== undefined) {
      add(
        task,
        {
          code: 'left-out',
          message: trans.__('Left out of the plan: %1', reason),
          hint: trans.__('Correct its cell and run it again, or choose other devices.')
        },
        ['cell']
      );
    } else if (task.status === 'stopped' && state.goal === 'run') {
      add(task, stoppedAlone(trans), ['resume', 'log']);
    }
  }
  const nowhere = (error: Failure): ITaskFailure => ({ where: [], error });
  const general = [
    ...(state.pause === undefined ? [] : [nowhere(state.pause.error)]),
    ...nodeFailures(state, trans),
    ...(state.excludedDevices ?? []).map(({ node, device, error }) => ({
      where: hasSeveralNodes(state) ? [`${node} ${device.id}`] : [],
      error
    })),
    ...deviceNotices(state),
    ...trackerFailures(state.tracking ?? [], trans),
    ...sweepFailures(state),
    ...[...state.notices].reverse().map(nowhere)
  ].map(({ where, error }) => ({ tasks: [], where, failure: error, remedies: [] }));
  return [...found.values(), ...general];
}

/** How much needs attention, in a word or two; empty when nothing does. */
export function attentionCount(items: readonly IAttention[]): string {
  const all = items.reduce((sum, { tasks }) => sum + Math.max(1, tasks.length), 0);
  return all > 0 ? count(all) : '';
}

function stoppedAlone(trans: ITranslation): Failure {
  return { code: 'stopped', message: trans.__('Stopped, while the others train.') };
}

function unexplained(trans: ITranslation): Failure {
  return { code: 'failed', message: trans.__('It failed and gives no reason.') };
}
