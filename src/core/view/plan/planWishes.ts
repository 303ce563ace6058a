import type { ITranslation } from '../../model/translation.js';
import type { Plan, SessionState } from '../../wire/messages.js';
import { type Block, sentence } from '../display/block.js';
import { count } from '../format/format.js';
import { type IWishWords, sessionWishWords, taskWishWords } from '../format/wishText.js';

/** Wishes named before the rest is only counted. */
const MOST = 6;

/** Which wishes a plan meets, in a sentence; nothing when there are none, or the plan was made before they were. */
export function metWishes(
  { plan: made, tasks, cluster, wishes }: Pick<SessionState, 'plan' | 'tasks' | 'cluster' | 'wishes'>,
  trans: ITranslation
): Block | false {
  if (!made?.fresh) {
    return false;
  }
  const { plan, madeAt } = made;
  const planned = new Set(plan.segments.map(({ task }) => task));
  const met = [
    ...tasks
      .filter(({ spec }) => planned.has(spec.name))
      .flatMap(task =>
        taskWishWords(task, cluster, madeAt, trans)
          .filter(words => isMet(plan, words, task.spec.name))
          .map(({ text }) => `${task.spec.name} ${text}`)
      ),
    ...sessionWishWords({ wishes, tasks }, trans)
      .filter(({ wish }) => wish !== 'prices')
      .filter(words => isMet(plan, words))
      .map(({ text }) => text)
  ];
  const more = met.length - MOST;
  const told = more > 0 ? [...met.slice(0, MOST), trans._n('%2 more', '%2 more', more, count(more))] : met;
  return met.length > 0 && sentence(trans.__('It heeds what you asked for: %1.', told.join('; ')));
}

function isMet({ conflicts = [] }: Plan, { constraint }: IWishWords, task?: string): boolean {
  return !conflicts.some(conflict => conflict.constraint === constraint && conflict.task === task);
}
