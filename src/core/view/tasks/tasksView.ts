import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { type Blocks, failuresBlock, lead, remarksBlock, sentence, tableBlock } from '../display/block.js';
import { noTasks } from '../display/emptyStates.js';
import { failedTasks } from '../format/failures.js';
import { argument, compactCount, count, NOTHING, taskCount } from '../format/format.js';
import { type Remarks, remarksOf } from '../format/remarks.js';
import type { ITable } from '../format/table.js';
import { lineage, statusCell } from '../format/taskText.js';
import { taskWishWords } from '../format/wishText.js';
import { sweepBlocks, sweepFailures } from '../results/sweepText.js';
import { outsideRun } from './outsideRun.js';
import { usableTechniques } from './taskChecks.js';
import { taskWarnings } from './taskWarnings.js';

/**
 * The tasks of the session, a table per sweep, and what is wrong with any of them.
 *
 * @param now - seconds since the epoch.
 */
export function tasksView(state: SessionState, now: number, trans: ITranslation): Blocks {
  const { tasks } = state;
  if (tasks.length === 0) {
    return [lead(noTasks(trans))];
  }
  const sweeps = [...new Set(tasks.map(task => task.spec.sweep))];
  const looking = tasks.filter(task => task.status === 'inspecting').length;
  return [
    lead(
      trans._n(
        '%3 in %2 sweep.',
        '%3 in %2 sweeps.',
        sweeps.length,
        count(sweeps.length),
        taskCount(tasks.length, trans)
      )
    ),
    looking > 0 &&
      sentence(
        trans._n(
          '%2 task is being built as this is written; `%saturn status` tells what became of it.',
          '%2 tasks are being built as this is written; `%saturn status` tells what became of them.',
          looking,
          count(looking)
        )
      ),
    ...sweepBlocks(state, trans),
    ...sweeps.map(sweep =>
      tableBlock(
        sweepTable(
          sweep,
          tasks.filter(task => task.spec.sweep === sweep),
          task => wishesOf(task, state, now, trans),
          trans
        )
      )
    ),
    outsideRun(state, trans),
    failuresBlock([...sweepFailures(state), ...failedTasks(tasks, 'check', trans)]),
    remarksBlock(trans.__('Warnings'), warnings(state, trans)),
    looking === 0 &&
      sentence(trans.__('What can run them on how many devices, and what not and why: `%saturn check`.'))
  ];
}

function wishesOf(task: TaskState, { cluster }: SessionState, now: number, trans: ITranslation): string {
  return taskWishWords(task, cluster, now, trans)
    .map(({ text }) => text)
    .join(', ');
}

/** @param wishesOf - what is asked of the plan for a task, in words. */
function sweepTable(
  sweep: string,
  tasks: readonly TaskState[],
  wishesOf: (task: TaskState) => string,
  trans: ITranslation
): ITable {
  const wished = tasks.some(task => task.wishes !== undefined);
  const params = [...new Set(tasks.flatMap(task => Object.keys(task.spec.params)))];
  const clones = tasks.some(task => task.spec.cloneOf !== undefined);
  return {
    caption: sweep,
    columns: [
      { label: trans.__('Task') },
      ...params.map(label => ({ label })),
      ...(clones ? [{ label: trans.__('Origin') }] : []),
      { label: trans.__('Batch'), align: 'right' },
      { label: trans.__('Steps'), align: 'right' },
      { label: trans.__('Parameters'), align: 'right' },
      { label: trans.__('Techniques') },
      ...(wished ? [{ label: trans.__('Asked for') }] : []),
      { label: trans.__('State') }
    ],
    rows: tasks.map(task => [
      task.spec.name,
      ...params.map(param => {
        const value = task.spec.params[param];
        return value === undefined ? NOTHING : argument(value);
      }),
      ...(clones ? [lineage(task.spec, trans) ?? NOTHING] : []),
      count(task.inspection?.batchSize),
      count(task.inspection?.steps),
      compactCount(task.inspection?.parameters),
      techniques(task, trans),
      ...(wished ? [wishesOf(task) || NOTHING] : []),
      statusCell(task, trans)
    ])
  };
}

/** Names of the techniques that can run a task; {@link checkView} says more. */
function techniques(task: TaskState, trans: ITranslation): string {
  const names = usableTechniques(task);
  return task.inspection === undefined ? NOTHING : names.join(', ') || trans.__('none');
}

function warnings({ tasks, tracking = [] }: SessionState, trans: ITranslation): Remarks {
  return remarksOf(
    tasks.flatMap(({ inspection, spec }) =>
      inspection ? taskWarnings(inspection, tracking, trans).map(warning => [warning, spec.name]) : []
    )
  );
}
