import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { count, duration, listing, taskCount } from '../format/format.js';

/** Names said of tasks that are lost; the rest is counted. */
const NAMES = 3;

/** What goes when tasks are taken out of a session. */
export interface ITaskLoss {
  /** Names of those that are trained. */
  readonly trained: readonly string[];
  /** Names of those that are trained in part. */
  readonly begun: readonly string[];
  /** How long all of them have had devices, in seconds. */
  readonly seconds: number;
  /** How many train now. */
  readonly training: number;
}

/** What goes when these tasks are taken out. */
export function taskLoss(tasks: readonly TaskState[], now: number): ITaskLoss {
  const namesOf = (those: readonly TaskState[]): string[] => those.map(({ spec }) => spec.name);
  const isActive = ({ status }: TaskState): boolean =>
    status === 'starting' || status === 'running' || status === 'stopping';
  const trained = tasks.filter(({ status }) => status === 'finished');
  const begun = tasks.filter(({ status, progress }) => status !== 'finished' && progress.step > 0);
  const seconds = tasks
    .flatMap(task => task.attempts.map(attempt => ({ ...attempt, isActive: isActive(task) })))
    .reduce(
      (sum, { requestedAt, endedAt, isActive }) =>
        sum + Math.max(0, (endedAt ?? (isActive ? now : requestedAt)) - requestedAt),
      0
    );
  return {
    trained: namesOf(trained),
    begun: namesOf(begun),
    seconds,
    training: tasks.filter(isActive).length
  };
}

/** What goes when tasks are taken out, sentence by sentence; none when nothing of them was trained. */
export function lossSentences(
  { trained, begun, seconds, training }: ITaskLoss,
  { folder }: Pick<SessionState, 'folder'>,
  trans: ITranslation
): string[] {
  const all = [...trained, ...begun];
  if (all.length === 0 && training === 0) {
    return [];
  }
  return [
    ...(trained.length > 0
      ? [
          trans._n(
            '%2 is trained: %3.',
            '%2 are trained: %3.',
            trained.length,
            taskCount(trained.length, trans),
            listing(trained, trans, NAMES)
          )
        ]
      : []),
    ...(begun.length > 0
      ? [
          trans._n(
            '%2 is trained in part: %3.',
            '%2 are trained in part: %3.',
            begun.length,
            taskCount(begun.length, trans),
            listing(begun, trans, NAMES)
          )
        ]
      : []),
    trans._n(
      'It has trained for %2.',
      'Together they have trained for %2.',
      all.length,
      duration(seconds, trans)
    ),
    ...(training > 0
      ? [
          trans._n(
            '%2 task trains now: it is ended at once, and saves nothing.',
            '%2 tasks train now: they are ended at once, and save nothing.',
            training,
            count(training)
          )
        ]
      : []),
    trans.__('Results and checkpoints leave the session; the files are kept in %1.', `${folder}/archive`)
  ];
}
