import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';
import { type Block, lead, sentence } from '../display/block.js';
import { listing, metric } from '../format/format.js';
import { criterionOf, type IRule, metricNames, rankedValue, ranking, ruleOf } from './criterion.js';

/** Names told of tasks that say the same; the rest is counted. */
const NAMES = 3;

/** The best of ranked tasks, and by whose word it is the best. */
export function bestSentences(ranked: readonly TaskState[], trans: ITranslation): Block[] {
  const [first] = ranked;
  const rule = ruleOf(ranked);
  const what = rule.metric ?? trans.__('training loss');
  const value = first && rankedValue(first, rule);
  return [
    lead(
      value === undefined || value === null
        ? trans.__('Best: not known.')
        : trans.__('Best: %1, %2 %3.', first?.spec.name ?? '', what, metric(value, trans))
    ),
    ...ruleWords(rule, what, ranked, trans).map(text => sentence(text))
  ];
}

/** By what trained tasks are compared, where that is not plain. */
export function ruleSentences(tasks: readonly TaskState[], trans: ITranslation): Block[] {
  const ranked = ranking(tasks);
  const rule = ruleOf(ranked);
  const what = rule.metric ?? trans.__('training loss');
  return ruleWords(rule, what, ranked, trans).map(text => sentence(text, 'muted'));
}

function ruleWords(rule: IRule, what: string, ranked: readonly TaskState[], trans: ITranslation): string[] {
  const names = metricNames(ranked);
  switch (rule.source) {
    case 'said':
      return [
        ...(ranked.every(task => rankedValue(task, rule) === undefined)
          ? [
              names.length === 0
                ? trans.__('No task reports `%1`, by which they are to be compared.', what)
                : trans.__(
                    'No task reports `%1`, by which they are to be compared; there are: %2.',
                    what,
                    listing(names, trans)
                  )
            ]
          : []),
        ...(rule.others.length > 0 ? [disagreement(rule, ranked, trans)] : [])
      ];
    case 'unknown':
      return [
        trans.__(
          'Best by %1: whether more or less is better of %2 is not known; say it with `--by max:%3` or `min`.',
          what,
          listing(
            names.filter(name => name !== rule.metric),
            trans,
            NAMES
          ),
          names.find(name => name !== rule.metric) ?? what
        )
      ];
    case 'guess':
      return rule.metric === null || (names.length === 1 && names[0] === 'loss')
        ? []
        : [
            rule.goal === 'max'
              ? trans.__('Best by %1 (a guess: more is better; say it with `--by max:%1`).', rule.metric)
              : trans.__('Best by %1 (a guess: less is better; say it with `--by min:%1`).', rule.metric)
          ];
  }
}

/** Tasks that are compared, and are not to be compared by the same. */
function disagreement(rule: IRule, ranked: readonly TaskState[], trans: ITranslation): string {
  const others = rule.others.map(({ metric: name, goal }) => {
    const tasks = ranked.filter(task => {
      const said = criterionOf(task);
      return said?.metric === name && said.goal === goal;
    });
    return trans.__(
      '%1 by %2',
      listing(
        tasks.map(({ spec }) => spec.name),
        trans,
        NAMES
      ),
      `\`${name}:${goal}\``
    );
  });
  return trans.__(
    'Not all are to be compared by the same: %1. All are ranked by `%2:%3`, as most of them say.',
    listing(others, trans),
    rule.metric ?? 'loss',
    rule.goal
  );
}
