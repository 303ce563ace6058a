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
}
