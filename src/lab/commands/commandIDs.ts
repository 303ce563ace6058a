/** Ids of the commands of the extension. */
export namespace CommandIDs {
  /** Show the panel. */
  export const open = 'saturn:open';
  /** Show a session in a tab of its own. */
  export const dashboard = 'saturn:dashboard';
  /** Load the extension in the current notebook's kernel. */
  export const load = 'saturn:load';
  /** Attach the kernel to its session. */
  export const attach = 'saturn:attach';
  /** Measure the tasks. */
  export const profile = 'saturn:profile';
  /** Measure what is missing and plan. */
  export const plan = 'saturn:plan';
  /** Measure and plan what is missing, and train. */
  export const run = 'saturn:run';
  /** Stop training after a question. */
  export const stop = 'saturn:stop';
  /** Save the session as a file: `{ format }`, one of `html`, `svg`, `png`, `csv` and `json`. */
  export const exportFile = 'saturn:export';
  /** Insert a task cell below the active cell. */
  export const insertTaskCell = 'saturn:insert-task-cell';
  /** Insert a cell with code below the active cell: `{ code: text }`. */
  export const insertCode = 'saturn:insert-code';
  /** Scroll to a cell: `{ cell: id }`. */
  export const showCell = 'saturn:show-cell';
  /** Run a cell: `{ cell: id }`. */
  export const runTaskCell = 'saturn:run-task-cell';
  /** Take all tasks out of a session after a question: `{ session }`. */
  export const reset = 'saturn:reset';

  // What follows is for some tasks: `{ session, tasks }`. A session is known by its folder, it is the dashboard's in sight
  // when absent, else the current notebook's. Tasks are those selected in the dashboard when absent.
  /** Train these and no others. */
  export const runTasks = 'saturn:task-run';
  /** Save and stop them. */
  export const stopTasks = 'saturn:task-stop';
  /** Go on with those that were stopped. */
  export const resumeTasks = 'saturn:task-resume';
  /** Try those again that failed. */
  export const retryTasks = 'saturn:task-retry';
  /** Make tasks of them with other values, which are asked for; `step`: with the checkpoint saved after that. */
  export const cloneTasks = 'saturn:task-clone';
  /** Ask for a priority. */
  export const setPriority = 'saturn:task-priority';
  /** Ask for a deadline. */
  export const setDeadline = 'saturn:task-deadline';
  /** Ask where and how they must run. */
  export const pinTasks = 'saturn:task-pin';
  /** Take them out after a question. */
  export const removeTasks = 'saturn:task-remove';
  /** Select them in the dashboard, and show their curves. */
  export const compareTasks = 'saturn:task-compare';
  /** Put their names into the clipboard. */
  export const copyTaskNames = 'saturn:task-copy-name';
  /** Download them as CSV; `columns`: ids of the columns, all when absent. */
  export const exportTasks = 'saturn:task-export';
}
