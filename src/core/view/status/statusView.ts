import type { ITranslation } from '../../model/translation.js';
import type { Conflict, DiskUse, EarlyPrice, Goal, SessionState, TaskState } from '../../wire/messages.js';
import { type Block, type Blocks, failuresBlock, lead, sentence, tableBlock } from '../display/block.js';
import { agentNote, noTasks } from '../display/emptyStates.js';
import { failedTasks } from '../format/failures.js';
import { bytes, duration, percent } from '../format/format.js';
import { sessionWishWords } from '../format/wishText.js';
import { unmetWishes } from '../plan/planProblems.js';
import { sweepBlocks, sweepFailures } from '../results/sweepText.js';
import { outsideRun, passedOver } from '../tasks/outsideRun.js';
import { deviceNotices } from './deviceNotices.js';
import { leftOut } from './leftOut.js';
import { progressLine } from './progressLine.js';
import { outcomeBlock, replansBlock } from './replans.js';
import { nodesSentence } from './shownNodes.js';
import { progressTable } from './taskProgress.js';
import { trackedNote, trackerFailures } from './trackingView.js';

const LATEST_NOTICES = 3;

/** Where the session stands: one line, then every task. */
export function statusView(state: SessionState, now: number, trans: ITranslation): Blocks {
  const goal = goalSentence(state.goal, trans);
  const some = state.tasks.length > 0;
  const wishes = sessionWishWords(state, trans);
  const nodes = nodesSentence(state, now, trans);
  return [
    lead(progressLine(state, now, trans)),
    state.agent === 'away' && agentNote(trans),
    nodes !== undefined && sentence(trans.__('On %1.', nodes)),
    !some && sentence(noTasks(trans)),
    ...sweepBlocks(state, trans),
    some && goal !== undefined && sentence(goal),
    some && policySentence(state, trans),
    outsideRun(state, trans),
    passedOver(state, trans),
    some && state.early !== undefined && sentence(earlySentence(state.early, state.plan?.plan.early, trans)),
    some && state.goal === 'none' && nextStep(state, trans),
    some && tableBlock(progressTable(state, now, trans)),
    wishes.length > 0 && sentence(trans.__('Asked for: %1.', wishes.map(({ text }) => text).join(', '))),
    ...unmetWishes({ conflicts: openConflicts(state) }, trans),
    ...state.tasks.flatMap(task => unlikeSentence(task, trans) ?? []),
    trackedNote(state, trans),
    some && state.disk !== undefined && sentence(diskSentence(state.disk, trans)),
    outcomeBlock(state, trans),
    replansBlock(state, now, trans),
    failuresBlock([
      ...deviceNotices(state),
      ...trackerFailures(state.tracking ?? [], trans),
      ...sweepFailures(state),
      ...state.notices.slice(-LATEST_NOTICES).map(error => ({ where: [], error })),
      ...leftOut(state).map(({ task, reason }) => ({
        where: [task],
        error: {
          code: 'left-out',
          message: trans.__('Left out: %1', reason),
          hint: trans.__('Correct its cell and run it again, or choose other devices; then: %saturn plan')
        }
      })),
      ...failedTasks(state.tasks, 'elsewhere', trans)
    ])
  ];
}

/** The wishes that the plan does not meet, without those of tasks that are over. */
function openConflicts({ plan, tasks }: SessionState): Conflict[] {
  const over = new Set(tasks.filter(({ status }) => status === 'finished').map(({ spec }) => spec.name));
  const { conflicts = [] } = plan?.fresh ? plan.plan : {};
  return over.size === tasks.length
    ? []
    : conflicts.filter(({ task }) => task === undefined || !over.has(task));
}

/** That a task runs at another speed than its like; undefined for one that does not, or is over. */
function unlikeSentence({ spec, status, unlike }: TaskState, trans: ITranslation): Block | undefined {
  if (unlike === undefined || status === 'finished' || status === 'failed') {
    return undefined;
  }
  const { factor } = unlike;
  const times = Number(Math.max(factor, 1 / factor).toPrecision(2));
  return sentence(
    factor > 1
      ? trans.__('%1 runs %2x slower than its like: planned by itself now.', spec.name, times)
      : trans.__('%1 runs %2x faster than its like: planned by itself now.', spec.name, times)
  );
}

/** That all tasks reach a share of their steps before any goes on, and what it costs. */
function earlySentence(share: number, price: EarlyPrice | undefined, trans: ITranslation): string {
  const words = percent(share, trans);
  return price === undefined
    ? trans.__('All tasks reach %1 of their steps before any goes on.', words)
    : trans.__(
        'All tasks reach %1 of their steps before any goes on: %2 in all, instead of %3.',
        words,
        duration(price.makespan, trans),
        duration(price.without, trans)
      );
}

/** How far tasks that train may be moved, if that is not as usual: it was asked for in an earlier run, perhaps. */
function policySentence({ switches = 'pays' }: SessionState, trans: ITranslation): Block | false {
  const back = trans.__('`%saturn run --switch pays` moves them where news makes that pay.');
  return (
    switches !== 'pays' &&
    sentence(
      switches === 'never'
        ? trans.__('Tasks that train stay where they are (--switch never). %1', back)
        : trans.__(
            'Tasks that train also move where the plan says so beforehand (--switch planned). %1',
            back
          )
    )
  );
}

/** What the session takes on disk, and what of it may go. */
function diskSentence({ bytes: all, archivedBytes, freeBytes }: DiskUse, trans: ITranslation): string {
  return archivedBytes > 0
    ? trans.__(
        'On disk: %1, of which %2 in the folder `archive` may be deleted; %3 are free.',
        bytes(all),
        bytes(archivedBytes),
        bytes(freeBytes)
      )
    : trans.__('On disk: %1; %2 are free.', bytes(all), bytes(freeBytes));
}

function goalSentence(goal: Goal, trans: ITranslation): string | undefined {
  return {
    none: undefined,
    profile: trans.__('Under way: measuring the tasks.'),
    plan: trans.__('Under way: a plan, after what is not measured yet.'),
    run: trans.__('Under way: training. It goes on when this notebook is closed.')
  }[goal];
}

function nextStep(state: SessionState, trans: ITranslation): Block | false {
  const some = (status: TaskState['status']): boolean => state.tasks.some(task => task.status === status);
  if (state.tasks.some(({ status, givenUp }) => status === 'stopped' && !givenUp)) {
    return sentence(trans.__('Go on from the checkpoints with `%saturn run`.'));
  }
  const out = new Set(leftOut(state).map(({ task }) => task));
  if (state.tasks.some(task => task.status === 'ready' && !out.has(task.spec.name))) {
    return sentence(
      trans.__('Train them with `%saturn run`, or look first with `%saturn profile` and `%saturn plan`.')
    );
  }
  return some('finished') && sentence(trans.__('See what came out with `%saturn results`.'));
}
