import { constraintLabel } from '../../model/constraints/constraints.js';
import type { ITranslation } from '../../model/translation.js';
import type { Conflict, Plan } from '../../wire/messages.js';
import type { Block } from '../display/block.js';
import { count } from '../format/format.js';

/** Wishes told before the rest is folded away. */
const MOST = 4;

/** Wishes that a plan does not meet, those that no plan can meet first, and what would have to give way. */
export function unmetWishes({ conflicts = [] }: Pick<Plan, 'conflicts'>, trans: ITranslation): Block[] {
  const group = (some: readonly Conflict[], text: string): Block[] =>
    some.length === 0
      ? []
      : [
          {
            kind: 'list',
            list: {
              text,
              tone: 'warning',
              most: MOST,
              items: some.map(conflict => ({
                about: constraintName(conflict, trans),
                text: conflict.message,
                ...(conflict.relax !== undefined && { more: trans.__('What would help: %1', conflict.relax) })
              }))
            }
          }
        ];
  const proven = conflicts.filter(conflict => conflict.proven === true);
  const others = conflicts.filter(conflict => conflict.proven !== true);
  return [
    ...group(
      proven,
      trans._n(
        'No plan meets this wish:',
        'No plan meets these %2 wishes:',
        proven.length,
        count(proven.length)
      )
    ),
    ...group(
      others,
      trans._n(
        'No plan was found that meets this wish:',
        'No plan was found that meets these %2 wishes:',
        others.length,
        count(others.length)
      )
    )
  ];
}

/** Tasks no strategy can run, and why; nothing when there are none. */
export function leftOutTasks({ unplanned }: Plan, trans: ITranslation): Block | false {
  return (
    unplanned.length > 0 && {
      kind: 'list',
      list: {
        text: trans._n(
          '%2 task is left out:',
          '%2 tasks are left out:',
          unplanned.length,
          count(unplanned.length)
        ),
        tone: 'warning',
        items: unplanned.map(({ task, reason }) => ({ about: task, text: reason }))
      }
    }
  );
}

/** `deadline of digits-vit`. */
function constraintName({ constraint, task }: Conflict, trans: ITranslation): string {
  const name = constraintLabel(constraint, trans);
  return task === undefined ? name : trans.__('%1 of %2', name, task);
}
