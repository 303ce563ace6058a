import type { Rendered, SessionState, TaskState } from '../../wire/messages.js';
import { display, lead, sentence, tablePart } from '../format/display.js';
import { failuresPart } from '../format/failures.js';
import { compactCount, count, NOTHING, plural } from '../format/format.js';
import { type Remarks, remarksOf, remarksPart } from '../format/remarks.js';
import type { ITable } from '../format/table.js';
import { usableTechniques } from './taskChecks.js';
import { NO_TASKS, statusCell } from './taskStatusText.js';

/** The tasks of the session, a table per sweep, and what is wrong with any of them. */
export function tasksView(state: SessionState): Rendered {
  if (state.tasks.length === 0) {
    return display('tasks', [lead(NO_TASKS)]);
  }
  const sweeps = [...new Set(state.tasks.map(task => task.spec.sweep))];
  const failed = state.tasks.filter(task => task.error !== undefined);
  const looking = state.tasks.filter(task => task.status === 'inspecting').length;
  return display('tasks', [
    lead(`${plural(state.tasks.length, 'task')} in ${plural(sweeps.length, 'sweep')}.`),
    looking > 0 &&
      sentence(`${plural(looking, 'task is', 'tasks are')} being looked at; ask again in a moment.`),
    ...sweeps.map(sweep =>
      tablePart(
        sweepTable(
          sweep,
          state.tasks.filter(task => task.spec.sweep === sweep)
        )
      )
    ),
    failed.length > 0 &&
      failuresPart(
        failed.map(task => ({
          where: [task.spec.name],
          error: task.error as NonNullable<TaskState['error']>
        }))
      ),
    remarksPart('Warnings', warnings(state.tasks)),
    looking === 0 && sentence('What can run them on how many devices, and what not and why: `%saturn check`.')
  ]);
}

function sweepTable(sweep: string, tasks: readonly TaskState[]): ITable {
  const params = [...new Set(tasks.flatMap(task => Object.keys(task.spec.params)))];
  return {
    caption: sweep,
    columns: [
      { label: 'Task' },
      ...params.map(label => ({ label })),
      { label: 'Batch', align: 'right' },
      { label: 'Steps', align: 'right' },
      { label: 'Parameters', align: 'right' },
      { label: 'Techniques' },
      { label: 'State' }
    ],
    rows: tasks.map(task => [
      task.spec.name,
      ...params.map(param => {
        const value = task.spec.params[param];
        return value === undefined ? NOTHING : String(value);
      }),
      count(task.inspection?.batchSize),
      count(task.inspection?.steps),
      compactCount(task.inspection?.parameters),
      techniques(task),
      statusCell(task)
    ])
  };
}

/** Names of the techniques that can run a task; {@link checkView} says more. */
function techniques(task: TaskState): string {
  const names = usableTechniques(task);
  return task.inspection === undefined ? NOTHING : names.join(', ') || 'none';
}

function warnings(tasks: readonly TaskState[]): Remarks {
  return remarksOf(
    tasks.flatMap(task => (task.inspection?.warnings ?? []).map(warning => [warning, task.spec.name]))
  );
}
