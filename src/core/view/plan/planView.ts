import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { DeviceShare, Plan, SessionState } from '../../wire/messages.js';
import { type Block, type Blocks, lead, sentence, tableBlock } from '../display/block.js';
import { noPlan, noTasks } from '../display/emptyStates.js';
import { searchTitle } from '../display/searchSvg.js';
import { count, duration } from '../format/format.js';
import type { ITable } from '../format/table.js';
import { planGantt } from '../gantt/sessionGantt.js';
import { baselineTable } from './baselineTable.js';
import { explanationTable, explanationTitle } from './explanationTable.js';
import { leftOutTasks, unmetWishes } from './planProblems.js';
import { planAge, planSentences } from './planSentences.js';
import { metWishes } from './planWishes.js';
import { searchTable } from './searchTable.js';

/** Plans of more tasks have their explanation folded. */
const MOST_EXPLAINED = 24;

/** The plan as a chart, how good it is, and what simpler rules would need. */
export function planView(state: SessionState, trans: ITranslation): Blocks {
  if (state.tasks.length === 0) {
    return [lead(noTasks(trans))];
  }
  if (!state.plan) {
    return noPlan(state, trans);
  }
  const { plan } = state.plan;
  const some = plan.segments.length > 0;
  const invalid = state.tasks.filter(task => task.status === 'invalid').length;
  return [
    ...planSentences(plan, trans),
    planAge(state, trans),
    invalid > 0 &&
      sentence(
        trans._n(
          '%2 task cannot be built and is not in it; see why with `%saturn status`.',
          '%2 tasks cannot be built and are not in it; see why with `%saturn status`.',
          invalid,
          count(invalid)
        )
      ),
    metWishes(state, trans),
    ...unmetWishes(plan, trans),
    some && {
      kind: 'chart',
      chart: planGantt(plan, state.cluster ?? { nodes: [] }, trans, {
        title: trans.__('Plan of session %1', state.session),
        tasks: state.tasks.map(task => task.spec.name)
      }),
      sections: ['planned']
    },
    plan.baselines.length > 0 && tableBlock(baselineTable(plan, trans)),
    leftOutTasks(plan, trans),
    sessionExplanation(state, trans),
    some && {
      kind: 'fold',
      title: trans.__('Every task of the plan'),
      blocks: [tableBlock(segmentTable(plan, trans))]
    },
    searchBlock(plan, trans)
  ];
}

/**
 * Why each task has its strategy.
 *
 * @param most - of how many tasks the explanation is not folded away.
 */
export function explanationBlock(
  plan: Plan,
  trans: ITranslation,
  most: number = MOST_EXPLAINED
): Block | false {
  const { explanation } = plan;
  if (!explanation || explanation.tasks.length === 0) {
    return false;
  }
  const title = explanationTitle(trans);
  const table = explanationTable(explanation, plan, trans);
  return explanation.tasks.length > most
    ? { kind: 'fold', title, blocks: [tableBlock(table)] }
    : tableBlock({ caption: title, ...table });
}

/** The same of a session's plan; where one made while tasks train does not tell it, how to have it told. */
export function sessionExplanation(
  { goal, plan: made, planning }: SessionState,
  trans: ITranslation,
  most: number = MOST_EXPLAINED
): Block | false {
  if (made === undefined) {
    return false;
  }
  if (!made.plan.explanation && made.startedAt !== undefined && goal === 'run' && !planning) {
    return sentence(
      trans.__('While tasks train, what other choices would cost is told when asked for, by `%saturn plan`.')
    );
  }
  return explanationBlock(made.plan, trans, most);
}

/** How the search went, folded; nothing when it was over at once. */
export function searchBlock({ log = [] }: Plan, trans: ITranslation): Block | false {
  return (
    log.length > 1 && {
      kind: 'fold',
      title: searchTitle(trans),
      blocks: [{ kind: 'search', log }, tableBlock(searchTable(log, trans))]
    }
  );
}

function segmentTable(plan: Plan, trans: ITranslation): ITable {
  const places = plan.segments.flatMap(segment => [segment, ...(segment.elsewhere ?? [])]);
  const several = new Set(places.map(({ node }) => node)).size > 1;
  const place = ({ node, devices }: DeviceShare): string =>
    several ? `${node} ${devices.join(', ')}` : devices.join(', ');
  return {
    columns: [
      { label: trans.__('Task') },
      { label: trans.__('Strategy') },
      { label: trans.__('Devices') },
      { label: trans.__('Start'), align: 'right' },
      { label: trans.__('End'), align: 'right' },
      { label: trans.__('Steps'), align: 'right' }
    ],
    rows: [...plan.segments]
      .sort((a, b) => a.start - b.start)
      .map(segment => [
        segment.task,
        strategyLabel(segment.strategy),
        [segment, ...(segment.elsewhere ?? [])].map(place).join('; '),
        duration(segment.start, trans),
        duration(segment.end, trans),
        count(segment.steps)
      ])
  };
}
