import { strategyLabel } from '../model/strategy.js';
import type { Rendered, SessionState, TaskState } from '../wire/generated/types.js';
import { display, type IPart, lead, sentence, tablePart } from './display.js';
import { markup, printable } from './escape.js';
import { compactCount, count, listing, NOTHING, plural } from './format.js';
import type { ITable } from './table.js';
import { NO_TASKS, statusCell } from './taskWords.js';
import { troublesPart } from './troubles.js';

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
      troublesPart(
        failed.map(task => ({
          where: [task.spec.name],
          error: task.error as NonNullable<TaskState['error']>
        }))
      ),
    remarks('Cannot be used', infeasible(state.tasks)),
    remarks('Warnings', warnings(state.tasks))
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
      { label: 'Strategies' },
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
      strategies(task),
      statusCell(task)
    ])
  };
}

function strategies(task: TaskState): string {
  if (!task.inspection) {
    return NOTHING;
  }
  const feasible = task.inspection.feasibility.filter(entry => entry.feasible);
  return feasible.length === 0 ? 'none' : feasible.map(entry => strategyLabel(entry.strategy)).join(', ');
}

/** Sentences, each with the tasks it is about. */
type Remarks = Map<string, string[]>;

function note(remarks: Remarks, remark: string, task: string): void {
  const tasks = remarks.get(remark);
  if (tasks) {
    tasks.push(task);
  } else {
    remarks.set(remark, [task]);
  }
}

function infeasible(tasks: readonly TaskState[]): Remarks {
  const found: Remarks = new Map();
  for (const task of tasks) {
    for (const { strategy, feasible, reason } of task.inspection?.feasibility ?? []) {
      if (!feasible) {
        note(found, `${strategyLabel(strategy)}: ${reason ?? 'no reason given'}`, task.spec.name);
      }
    }
  }
  return found;
}

function warnings(tasks: readonly TaskState[]): Remarks {
  const found: Remarks = new Map();
  for (const task of tasks) {
    for (const warning of task.inspection?.warnings ?? []) {
      note(found, warning, task.spec.name);
    }
  }
  return found;
}

function remarks(title: string, found: Remarks): IPart | false {
  if (found.size === 0) {
    return false;
  }
  const entries = [...found];
  return {
    text: [
      `\n${title}:`,
      ...entries.map(([remark, tasks]) => printable(`  ${remark} (${listing(tasks, 3)})`))
    ].join('\n'),
    html: markup`<details><summary>${title} (${entries.length})</summary>
<ul>${entries.map(
      ([remark, tasks]) =>
        markup`<li>${remark} <span class="jp-saturn-muted">(${listing(tasks, 3)})</span></li>`
    )}</ul></details>\n`
  };
}
