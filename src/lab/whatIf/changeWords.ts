import type { TranslationBundle } from '@jupyterlab/translation';
import { listing } from '../../core/view/format/format.js';
import { sessionWishWords, taskWishWords } from '../../core/view/format/wishText.js';
import type { SessionState } from '../../core/wire/messages.js';
import type { IAskedWishes } from './whatIfWishes.js';

/** So many names are said of tasks of which the same is asked. */
const NAMED = 3;

/**
 * What applying changes in what is asked of the session's plans, a sentence each: `mlp-8: only on cpu1`.
 *
 * @param now - seconds since the epoch.
 */
export function changeWords(
  { wishes, exclude }: IAskedWishes,
  state: SessionState,
  now: number,
  trans: TranslationBundle
): string[] {
  const asked = new Map<string, string[]>();
  for (const { tasks = [], set } of wishes.tasks ?? []) {
    const words = taskWishWords({ wishes: set }, state.cluster, now, trans)
      .map(({ text }) => text)
      .join(', ');
    asked.set(words, [...(asked.get(words) ?? []), ...tasks]);
  }
  const joint = sessionWishWords({ wishes: wishes.session?.set, tasks: [] }, trans);
  return [
    ...[...asked].map(([words, tasks]) => trans.__('%1: %2', listing(tasks, trans, NAMED), words)),
    ...joint.map(({ text }) => trans.__('all tasks: %1', text)),
    ...(wishes.session?.clear?.includes('freeDevices') ? [trans.__('all devices are used again')] : []),
    ...(exclude === undefined
      ? []
      : [
          exclude.length > 0
            ? trans.__('all tasks: without %1', listing([...exclude], trans))
            : trans.__('all techniques may be used again')
        ])
  ];
}
