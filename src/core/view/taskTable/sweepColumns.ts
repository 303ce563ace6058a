import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { printable } from '../format/escape.js';
import { count, metric, NOTHING } from '../format/format.js';
import { judgedWords } from '../results/givenUpText.js';
import { sweepStandings } from '../results/sweepStanding.js';
import type { ITaskColumn } from './taskColumn.js';

/** Id of the column by which tasks are sorted unless somebody sorts them otherwise: it makes a leaderboard of them. */
export const PLACE = 'place';

/** What of sweeps is told that are searched, or have a rule. */
interface ISweepColumns {
  /** The place, and what it is by: a value that is not of a task's end is muted, and says its step. */
  readonly foremost: readonly ITaskColumn[];
  readonly others: readonly ITaskColumn[];
}

/** How tasks stand in such sweeps; nothing where there is none. */
export function sweepColumns(state: SessionState, trans: ITranslation): ISweepColumns {
  const sweeps = sweepStandings(state);
  const [first] = sweeps;
  if (!first) {
    return { foremost: [], others: [] };
  }
  const isSame = sweeps.every(({ criterion }) => criterion.metric === first.criterion.metric);
  const label = isSame ? printable(first.criterion.metric) : trans.__('Compared');
  const { goal } = first.criterion;
  const rungs = [...new Set(sweeps.flatMap(sweep => sweep.rungs))].sort((a, b) => a - b);
  return {
    foremost: [
      {
        id: PLACE,
        label: trans.__('Place'),
        about: trans.__('In its sweep; two tasks are compared after as many steps as both have made'),
        align: 'right',
        isUsual: true,
        width: 7,
        value: ({ standing }) => standing?.place,
        cell: ({ standing }) => ({ text: count(standing?.place) })
      },
      {
        id: 'compared',
        label,
        about: trans.__('What the sweep compares by: at the end of a task, or after so many steps'),
        align: 'right',
        isUsual: true,
        width: Math.max(label.length + 2, 9),
        ...(isSame && { goal }),
        value: ({ standing }) => standing?.value ?? undefined,
        cell: ({ standing }) => {
          const text = metric(standing?.value, trans);
          return standing?.step === undefined
            ? { text, ...(standing?.place !== undefined && { tone: 'good' as const }) }
            : {
                ...{ text, title: trans.__('at step %1', count(standing.step)) },
                tone: 'muted' as const
              };
        }
      }
    ],
    others: [
      {
        id: 'given-up',
        label: trans.__('Given up'),
        about: trans.__(
          'Why the rule of its sweep trains it no further, or has it wait; `%saturn run` and its name train it'
        ),
        isUsual: sweeps.some(({ sweep }) => sweep.spec.stop !== undefined),
        width: 26,
        value: ({ task }) => task.givenUp?.step,
        raw: row => judgedWords(row, trans),
        cell: row => ({ text: judgedWords(row, trans) ?? NOTHING })
      },
      ...rungs.map(
        (step): ITaskColumn => ({
          id: `rung:${step}`,
          label: trans.__('step %1', count(step)),
          about: trans.__('What the sweep compares by, after %1 steps', count(step)),
          align: 'right',
          isUsual: false,
          width: 12,
          ...(isSame && { goal }),
          mean: value => metric(value, trans),
          value: ({ task }) => task.rungs?.find(rung => rung.step === step)?.value ?? undefined,
          cell: ({ task }) => ({
            text: metric(task.rungs?.find(rung => rung.step === step)?.value, trans)
          })
        })
      )
    ]
  };
}
