import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { type Blocks, failuresBlock, lead, sentence } from '../display/block.js';
import { noTasks } from '../display/emptyStates.js';
import { count, listing, taskCount } from '../format/format.js';
import type { IList, IListItem } from '../format/list.js';
import { commonRefusals, type ITaskCheck, taskChecks, usesWords, withoutRefusals } from './taskChecks.js';

/** Names told of tasks with the same answer; the rest is counted. */
const NAMES = 4;

/** What can train each task, what cannot and why, and what to beware of; equal answers once. */
export function checkView(state: SessionState, trans: ITranslation): Blocks {
  if (state.tasks.length === 0) {
    return [lead(noTasks(trans))];
  }
  const checks = taskChecks(state.tasks, trans, state.tracking);
  const common = commonRefusals(checks);
  const isTroubled = checks.some(check => check.state === 'checked' && check.can.length === 0);
  return [
    lead(summary(checks, trans)),
    ...checks
      .filter(({ state }) => state !== 'invalid')
      .map(check => ({
        kind: 'list' as const,
        list: {
          ...checkList(withoutRefusals(check, common), trans),
          about: listing(check.tasks, trans, NAMES),
          each: check.tasks
        }
      })),
    common.length > 0 && {
      kind: 'list',
      list: {
        about: trans.__('All of them'),
        text: trans.__('refused for the same reasons.'),
        items: refusalItems(common, trans)
      }
    },
    failuresBlock(checks.flatMap(({ tasks, error }) => (error ? [{ where: tasks, error }] : []))),
    isTroubled &&
      sentence(
        trans.__('Tasks that nothing can run are left out of the plan. Change their cell and run it again.')
      )
  ];
}

/** What can train tasks, then what cannot and why, and what to beware of. */
export function checkList(check: ITaskCheck, trans: ITranslation): IList {
  const { cannot, warnings, native, fusion } = check;
  return {
    text: answer(check, trans),
    items: [
      ...(native === undefined
        ? []
        : [{ mark: '→', text: ended(trans.__('trains by its own loop: %1', native)) }]),
      ...(fusion === undefined ? [] : [{ mark: '→', text: ended(fusionWords(fusion, trans)) }]),
      ...refusalItems(cannot, trans),
      ...warnings.map(warning => ({ mark: '!', text: ended(warning), tone: 'warning' as const }))
    ]
  };
}

function refusalItems(cannot: ITaskCheck['cannot'], trans: ITranslation): IListItem[] {
  return cannot.map(({ uses, reason }) => ({
    mark: '✕',
    text: ended(trans.__('not with %1: %2', usesWords(uses, trans), reason))
  }));
}

function fusionWords(fusion: NonNullable<ITaskCheck['fusion']>, trans: ITranslation): string {
  if ('reason' in fusion) {
    return trans.__('an adapter that is trained alone: %1', fusion.reason);
  }
  return fusion.others === 0
    ? trans.__('an adapter that no other can be trained with in one run')
    : trans._n(
        'an adapter that can be trained in one run with %2 other of the same model',
        'an adapter that can be trained in one run with %2 others of the same model',
        fusion.others,
        count(fusion.others)
      );
}

function answer({ state, can }: ITaskCheck, trans: ITranslation): string {
  if (state === 'unknown') {
    return trans.__('not built yet; ask again in a moment.');
  }
  if (state === 'stopped') {
    return trans.__('stopped before it was built; `%saturn profile`, `plan` or `run` builds it.');
  }
  return can.length === 0 ? trans.__('Nothing can run it.') : ended(usesWords(can, trans));
}

function summary(checks: readonly ITaskCheck[], trans: ITranslation): string {
  const number = (wanted: (check: ITaskCheck) => boolean): number =>
    checks.filter(wanted).reduce((sum, { tasks }) => sum + tasks.length, 0);
  const all = number(() => true);
  const good = number(({ can }) => can.length > 0);
  const waiting = number(({ state }) => state === 'unknown' || state === 'stopped');
  const facts = [
    good === all
      ? trans.__('%1 can be trained', taskCount(all, trans))
      : trans.__('%1 of %2 can be trained', count(good), taskCount(all, trans)),
    ...(waiting > 0 ? [trans.__('%1 not built yet', count(waiting))] : [])
  ];
  return ended(facts.join(', '));
}

/** A sentence with its stop. */
function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
