import { isSameModel } from '../../model/deviceModels.js';
import { strategyKey, strategyLabel } from '../../model/strategy.js';
import { isPaused } from '../../model/sweepTasks.js';
import type { ITranslation } from '../../model/translation.js';
import type { Attempt, ProfileCell, SessionState, TaskState } from '../../wire/messages.js';
import { type Blocks, failuresBlock, lead, remarksBlock, sentence, tableBlock } from '../display/block.js';
import { nothingMeasured } from '../display/emptyStates.js';
import { percent } from '../format/format.js';
import { explanationTable, explanationTitle } from '../plan/explanationTable.js';
import { sessionExplanation } from '../plan/planView.js';
import { type IProfileMatrix, profileMatrix } from '../profile/profileMatrix.js';
import { profileFailures, profileReasons } from '../profile/profileReasons.js';
import { profileLegend, profileTable } from '../profile/profileTable.js';

/** Why a task has its strategy, why it has none of the others, and how fast it is under each. */
export function taskWhyView(task: TaskState, state: SessionState, trans: ITranslation): Blocks {
  if (task.status === 'invalid') {
    return [lead(trans.__('It cannot be built, so no strategy runs it. The error says why.'))];
  }
  if (task.inspection === undefined) {
    return [lead(trans.__('It is not built yet: nothing is known of how it can run.'))];
  }
  const matrix = matrixOf(task, state);
  return [
    ...choiceBlocks(task, state, trans),
    ...measuredBlocks(matrix, state, trans),
    remarksBlock(trans.__('Why not'), profileReasons(matrix, trans)),
    failuresBlock(profileFailures(state, matrix, trans)),
    task.unlike !== undefined &&
      sentence(
        trans.__(
          'A step takes %1 of the time that it takes tasks like it, so it is measured by itself.',
          percent(task.unlike.factor, trans)
        )
      )
  ];
}

/** What is known of how a task runs under a strategy on devices of a model; on any when that is not known. */
export function matchingCell(
  { inspection, spec }: TaskState,
  { cells }: SessionState,
  { strategy, model }: Pick<Attempt, 'strategy' | 'model'>
): ProfileCell | undefined {
  const key = strategyKey(strategy);
  const found = cells.filter(
    cell =>
      cell.signature === inspection?.signature &&
      isSameModel(cell.model, model) &&
      strategyKey(cell.strategy) === key
  );
  return found.find(({ hash }) => hash === spec.hash) ?? found[0];
}

function matrixOf({ inspection }: TaskState, state: SessionState): IProfileMatrix {
  const { classes, devices } = profileMatrix(state);
  return { devices, classes: classes.filter(({ signature }) => signature === inspection?.signature) };
}

function choiceBlocks(task: TaskState, state: SessionState, trans: ITranslation): Blocks {
  const { name } = task.spec;
  if (isPaused(task)) {
    return [lead(trans.__('It waits at a rung. A plan has it again once it is among the best there.'))];
  }
  const plan = state.plan?.plan;
  if (plan === undefined) {
    return [
      lead(trans.__('No plan has it yet, so no strategy is chosen.')),
      sentence(trans.__('Make one with `%saturn plan`; it measures first what is not measured.'))
    ];
  }
  const left = plan.unplanned.find(({ task }) => task === name);
  if (left) {
    return [lead(trans.__('The plan leaves it out: %1', left.reason))];
  }
  const mine = plan.explanation?.tasks.filter(({ task }) => task === name) ?? [];
  if (plan.explanation && mine.length > 0) {
    const table = explanationTable({ ...plan.explanation, tasks: mine }, plan, trans);
    return [lead(plan.explanation.binding), tableBlock({ caption: explanationTitle(trans), ...table })];
  }
  const strategies = new Set(
    plan.segments.filter(({ task }) => task === name).map(({ strategy }) => strategyLabel(strategy))
  );
  if (strategies.size === 0) {
    return [lead(trans.__('The plan does not have it: there is nothing left of it to train.'))];
  }
  const chosen = [...strategies].reduce((before, label) => trans.__('%1, then %2', before, label));
  const hint = plan.explanation ? false : sessionExplanation(state, trans);
  return [lead(trans.__('The plan trains it as %1.', chosen)), hint];
}

function measuredBlocks(matrix: IProfileMatrix, state: SessionState, trans: ITranslation): Blocks {
  if (matrix.devices.length === 0) {
    return nothingMeasured(trans);
  }
  const legend = profileLegend(matrix, trans);
  return [
    tableBlock(profileTable(matrix, state.profiled === true, trans)),
    legend !== '' && sentence(legend, 'muted')
  ];
}
