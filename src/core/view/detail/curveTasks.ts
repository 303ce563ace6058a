import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { count } from '../format/format.js';
import { ranking, ruleOf } from '../results/criterion.js';
import { sweepStandings } from '../results/sweepStanding.js';

/** How many curves are drawn while no task is selected. */
const MOST = 10;

/** As many are of a sweep that gives up some: where they end is what there is to see. */
const MOST_RULED = 100;

/** Whose curves are drawn. */
export interface ICurveTasks {
  readonly tasks: readonly TaskState[];
  /** Why these; undefined when the reader has selected them. */
  readonly note?: string;
}

/** The selected tasks, in the order of their selection; while none is, those of sweeps with a rule, or the best ones. */
export function curveTasks(
  state: SessionState,
  selected: readonly string[],
  trans: ITranslation
): ICurveTasks {
  const byName = new Map(state.tasks.map(task => [task.spec.name, task]));
  const chosen = selected.flatMap(name => byName.get(name) ?? []);
  if (chosen.length > 0) {
    return { tasks: chosen };
  }
  const ruled = ruledTasks(state);
  if (ruled.length > 0) {
    return {
      tasks: ruled,
      note: trans.__(
        'No task is selected: these are those of a sweep, best first; where one was given up is a cross.'
      )
    };
  }
  const begun = state.tasks.filter(({ attempts }) => attempts.length > 0);
  if (begun.length <= MOST) {
    return { tasks: begun, note: trans.__('No task is selected: these are all that have begun to train.') };
  }
  const trained = ranking(state.tasks);
  const rest = begun.filter(task => task.result === undefined).sort((a, b) => lossOf(a) - lossOf(b));
  const tasks = [...trained, ...rest].slice(0, MOST);
  const { metric } = ruleOf(trained);
  const number = count(MOST);
  return {
    tasks,
    note:
      trained.length === 0 || metric === null
        ? trans.__('No task is selected: these are the %1 with the least training loss.', number)
        : trans.__('No task is selected: these are the %1 best by %2.', number, metric)
  };
}

/** The tasks of sweeps with a rule that have begun, best first. */
function ruledTasks(state: SessionState): TaskState[] {
  return sweepStandings(state)
    .filter(({ sweep }) => sweep.spec.stop !== undefined)
    .flatMap(({ standings }) => standings.map(({ task }) => task))
    .filter(({ attempts }) => attempts.length > 0)
    .slice(0, MOST_RULED);
}

const lossOf = ({ progress }: TaskState): number => progress.loss ?? Infinity;
